import type { Count, Log } from '../aws/telemetry.ts';
import type { Clock } from '../bitrix24/clock.ts';
import type { InboundEvent } from '../bitrix24/inbound-event.ts';
import { tokenDigest } from '../bitrix24/token-digest.ts';
import type { Portal } from '../portals/portal.ts';
import type { PortalStore } from '../portals/store.ts';
import { isApplicationTokenOf } from '../portals/verify-sender.ts';
import type { AppHints } from './app-hints.ts';

export type LifecycleEvent = Extract<InboundEvent, { type: 'lifecycle' }>;

export interface LifecycleOptions {
  readonly portals: Pick<PortalStore, 'get'>;
  readonly appChores: Pick<AppHints, 'wantCheck' | 'wantUninstall'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly count: Count;
}

/** `unknown-sender`: nothing that is known of the portal proves who sent it, and so nothing was kept. */
export type LifecycleVerdict = 'kept' | 'not-needed' | 'unknown-sender';

/**
 * Keeps what an event says of the app, with one write, for a chore to act on. Only an application token that is stored
 * proves a removal. A payment comes without a token: it is a hint to ask the portal itself. The chores check again what
 * was checked here.
 *
 * @throws TableUnavailable: the event is not kept
 */
export async function acceptLifecycle(options: LifecycleOptions, event: LifecycleEvent): Promise<LifecycleVerdict> {
  const { appChores, clock, log, count } = options;
  const { memberId, applicationToken } = event;
  if (event.event === 'ONAPPTEST' || event.event === 'ONOFFLINEEVENT') return 'not-needed';

  const digest = applicationToken === undefined ? undefined : tokenDigest(applicationToken);
  const portal = await readPortal(options, memberId);
  const proof = proofOf(portal, digest);
  switch (event.event) {
    case 'ONAPPUNINSTALL':
      if (digest === undefined || proof === 'wrong') return 'unknown-sender';
      await appChores.wantUninstall(
        memberId,
        { tokenDigest: digest, receivedAt: clock() },
        { proved: proof === 'proved' },
      );
      break;
    case 'ONAPPUPDATE':
      if (proof !== 'proved') return 'unknown-sender';
      await appChores.wantCheck(memberId);
      break;
    case 'ONAPPPAYMENT':
      if (proof === 'wrong' || portal === 'unreadable') return 'unknown-sender';
      await appChores.wantCheck(memberId);
      break;
  }
  count('EventsAccepted');
  log.info('lifecycle event kept', { memberId, event: event.event });
  return 'kept';
}

/** A removal comes once and never again: that the table does not answer must not lose it. */
async function readPortal({ portals }: LifecycleOptions, memberId: string): Promise<Portal | 'unreadable' | undefined> {
  try {
    return await portals.get(memberId);
  } catch {
    return 'unreadable';
  }
}

/** What the token says of the sender; `none`: a portal that is connected, and no token to compare. */
function proofOf(
  portal: Portal | 'unreadable' | undefined,
  digest: string | undefined,
): 'proved' | 'wrong' | 'none' | 'unknown' {
  if (portal === 'unreadable') return 'unknown';
  if (portal?.connection !== 'oauth' || portal.state !== 'active') return 'wrong';
  if (digest === undefined) return 'none';
  return isApplicationTokenOf(portal, digest) ? 'proved' : 'wrong';
}
