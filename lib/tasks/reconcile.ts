import * as z from 'zod';
import type { Queue } from '../aws/queue.ts';
import type { Count, Log } from '../aws/telemetry.ts';
import type { Clock } from '../bitrix24/clock.ts';
import { Bitrix24Error } from '../bitrix24/failures.ts';
import { minute } from '../bitrix24/reactions.ts';
import type { Portal } from '../portals/portal.ts';
import { refreshDirectories } from '../portals/read-stages.ts';
import { PortalSession, readersShare, type SessionOptions } from '../portals/session.ts';
import type { StageDirectory } from '../portals/stage-directory.ts';
import type { Watermark } from '../portals/watermarks.ts';
import { entityTypeOf } from '../rules/match.ts';
import { type StoredRule, typesOf } from '../rules/version.ts';
import { lostOnes, type LostSearch, nameLost, RoundNotFinished } from './lost-records.ts';

export interface ReconcileOptions extends SessionOptions {
  readonly events: Queue;
  readonly clock: Clock;
  readonly log: Log;
  readonly count: Count;
}

/** Clocks differ, and an event may be on its way: a round looks back this far behind where the last one ended. */
export const overlapMs = 10 * minute;
/** A type that was done so lately is left alone: the round came back for the sake of another. */
const doneLatelyMs = 5 * minute;

const whoSchema = z.object({ ADMIN: z.boolean() });

/** One type of records in one round. */
interface TypeRound {
  readonly entityTypeId: number;
  readonly startedAt: number;
  readonly afterId: number;
  /** ms since the epoch: records that moved since then are looked for. */
  readonly since: number;
}

/**
 * One round for one portal: every record of the types that rules name which was moved to a lost stage since the last
 * round goes to `events` as if the portal had told of it, because Bitrix24 never sends an event twice. Paged by id, type
 * by type; where a round has to stop, the next invocation goes on. A type's watermark moves only when all that was found
 * of it is on the queue, the portal's when that is so of all types.
 *
 * @param deadline ms since the epoch
 * @returns whether the round is over
 * @throws PortalBusy, PortalStopped, RoundNotFinished, and what a call may throw: the round goes on later
 */
export async function reconcilePortal(options: ReconcileOptions, portal: Portal, deadline: number): Promise<boolean> {
  const { portals, clock, log } = options;
  const { memberId } = portal;
  const rules =
    portal.rulesVersion === undefined ? [] : ((await portals.rules(memberId, portal.rulesVersion))?.rules ?? []);
  const enabled = rules.filter((rule) => rule.enabled);
  const session = new PortalSession({ ...options, bucketShare: readersShare }, portal, deadline);
  await requireAdministrator(session, portal);

  const rounds = await roundsOf(options, portal, enabled);
  const directories = await directoriesOf(options, session, memberId, rounds);
  const failed: string[] = [];
  for (const round of rounds) {
    try {
      const search = searchOf(round, directories.get(round.entityTypeId));
      if (!(await lookThrough(options, session, { memberId, round, search, deadline }))) return false;
    } catch (error) {
      // What is wrong with one type must not hold up the others; what is wrong with the portal would.
      if (!(error instanceof RoundNotFinished || error instanceof Bitrix24Error)) throw error;
      failed.push(`type ${round.entityTypeId}: ${error.message}`);
      log.warn('type of records not reconciled', { memberId, entityTypeId: round.entityTypeId, reason: error.message });
    }
  }
  if (failed.length > 0) throw new RoundNotFinished(failed.join('; '));
  const untils = await Promise.all(
    typesOf(enabled).map(async (type) => (await portals.watermarks.get(memberId, type)).until ?? clock()),
  );
  if (untils.length > 0) await portals.endRound(memberId, Math.min(...untils));
  return true;
}

