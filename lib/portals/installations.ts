import { createHash } from 'node:crypto';
import type { InboundEvent } from '../bitrix24/inbound-event.ts';
import { tokenUrlOf } from '../bitrix24/oauth.ts';
import { tokenDigest } from '../bitrix24/token-digest.ts';
import type { Installation } from './credentials.ts';

/**
 * What is kept of an ONAPPINSTALL until it is proved: the refresh token, which the proof needs, and nothing that would
 * have to be believed. The portal's address is taken from the authorization server's answer later.
 *
 * @throws UnknownAuthorizationServer when the event names another authorization server than Bitrix24's
 */
export function installationOf(
  event: Extract<InboundEvent, { type: 'install' }>,
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
