import { day } from '../bitrix24/reactions.ts';
import { isAboutTheAddress, lacksCredentials } from './pause-codes.ts';
import type { Portal } from './portal.ts';
import { refreshCredentials, type RefreshOptions } from './refresh.ts';

/** A refresh token that is not used for 180 days is worth nothing any more (settings/oauth); long before that it is used. */
export const refreshTokenLifetimeMs = 180 * day;
const unusedMs = 60 * day;

/**
 * Exchanges a refresh token that has not been used for 60 days, so that a portal nobody works for (it is paused) keeps
 * its credentials. More often would be a refresh by the clock, for which Bitrix24 may block an app.
 *
 * @returns whether it was exchanged
 * @throws as refreshCredentials does
 */
export async function keepAlive(
  options: RefreshOptions,
  portal: Pick<Portal, 'memberId' | 'pause'>,
  deadline: number,
): Promise<boolean> {
  const { memberId, pause } = portal;
  if (lacksCredentials(portal) || (pause && isAboutTheAddress(pause))) return false;
  const held = await options.credentials.get(memberId);
  if (held?.kind !== 'oauth' || options.clock() - (held.refreshedAt ?? 0) < unusedMs) return false;
  await refreshCredentials(options, { memberId, stale: held.generation, deadline });
  return true;
}
