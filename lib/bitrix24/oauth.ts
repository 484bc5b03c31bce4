import * as z from 'zod';
import { errorEnvelopeSchema } from './answers.ts';
import type { Clock } from './clock.ts';
import { PortalError, UnusableAnswer } from './failures.ts';
import { postForJson } from './http.ts';
import { classifyOAuth } from './oauth-errors.ts';

/** Bitrix24's authorization servers (settings/oauth). Secrets go to no other host, whatever an event names. */
const authorizationHosts: readonly string[] = ['oauth.bitrix.info', 'oauth.bitrix24.tech', 'oauth.bitrix24.info'];

const loopbackHosts: readonly string[] = ['127.0.0.1', 'localhost', '[::1]'];

/** Thrown when an installation names an authorization server that is not Bitrix24's. */
export class UnknownAuthorizationServer extends Error {
  override readonly name = 'UnknownAuthorizationServer';
  readonly code = 'UNKNOWN_AUTHORIZATION_SERVER';
}

/**
 * The token endpoint that belongs to a `server_endpoint` (`https://oauth.bitrix.info/rest/`).
 *
 * @param allowLoopback also accepts plain http on a loopback address: for local runs only
 * @throws UnknownAuthorizationServer
 */
export function tokenUrlOf(serverEndpoint: string, { allowLoopback }: { allowLoopback: boolean }): string {
  const url = URL.parse(serverEndpoint);
  const known = url?.protocol === 'https:' && url.port === '' && authorizationHosts.includes(url.hostname);
  const local = allowLoopback && url !== null && isHttp(url) && loopbackHosts.includes(url.hostname);
  if (!url || !(known || local)) {
    throw new UnknownAuthorizationServer(
      `The server_endpoint is not one of Bitrix24's authorization servers (${authorizationHosts.join(', ')})`,
    );
  }
  return `${url.origin}/oauth/token/`;
}

/**
 * Whether a portal may be called at this endpoint: https, or plain http on a loopback address when `allowLoopback`.
 */
export function isAcceptableEndpoint(endpoint: string, { allowLoopback }: { allowLoopback: boolean }): boolean {
  const url = URL.parse(endpoint);
  if (!url) return false;
  return url.protocol === 'https:' || (allowLoopback && isHttp(url) && loopbackHosts.includes(url.hostname));
}

function isHttp({ protocol }: URL): boolean {
  return protocol === 'https:' || protocol === 'http:';
}

const tokenAnswerSchema = z.object({
  access_token: z.string().min(1),
  refresh_token: z.string().min(1),
  // Anything odd beside the tokens must not lose them: they are the only copy.
  expires_in: z.coerce.number().positive().catch(3600),
  member_id: z.string().min(1),
  client_endpoint: z.url().optional().catch(undefined),
});

/** A pair of tokens as the authorization server gave it. */
export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** ms since the epoch. */
  readonly accessExpiresAt: number;
  /** Which portal the tokens are for. */
  readonly memberId: string;
  /** The portal's REST endpoint, ending in a slash, if the answer names it. */
  readonly clientEndpoint: string | undefined;
}

export interface RefreshRequest {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly refreshToken: string;
}

/** ms that a refresh may take. */
export const refreshTimeoutMs = 30_000;

/**
 * Exchanges a refresh token for a new pair (settings/oauth/auto-renewal.md). The old refresh token is worth nothing
 * afterwards: the answer must be stored before it is used. Takes no signal on purpose: an aborted refresh may have
 * been carried out and would lose the chain of tokens.
 *
 * @throws PortalError with a row of the authorization server's table
 * @throws PortalUnreachable, OutcomeUnknown, PortalMoved, UnusableAnswer
 */
export async function refreshTokens(
  { fetch, clock }: { fetch: typeof globalThis.fetch; clock: Clock },
  request: RefreshRequest,
): Promise<Tokens> {
  const call = { host: new URL(request.tokenUrl).host, method: 'oauth.token' };
  const { status, json } = await postForJson(fetch, request.tokenUrl, {
    call,
    contentType: 'application/x-www-form-urlencoded',
    body: new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: request.clientId,
      client_secret: request.clientSecret,
      refresh_token: request.refreshToken,
    }).toString(),
    timeoutMs: refreshTimeoutMs,
  });

  const error = errorEnvelopeSchema.safeParse(json);
  if (error.success) {
    const answer = { status, ...error.data };
    throw new PortalError(call, answer, classifyOAuth(answer), [request.clientSecret, request.refreshToken]);
  }
  const tokens = tokenAnswerSchema.safeParse(json);
  if (!tokens.success) throw new UnusableAnswer(call, { kind: 'unusable', status, body: 'other' });
  const { access_token, refresh_token, expires_in, member_id, client_endpoint } = tokens.data;
  return {
    accessToken: access_token,
    refreshToken: refresh_token,
    accessExpiresAt: Math.floor(clock() + expires_in * 1000),
    memberId: member_id,
    clientEndpoint: client_endpoint?.replace(/\/?$/, '/'),
  };
}
