import type { Clock } from '../bitrix24/clock.ts';
import { sameDigest } from '../bitrix24/token-digest.ts';
import type { CredentialStore } from './credentials.ts';
import { pendingWebhookId, type Portal, withTokenDigest } from './portal.ts';
import { digestsInForce } from './robot-keys.ts';
import type { PortalStore } from './store.ts';

/** Whether a digest is that of one of the portal's application tokens; a robot's key proves no more than a robot. */
export function isApplicationTokenOf({ tokenDigests }: Pick<Portal, 'tokenDigests'>, digest: string): boolean {
  return isAmong(tokenDigests, digest);
}

/**
 * Whether a digest is that of one of the portal's application tokens, or of a robot key that is in force at `now`; in
 * the same time for each.
 */
export function isTokenOf(
  { tokenDigests, robotKeyDigests }: Pick<Portal, 'tokenDigests' | 'robotKeyDigests'>,
  digest: string,
  now: number,
): boolean {
  return isAmong([...tokenDigests, ...digestsInForce(robotKeyDigests, now)], digest);
}

function isAmong(digests: readonly string[], digest: string): boolean {
  let found = false;
  for (const known of digests) found = sameDigest(known, digest) || found;
  return found;
}

interface Claim {
  unverified?: { tokenDigest: string; domain: string } | undefined;
}

/**
 * The events that are the portal's: those that `receive` has checked, and of the others those whose token is one of the
 * portal's or of a webhook connection that waits for its first event. That event names the member id, and the
 * connection becomes the portal's.
 */
export async function verifySender<T extends Claim>(
  { portals, credentials, clock }: { portals: PortalStore; credentials: CredentialStore; clock: Clock },
  memberId: string,
  portal: Portal | undefined,
  events: readonly T[],
): Promise<{ portal: Portal | undefined; trusted: T[] }> {
  let known = portal;
  const trusted: T[] = [];
  for (const event of events) {
    const claim = event.unverified;
    if (claim && !(known && isTokenOf(known, claim.tokenDigest, clock()))) {
      if (known?.state === 'active') continue;
      known = (await adoptWebhook({ portals, credentials }, memberId, claim, clock())) ?? known;
      if (!(known && isTokenOf(known, claim.tokenDigest, clock()))) continue;
    }
    trusted.push(event);
  }
  return { portal: known, trusted };
}

/**
 * Moves a webhook connection from its domain to the member id that its first event names. Safe to repeat from any
 * point: the pending rows go last.
 */
async function adoptWebhook(
  { portals, credentials }: { portals: PortalStore; credentials: CredentialStore },
  memberId: string,
  { tokenDigest, domain }: { tokenDigest: string; domain: string },
  now: number,
): Promise<Portal | undefined> {
  const pendingId = pendingWebhookId(domain);
  const pending = await portals.get(pendingId);
  if (!pending || !isTokenOf(pending, tokenDigest, now)) return undefined;
  const webhook = await credentials.get(pendingId);
  if (webhook?.kind !== 'webhook') return undefined;
  const rules = pending.rulesVersion === undefined ? undefined : await portals.rules(pendingId, pending.rulesVersion);

  await credentials.put({ ...webhook, memberId });
  const { rulesVersion: _, ...fields } = pending;
  await portals.create({ ...fields, memberId, tokenDigests: [] });
  // Known only at the end: a repeat after a crash starts here again.
  const present = rules && (await portals.pushRules(memberId, rules));
  await portals.change(memberId, {
    domain,
    connection: 'webhook',
    state: 'active',
    // Whatever it was before: nobody has said yet that this connection may delete.
    mode: 'observe',
    tokenDigests: withTokenDigest((await portals.get(memberId))?.tokenDigests ?? [], tokenDigest),
    ...(present && { rulesVersion: present.version }),
  });
  await portals.remove(pendingId);
  await credentials.remove(pendingId);
  return portals.get(memberId);
}
