import type { Portal } from '../portals/portal.ts';
import { dueAt, matchesWhenDue } from '../rules/due.ts';
import type { RecordState } from '../rules/match.ts';
import type { StoredRule } from '../rules/version.ts';
import type { Outcome, Task } from './task.ts';

/** A record as it was read just now, or the knowledge that there is none. */
export type PresentRecord =
  | { found: false }
  | ({
      found: true;
      /** ms since the epoch. */
      movedTime: number;
      /** ms since the epoch; 0 when there was none, undefined when the portal does not say. */
      lastActivityTime?: number | undefined;
      /** Who moved it to its stage. */
      movedBy?: number | undefined;
      /** 0: none. Undefined, like its contacts: the portal does not say. */
      companyId?: number | undefined;
      contactIds?: readonly number[] | undefined;
    } & RecordState);

/** Why a task ends without acting. Each is stable: it stands in the table and is what people filter by. */
export type CancelReason =
  | 'no-longer-lost'
  | 'moved-to-another-stage'
  | 'lost-again-later'
  | 'rule-removed'
  | 'rule-disabled'
  | 'rule-changed'
  | 'rule-no-longer-matches';
export type SkipReason = 'record-gone';
/** Why a task ends when nothing of it may be touched. */
export type KeepReason = 'held' | 'guarded';
export type ObserveReason = 'portal-observes' | 'rule-observes' | 'lost-before-enforcement';

export type Decision =
  | { do: 'act' }
  | { do: 'observe'; reason: ObserveReason }
  | { do: 'skip'; reason: SkipReason }
  | { do: 'cancel'; reason: CancelReason }
  /** `until`: ms since the epoch. */
  | { do: 'defer'; until: number }
  /** The portal does not say something that the rule depends on: it has to be read again. */
  | { do: 'read-again'; what: string };

/** Fields that carrying out a task changes by itself: once it has begun they say nothing any more. */
const changedByUs: ReadonlySet<string> = new Set([
  'contactId',
  'contactIds',
  'companyId',
  'updatedTime',
  'updatedBy',
  'lastActivityTime',
  'lastActivityBy',
]);

function isRemoved(outcome: Outcome | undefined): boolean {
  return outcome?.result === 'deleted' || outcome?.result === 'already-gone';
}

/**
 * What is to be done about a task now. Pure: everything it depends on is an argument, and the record must have been
 * read at most 60 s ago. The rule is the one in force now, not the one the task was made by: what a person took out
 * of the rules since then is not done any more, and a rule that says something else now acts on later losses only.
 * What a person has asked for by name is done however long ago the record was lost, as long as rules and portal say the
 * same as when it was asked for.
 */
export function decide(
  task: Pick<Task, 'transition' | 'deletions' | 'source' | 'createdAt' | 'askedAt'>,
  record: PresentRecord,
  rule: StoredRule | undefined,
  portal: Pick<Portal, 'mode' | 'enforcedAt'>,
  now: number,
): Decision {
  if (!record.found) return { do: 'skip', reason: 'record-gone' };
  if (record.semantics !== 'F') return { do: 'cancel', reason: 'no-longer-lost' };
  if (record.stageId !== task.transition.stageId) return { do: 'cancel', reason: 'moved-to-another-stage' };
  if (record.movedTime !== task.transition.movedTime) return { do: 'cancel', reason: 'lost-again-later' };

  // A snapshot is taken just before the call: whether that was answered is not always known.
  const mayHaveBegun = task.deletions?.some(({ snapshotAt }) => snapshotAt !== undefined) === true;
  const begun = task.deletions?.some(({ outcome }) => isRemoved(outcome)) === true;
  if (rule === undefined) return { do: 'cancel', reason: 'rule-removed' };
  if (!rule.enabled) return { do: 'cancel', reason: 'rule-disabled' };
  if (!matchesWhenDue(rule, record, now, mayHaveBegun ? changedByUs : undefined)) {
    return { do: 'cancel', reason: 'rule-no-longer-matches' };
  }
  if (newsOf(task) < rule.since) return { do: 'cancel', reason: 'rule-changed' };

  const { movedTime, lastActivityTime } = record;
  if (rule.waitFrom === 'last-activity' && lastActivityTime === undefined && !begun) {
    return { do: 'read-again', what: 'the last activity' };
  }
  const due = dueAt(rule, { movedTime, lastActivityTime: begun ? undefined : lastActivityTime });
  if (due > now) return { do: 'defer', until: due };

  const observe = observeReasonOf(task, rule, portal);
  return observe === undefined ? { do: 'act' } : { do: 'observe', reason: observe };
}

type Asked = Pick<Task, 'transition' | 'source' | 'createdAt' | 'askedAt'>;

/** When what a task is about became news: that of the loss, or that a person asked for it by name. */
function newsOf({ source, askedAt, createdAt, transition: { movedTime } }: Asked): number {
  return source === 'operator' ? Math.max(askedAt ?? createdAt, movedTime) : movedTime;
}

/** Why nothing may be written to the portal for a task, as things stand now. */
export function observeReasonOf(
  task: Asked,
  rule: StoredRule,
  portal: Pick<Portal, 'mode' | 'enforcedAt'>,
): ObserveReason | undefined {
  if (portal.mode === 'observe') return 'portal-observes';
  if (rule.mode === 'observe') return 'rule-observes';
  if (portal.enforcedAt === undefined || newsOf(task) < portal.enforcedAt) return 'lost-before-enforcement';
  return undefined;
}
