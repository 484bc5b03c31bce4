import * as z from 'zod/mini';

/**
 * The zones in which Bitrix24 gives portals their addresses. Not those in which it publishes sites (bitrix24.site,
 * bitrix24.shop): anybody can have a name there that is no portal. A zone that is missing here costs a question to the
 * operator, and no more.
 */
export const bitrix24Zones = [
  'bitrix24.com',
  'bitrix24.net',
  'bitrix24.eu',
  'bitrix24.de',
  'bitrix24.es',
  'bitrix24.fr',
  'bitrix24.it',
  'bitrix24.pl',
  'bitrix24.uk',
  'bitrix24.ru',
  'bitrix24.by',
  'bitrix24.kz',
  'bitrix24.ua',
  'bitrix24.in',
  'bitrix24.cn',
  'bitrix24.jp',
  'bitrix24.id',
  'bitrix24.vn',
  'bitrix24.co',
  'bitrix24.mx',
  'bitrix24.com.br',
  'bitrix24.com.tr',
] as const;

/** Where a portal may move to without a person's word. */
export interface AddressRules {
  /** Domains of the operator's own, as in TIDY24_PORTAL_DOMAINS: each stands for itself and what is below it. */
  readonly ownDomains?: readonly string[] | undefined;
  /** Plain http on a loopback address is accepted as a portal: for local runs only. */
  readonly allowLoopback?: boolean | undefined;
}

const loopbackHosts: readonly string[] = ['127.0.0.1', 'localhost', '[::1]'];

/** A host as a person types it: a name with at least one dot, and a port if there is one. */
export const domainSchema = z.pipe(
  z
    .string()
    .check(z.trim(), z.toLowerCase(), z.maxLength(255), z.regex(/^[\p{L}\p{N}-]+(\.[\p{L}\p{N}-]+)+(:\d{1,5})?$/u)),
  // As it stands in a URL: other letters than ASCII's are written in it.
  z.transform((domain: string) => URL.parse(`https://${domain}`)?.host ?? domain),
);

/**
 * Whether a portal that was somewhere else may be called at this endpoint from now on: by https in a zone of Bitrix24
 * or in the operator's own domain.
 */
export function mayMoveTo(endpoint: string, { ownDomains = [], allowLoopback = false }: AddressRules): boolean {
  const url = URL.parse(endpoint);
  if (!url || url.username !== '' || url.password !== '') return false;
  if (allowLoopback && /^https?:$/.test(url.protocol) && loopbackHosts.includes(url.hostname)) return true;
  if (url.protocol !== 'https:') return false;
  // A portal is never the zone itself, and Bitrix24's are on the port of https.
  if (bitrix24Zones.some((zone) => url.port === '' && url.hostname.endsWith(`.${zone}`))) return true;
  return ownDomains.some((domain) =>
    [url.host, url.hostname].some((name) => name === domain || name.endsWith(`.${domain}`)),
  );
}

/** The endpoint at another host, as it would be called: by https, on a loopback address as it is. */
export function atHost(endpoint: string, host: string): string {
  const url = new URL(endpoint);
  const isLoopback = loopbackHosts.includes(URL.parse(`http://${host}`)?.hostname ?? '');
  const target = new URL(`${isLoopback ? 'http' : 'https'}://${host}`);
  return `${target.origin}${url.pathname}`;
}

/**
 * The endpoint to go on with when the authorization server names one: the new one on the same host, or where a portal
 * may move to; else the one of before, where the portal itself will say that it has moved.
 */
export function endpointAfter(present: string, named: string | undefined, rules: AddressRules): string {
  if (named === undefined || named === present) return present;
  const sameOrigin = URL.parse(named)?.origin === new URL(present).origin;
  return sameOrigin || mayMoveTo(named, rules) ? named : present;
}
