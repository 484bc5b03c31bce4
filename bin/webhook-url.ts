import { isAcceptableEndpoint } from '../lib/bitrix24/oauth.ts';
import { UsageError } from './command-error.ts';

/** An incoming webhook's address. All of it but the domain is secret. */
export interface WebhookUrl {
  /** `https://demo.bitrix24.com/rest/1/code/` */
  readonly endpoint: string;
  /** Host, and port if there is one. */
  readonly domain: string;
  /** The secret part of the path. */
  readonly code: string;
}

/** The form shows the address with the name of a method after it, which people copy as well. */
const path = /^\/rest\/(\d+)\/([^/]+)(?:\/[\w.]*)?$/;

/** @throws UsageError that says what is wrong and repeats nothing of it */
export function parseWebhookUrl(text: string, { allowLoopback }: { allowLoopback: boolean }): WebhookUrl {
  const url = URL.parse(text);
  const [, user, code] = path.exec(url?.pathname ?? '') ?? [];
  if (!url || user === undefined || code === undefined || url.username !== '' || url.search !== '' || url.hash !== '') {
    throw new UsageError(
      'That is no URL of an incoming webhook. It looks like https://demo.bitrix24.com/rest/USER/CODE/ and stands in the ' +
        "webhook's form on the portal.",
    );
  }
  if (!isAcceptableEndpoint(url.href, { allowLoopback })) {
    throw new UsageError(
      'The URL of the incoming webhook must begin with https. Plain http is for a portal on this machine, with --local.',
    );
  }
  return { endpoint: `${url.origin}/rest/${user}/${code}/`, domain: url.host, code };
}
