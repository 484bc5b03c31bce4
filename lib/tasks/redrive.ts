import { minute } from '../bitrix24/reactions.ts';
import type { Portal } from '../portals/portal.ts';
import type { StoredRule } from '../rules/version.ts';
import { type CancelReason, decide, type Decision, type PresentRecord, type SkipReason } from './decide.ts';
import type { Task, TaskStatus } from './task.ts';

/** Why a dead letter stays where it is although it was to go back. Each is stable, in kebab-case. */
export type KeepReason =
  | 'unreadable-message'
  | 'task-unknown'
  | 'task-unreadable'
  | 'task-in-work'
  | 'task-changed'
  | 'portal-unknown'
  | 'portal-unreadable'
  | 'portal-disconnected'
  | 'rule-removed'
  | 'rule-disabled'
  | SkipReason
  | CancelReason;

/** What is worth knowing about something that goes back, because it may not do what a person expects. */
export type BackNote =
  'portal-paused' | 'portal-pending' | 'not-due-yet' | 'would-be-observed' | 'record-not-looked-at';

/**
 * What a redrive does with one dead letter. `back`: the work goes on, then the letter is removed. `settled`: there is
 * nothing left to do, the letter is removed. `keep`: it would come to nothing, so letter and task stay as they are.
 */
export type Redrive =
  | { readonly do: 'back'; readonly note?: BackNote | undefined }
  | { readonly do: 'settled'; readonly reason: `task-${Exclude<TaskStatus, 'failed'>}` | 'tasks-come-due' }
  | { readonly do: 'keep'; readonly reason: KeepReason };

/**
 * A function sends the dead letter first and marks the task failed afterwards. Until it has surely ended (its time-out
 * is 5 minutes) an open task may be about to be marked, and its letter must stay.
 */
export const settleMs = 10 * minute;

export interface RedriveView {
  readonly task: Task | undefined;
  /** ms since the epoch, of the letter. */
  readonly sentAt: number;
  readonly portal: Portal | undefined;
  /** The rule of the task's name in the version that is in force. */
  readonly rule: StoredRule | undefined;
  /** The record as it was read just now; undefined when it could not be looked at. */
  readonly record: PresentRecord | undefined;
  /** ms since the epoch. */
  readonly now: number;
}

/** What is to be done when the work for the portal cannot go on at all. */
export function redriveAt(portal: Portal | undefined): Redrive {
  if (!portal) return { do: 'keep', reason: 'portal-unknown' };
  if (portal.state === 'disconnected') return { do: 'keep', reason: 'portal-disconnected' };
  return { do: 'back', note: waiting(portal) };
}

/** Whether a record that could not be read goes back. */
export function redriveRecord(portal: Portal | undefined, record: PresentRecord | undefined): Redrive {
  const there = redriveAt(portal);
  if (there.do !== 'back') return there;
  if (!record) return { do: 'back', note: there.note ?? 'record-not-looked-at' };
  if (!record.found) return { do: 'keep', reason: 'record-gone' };
  return record.semantics === 'F' ? { do: 'back' } : { do: 'keep', reason: 'no-longer-lost' };
}

/** Whether a failed task goes back. Pure; the worker decides once more before it deletes anything. */
export function redriveOf({ task, sentAt, portal, rule, record, now }: RedriveView): Redrive {
  if (!task) return { do: 'keep', reason: 'task-unknown' };
  const { status } = task;
  if (status === 'open' && now - sentAt < settleMs) return { do: 'keep', reason: 'task-in-work' };
  if (status !== 'failed') return { do: 'settled', reason: `task-${status}` };

  const there = redriveAt(portal);
  if (there.do !== 'back' || !portal) return there;
  // Taking back asks neither the rules nor the record.
  if (task.undo) return there;
  if (!rule) return { do: 'keep', reason: 'rule-removed' };
  if (!rule.enabled) return { do: 'keep', reason: 'rule-disabled' };
  if (!record) return { do: 'back', note: there.note ?? 'record-not-looked-at' };
  return afterDecision(decide(task, record, rule, portal, now), there.note);
}

function waiting({ pause, state }: Portal): BackNote | undefined {
  if (pause) return 'portal-paused';
  return state === 'pending' ? 'portal-pending' : undefined;
}

function afterDecision(decision: Decision, waits: BackNote | undefined): Redrive {
  switch (decision.do) {
    case 'skip':
    case 'cancel':
      return { do: 'keep', reason: decision.reason };
    case 'defer':
      return { do: 'back', note: waits ?? 'not-due-yet' };
    case 'observe':
      return { do: 'back', note: waits ?? 'would-be-observed' };
    case 'read-again':
    case 'act':
      break;
  }
  return { do: 'back', note: waits };
}
