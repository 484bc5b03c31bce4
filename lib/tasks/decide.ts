import type { Portal } from '../portals/portal.ts';
import { matches } from '../rules/match.ts';
import type { StoredRule } from '../rules/version.ts';
import type { Task } from './task.ts';

/** A record as it was read just now, or the knowledge that there is none. */
export type PresentRecord =
  | { found: false }
  | {
      found: true;
      entityTypeId: number;
      categoryId: number;
      stageId: string;
      semantics: 'P' | 'S' | 'F';
      /** ms since the epoch. */
      movedTime: number;
    };

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
export type ObserveReason = 'portal-observes' | 'lost-before-enforcement';

export type Decision =
  | { do: 'act' }
  | { do: 'observe'; reason: ObserveReason }
  | { do: 'skip'; reason: SkipReason }
  | { do: 'cancel'; reason: CancelReason }
  /** `until`: ms since the epoch. */
  | { do: 'defer'; until: number };

/**
 * What is to be done about a task now. Pure: everything it depends on is an argument, and the record must have been
 * read at most 60 s ago. The rule is the one in force now, not the one the task was made by: what a person took out
 * of the rules since then is not done any more, and a rule that says something else now acts on later losses only.
 */
export function decide(
  task: Pick<Task, 'transition'>,
  record: PresentRecord,
  rule: StoredRule | undefined,
  portal: Pick<Portal, 'mode' | 'enforcedAt'>,
  now: number,
): Decision {
  if (!record.found) return { do: 'skip', reason: 'record-gone' };
  if (record.semantics !== 'F') return { do: 'cancel', reason: 'no-longer-lost' };
  if (record.stageId !== task.transition.stageId) return { do: 'cancel', reason: 'moved-to-another-stage' };
  if (record.movedTime !== task.transition.movedTime) return { do: 'cancel', reason: 'lost-again-later' };

  if (rule === undefined) return { do: 'cancel', reason: 'rule-removed' };
  if (!rule.enabled) return { do: 'cancel', reason: 'rule-disabled' };
  if (!matches(rule, record)) return { do: 'cancel', reason: 'rule-no-longer-matches' };
  if (record.movedTime < rule.since) return { do: 'cancel', reason: 'rule-changed' };

  const due = record.movedTime + rule.waitMs;
  if (due > now) return { do: 'defer', until: due };

  if (portal.mode === 'observe') return { do: 'observe', reason: 'portal-observes' };
  if (portal.enforcedAt === undefined || record.movedTime < portal.enforcedAt) {
    return { do: 'observe', reason: 'lost-before-enforcement' };
  }
  return { do: 'act' };
}
