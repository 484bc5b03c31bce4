import { Bitrix24Error } from '../bitrix24/failures.ts';
import { hour } from './schedule.ts';
import type { Portal } from '../portals/portal.ts';
import { refreshDirectories } from '../portals/read-stages.ts';
import { PortalSession, readersShare } from '../portals/session.ts';
import type { StageDirectory } from '../portals/stage-directory.ts';
import type { WaitMark } from '../portals/wait-marks.ts';
import { entityTypeOf } from '../rules/match.ts';
import type { StoredRule } from '../rules/version.ts';
import { lostOnes, nameLost, RoundNotFinished } from './lost-records.ts';
import { overlapMs, type ReconcileOptions, requireAdministrator } from './reconcile.ts';
import { longWaitMs, longWaitsEveryMs } from './schedule.ts';

/** A record whose wait ends before the next look has come gets its task in this one, so that it is done on time. */
const lookAheadMs = longWaitsEveryMs + 2 * hour;

/**
 * Names the records whose long wait is over before the next look: no task waits for them, because rules and records
 * change in months. Rule by rule, by the time that its wait counts from, in a window that begins where the last one
 * ended; a wait that was changed begins again at the rule's `since`, also when it is no long one any more, for the
 * records that have no task because it was. Each is named for that rule's sake: what another one takes for history
 * stays so.
 *
 * @param deadline ms since the epoch
 * @returns whether it is over
 * @throws PortalBusy, PortalStopped, RoundNotFinished, and what a call may throw: it goes on later
 */
export async function nameLongWaiting(options: ReconcileOptions, portal: Portal, deadline: number): Promise<boolean> {
  const { portals, clock, log } = options;
  const { memberId, rulesVersion } = portal;
  const stored = rulesVersion === undefined ? undefined : await portals.rules(memberId, rulesVersion);
  const looks: { rule: StoredRule; mark: WaitMark }[] = [];
  for (const rule of stored?.rules.filter(({ enabled }) => enabled) ?? []) {
    const mark = await markOf(options, memberId, rule);
    if (mark) looks.push({ rule, mark });
  }

  if (looks.length > 0) {
    const session = new PortalSession({ ...options, bucketShare: readersShare }, portal, deadline);
    await requireAdministrator(session, portal);
    const types = new Set(looks.map(({ rule }) => entityTypeOf(rule.when.type)));
    const directories = await refreshDirectories(portals, session, { memberId, types, clock });
    const failed: string[] = [];
    for (const { rule, mark } of looks) {
      try {
        const directory = directories.get(entityTypeOf(rule.when.type));
        if (!(await look(options, session, { memberId, rule, mark, directory, deadline }))) return false;
      } catch (error) {
        if (!(error instanceof RoundNotFinished || error instanceof Bitrix24Error)) throw error;
        failed.push(`rule ${rule.id}: ${error.message}`);
        log.warn('long waits of a rule not looked through', { memberId, rule: rule.id, reason: error.message });
      }
    }
    if (failed.length > 0) throw new RoundNotFinished(failed.join('; '));
  }
  if (portal.waitsVersion !== rulesVersion) await portals.change(memberId, { waitsVersion: rulesVersion });
  return true;
}

/** Where the rule's look begins; undefined when there is nothing to look for. */
async function markOf(
  { portals }: ReconcileOptions,
  memberId: string,
  { id, waitMs, waitFrom }: StoredRule,
): Promise<WaitMark | undefined> {
  const mark = await portals.waitMarks.get(memberId, id);
  const same = mark?.waitMs === waitMs && mark.waitFrom === waitFrom;
  if (waitMs > longWaitMs) return same ? mark : { waitMs, waitFrom };
  if (mark === undefined || (same && mark.upTo !== undefined)) return undefined;
  return same ? mark : { waitMs, waitFrom };
}

/**
 * Who waits for long and is not done soon is found by a later look. There is none after a wait that is long no more: all
 * of its records get their tasks in this one.
 */
function lookedUpTo({ waitMs }: StoredRule, now: number): number {
  return waitMs > longWaitMs ? now + lookAheadMs - waitMs : now;
}

/** The times that a wait may count from: whichever is the later, one of the two lies in the window. */
function fieldsOf({ waitFrom }: StoredRule): string[] {
  return waitFrom === 'loss' ? ['movedTime'] : ['movedTime', 'lastActivityTime'];
}

/** Returns whether the rule is done; else there was no time. */
async function look(
  options: ReconcileOptions,
  session: PortalSession,
  at: {
    memberId: string;
    rule: StoredRule;
    mark: WaitMark;
    directory: StageDirectory | undefined;
    deadline: number;
  },
): Promise<boolean> {
  const { portals, clock, log } = options;
  const { memberId, rule, mark, directory, deadline } = at;
  const entityTypeId = entityTypeOf(rule.when.type);
  const fields = fieldsOf(rule);
  const from = Math.max((mark.upTo ?? 0) - overlapMs, rule.since);
  let pass = mark.pass ?? { field: 0, to: lookedUpTo(rule, clock()), afterId: 0 };
  let found = 0;
  for (let field = pass.field; field < fields.length && pass.to >= from; field += 1) {
    pass = { to: pass.to, field, afterId: field === pass.field ? pass.afterId : 0 };
    const name = fields[field] ?? '';
    const [low, high] = [new Date(from).toISOString(), new Date(pass.to).toISOString()];
    const search = lostOnes(entityTypeId, directory, { [`>=${name}`]: low, [`<=${name}`]: high });
    const named = await nameLost(options, session, {
      search,
      afterId: pass.afterId,
      deadline,
      common: { memberId, source: 'reconcile', rules: [rule.id] },
      keep: (afterId) => portals.waitMarks.put(memberId, rule.id, { ...mark, pass: { ...pass, afterId } }),
    });
    found += named.found;
    if (!named.done) return false;
  }
  const { waitMs, waitFrom } = mark;
  await portals.waitMarks.put(memberId, rule.id, { waitMs, waitFrom, upTo: Math.max(pass.to, mark.upTo ?? pass.to) });
  if (found > 0) log.info('records whose wait ends soon', { memberId, rule: rule.id, records: found });
  return true;
}
