import { createHash } from 'node:crypto';
import type { InboundEvent } from '../bitrix24/inbound-event.ts';
import { tokenUrlOf } from '../bitrix24/oauth.ts';
import { sameDigest, tokenDigest } from '../bitrix24/token-digest.ts';
import { type Installation, installationLifetime, type Pending } from './credentials.ts';
import { lacksCredentials } from './pause-codes.ts';
import type { Portal } from './portal.ts';
import { isApplicationTokenOf } from './verify-sender.ts';

/** What is used of an event that brings a refresh token. */
export type Arrival = Pick<
  Extract<InboundEvent, { type: 'install' }>,
  'domain' | 'applicationToken' | 'refreshToken' | 'serverEndpoint'
>;

/**
 * What is kept of an installation until it is proved: the refresh token, which the proof needs, and nothing that would
 * have to be believed. The portal's address is taken from the authorization server's answer later.
 *
 * @throws UnknownAuthorizationServer when the event names another authorization server than Bitrix24's
 */
export function installationOf(
  event: Arrival,
  { now, publicUrl, allowLoopback }: { now: number; publicUrl: string; allowLoopback: boolean },
): Installation {
  return {
    id: createHash('sha256').update(event.refreshToken).digest('hex'),
    refreshToken: event.refreshToken,
    tokenUrl: tokenUrlOf(event.serverEndpoint, { allowLoopback }),
    tokenDigest: tokenDigest(event.applicationToken),
    domain: event.domain,
    eventsUrl: new URL('/bitrix24/events', publicUrl).href,
    receivedAt: now,
  };
}

/**
 * Whether an app was merely opened: the installation that its application token belongs to is proved or waits for its
 * proof. An opening brings tokens of whoever opens it; they must not take the place of the installing administrator's.
 * A portal that lacks credentials has use for them.
 */
export function bringsNothingNew(
  { applicationToken }: Pick<Arrival, 'applicationToken'>,
  portal: Portal | undefined,
  pending: Pending | undefined,
  now: number,
): boolean {
  const digest = tokenDigest(applicationToken);
  const waiting = pending?.installations.filter(({ receivedAt }) => receivedAt + installationLifetime > now) ?? [];
  if (waiting.some((installation) => sameDigest(installation.tokenDigest, digest))) return true;
  return portal?.state === 'active' && !lacksCredentials(portal) && isApplicationTokenOf(portal, digest);
}