/** A round that does not see everything must not move the watermark. */
export async function requireAdministrator(session: PortalSession, { mode }: Pick<Portal, 'mode'>): Promise<void> {
  if (mode !== 'enforce') return;
  const who = whoSchema.safeParse((await session.call('profile', {}, { write: false })).result);
  if (!who.success) throw new RoundNotFinished('The portal does not say who we are');
  if (!who.data.ADMIN) throw await session.stopForWantOfRights();
}

async function roundsOf(
  { portals, clock }: ReconcileOptions,
  portal: Portal,
  rules: readonly StoredRule[],
): Promise<TypeRound[]> {
  const now = clock();
  const rounds: TypeRound[] = [];
  for (const entityTypeId of typesOf(rules)) {
    const mark = credible(await portals.watermarks.get(portal.memberId, entityTypeId), now);
    if (mark.round === undefined && mark.until !== undefined && mark.until > now - doneLatelyMs) continue;
    const { startedAt, afterId } = mark.round ?? { startedAt: now, afterId: 0 };
    rounds.push({ entityTypeId, startedAt, afterId, since: sinceOf(entityTypeId, mark, portal, rules, now) });
  }
  return rounds;
}

/** A type that rules have not named before begins with the rules, not with its oldest record. */
function sinceOf(
  entityTypeId: number,
  { until = 0 }: Watermark,
  { reconciledUntil = 0, createdAt }: Portal,
  rules: readonly StoredRule[],
  now: number,
): number {
  const found = Math.max(until, isCredible(reconciledUntil, now) ? reconciledUntil : 0, createdAt);
  const named = rules.filter(({ when }) => entityTypeOf(when.type) === entityTypeId).map(({ since }) => since);
  return Math.max(found - overlapMs, Math.min(...named));
}

/** How far ahead of ours another function's clock may be. */
function isCredible(moment: number | undefined, now: number): boolean {
  return moment === undefined || moment <= now + overlapMs;
}

/** What was written by a clock that was ahead counts as none: rather everything is looked through once more. */
function credible({ until, round }: Watermark, now: number): Watermark {
  return {
    ...(until !== undefined && isCredible(until, now) && { until }),
    ...(round && isCredible(round.startedAt, now) && { round }),
  };
}

/** What the stages mean, read anew for every round: all later questions about old records rest on it. */
async function directoriesOf(
  { portals, clock, log }: ReconcileOptions,
  session: PortalSession,
  memberId: string,
  rounds: readonly TypeRound[],
): Promise<ReadonlyMap<number, StageDirectory>> {
  try {
    const types = rounds.map(({ entityTypeId }) => entityTypeId);
    return await refreshDirectories(portals, session, { memberId, types, clock });
  } catch (error) {
    if (!(error instanceof Bitrix24Error)) throw error;
    log.warn('stages not read', { memberId, reason: error.message });
    return new Map();
  }
}

function searchOf({ entityTypeId, since }: TypeRound, directory: StageDirectory | undefined): LostSearch | undefined {
  return lostOnes(entityTypeId, directory, { '>=movedTime': new Date(since).toISOString() });
}

/** Returns whether the type is done; else there was no time. */
async function lookThrough(
  options: ReconcileOptions,
  session: PortalSession,
  at: { memberId: string; round: TypeRound; search: LostSearch | undefined; deadline: number },
): Promise<boolean> {
  const { portals, count, log } = options;
  const { memberId, round, search, deadline } = at;
  const { entityTypeId, startedAt } = round;
  const { done, found } = await nameLost(options, session, {
    search,
    afterId: round.afterId,
    deadline,
    common: { memberId, source: 'reconcile' },
    keep: (afterId) => portals.watermarks.keepRound(memberId, entityTypeId, { startedAt, afterId }),
  });
  if (!done) return false;
  await portals.watermarks.endRound(memberId, entityTypeId, startedAt);
  if (found > 0)
    log.info('reconciled', { memberId, entityTypeId, records: found, since: new Date(round.since).toISOString() });
  count('RecordsReconciled', found);
  return true;
}
