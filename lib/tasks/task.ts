import { createHash } from 'node:crypto';
import * as z from 'zod';
import { commentSchema } from './comments/comment-state.ts';
import { recordKeySchema } from './record-key.ts';
import { undoSchema } from './undo/undo-state.ts';

const instant = z.int().positive();

export type RecordKey = z.infer<typeof recordKeySchema>;

/**
 * What became of one deletion. `already-gone`: there was nothing left to delete, by us or by somebody else. `spared`: it
 * was no longer linked to the lost record when its turn came. `refused`: the portal would not.
 * `guarded`: a guard of the rule keeps it; `held`: it is protected, or a person has put a hold on it.
 */
export const outcomeSchema = z.object({
  result: z.enum(['deleted', 'already-gone', 'spared', 'refused', 'guarded', 'held']),
  at: instant,
  /** How we know: the portal's answer, or because the record was read afterwards. */
  proof: z.enum(['answer', 'read']),
  /** Name of the row of the table of errors, where an error decided. */
  verdict: z.string().optional(),
  /** What guards or holds it, in a person's words; no personal data. */
  why: z.string().max(300).optional(),
});
export type Outcome = z.infer<typeof outcomeSchema>;

export const deletionMethods = [
  'crm.deal.contact.items.delete',
  'crm.company.contact.items.delete',
  'crm.contact.delete',
  'crm.item.delete',
] as const;

/** One call that a task consists of. */
export const deletionSchema = z.object({
  /** The rule's entry that it comes from. */
  what: z.enum(['deal-contacts', 'company-contacts', 'items', 'contacts', 'company', 'deal', 'lead', 'item']),
  method: z.enum(deletionMethods),
  /** What is deleted, or, of links, whose: a deal's (2), a company's (4). */
  entityTypeId: z.int().positive(),
  id: z.int().positive(),
  /** Of links: every contact of which a snapshot has been taken. */
  contactIds: z.array(z.int()).optional(),
  /** Of more links than are named: a digest of those that the last snapshot has. */
  linksDigest: z.string().optional(),
  /** When the last snapshot of it was taken; absent: none yet. */
  snapshotAt: instant.optional(),
  outcome: outcomeSchema.optional(),
});
export type Deletion = z.infer<typeof deletionSchema>;

/** Items that are no longer in `deletions`, and what became of them: ids as `500-549,552`. */
const endedItemsSchema = z.object({
  result: z.enum(['deleted', 'already-gone']),
  at: instant,
  proof: z.enum(['answer', 'read']),
  ids: z.string(),
});
export type EndedItems = z.infer<typeof endedItemsSchema>;

/** What happened to a task, appended and never changed. */
export const historyEntrySchema = z.object({
  at: instant,
  what: z.enum([
    'planned',
    'decided',
    'observed',
    'snapshot',
    'answered',
    'commented',
    'put-off',
    'reopened',
    'repeated',
    'given-up',
    'ended',
    'forgotten',
  ]),
  /** In a person's words; no personal data and no secret. */
  text: z.string().max(600),
});
export type HistoryEntry = z.infer<typeof historyEntrySchema>;

/** A task that has not ended is `open`; each of the others is an end. */
export const taskStatuses = ['open', 'done', 'observed', 'skipped', 'cancelled', 'failed'] as const;
export type TaskStatus = (typeof taskStatuses)[number];

/** The row `task` of the table `tasks`: what one rule does after one transition of one record. Times in ms. */
export const taskSchema = z.object({
  taskId: z.string(),
  sk: z.literal('task'),
  memberId: z.string(),
  record: recordKeySchema,
  rule: z.object({ id: z.string(), version: z.int().positive() }),
  /** The move into a lost stage that the task was made for. */
  transition: z.object({ stageId: z.string(), movedTime: instant }),
  /** 0; an undo or a deliberate repetition counts on. */
  run: z.int().min(0),
  source: z.string(),
  /** Of what a person has asked for: when. Rules that begin later, and a later switch to enforce, do not count. */
  askedAt: instant.optional(),
  status: z.enum(taskStatuses),
  /** Why it ended so: stable, in kebab-case. */
  reason: z.string().optional(),
  attempts: z.int().min(0),
  deletions: z.array(deletionSchema).optional(),
  /**
   * How far the items linked to the record have been noted, by their type: up to which id, whether that was all, and how
   * many that are gone are no longer in `deletions`, and which those were, as far as there was room.
   */
  items: z
    .record(
      z.string(),
      z.object({ after: z.int(), complete: z.boolean(), gone: z.int(), ended: z.array(endedItemsSchema).optional() }),
    )
    .optional(),
  /** Of a task that takes another one back: which, and what has come back so far. It deletes nothing. */
  undo: undoSchema.optional(),
  /** Of a rule with `comment: true`, while there was still time to tell: the comment that says what is to come. */
  announcement: commentSchema.optional(),
  /** Of such a rule: the comment that says what has become of it. Owed from the end of the task on. */
  report: commentSchema.optional(),
  /** How many snapshots the task has. Set once they are stored. */
  snapshots: z.int().positive().optional(),
  /** When the last of them was taken. */
  snapshotAt: instant.optional(),
  /** When a person had the snapshots erased before their time: those taken up to then are gone. */
  forgottenAt: instant.optional(),
  history: z.array(historyEntrySchema),
  /** Present while the task is open or owes its report: the keys of the index `due`. */
  shard: z.int().min(0).optional(),
  nextAt: instant.optional(),
  /** Not tried before this moment, even when its message comes again for the sake of others. */
  notBefore: instant.optional(),
  /** Whose tasks go one after the other; see laneOf. */
  lane: z.string().max(40).optional(),
  /** When its turn to be sent is, or was: it is sent then without being asked again. */
  slotAt: instant.optional(),
  /** The line it stands in while it waits for its turn; see lineOf. */
  line: z.string().optional(),
  /** Present while it stands there: with `line` the keys of the index `turns`. */
  turnAt: instant.optional(),
  /** How often it was sent since the worker last had a word on it. */
  claims: z.int().optional(),
  createdAt: instant,
  endedAt: instant.optional(),
  /** Seconds since the epoch. */
  expiresAt: z.int().optional(),
});
export type Task = z.infer<typeof taskSchema>;

export type TaskIdentity = Pick<Task, 'memberId' | 'record' | 'rule' | 'transition' | 'run'>;

/**
 * The same transition seen twice (an event repeated, another webhook, reconciliation) gives the same id, so that the
 * table keeps it once. 64 hexadecimal digits.
 */
export function taskIdOf({ memberId, record, rule, transition, run }: TaskIdentity): string {
  const parts = [memberId, record.entityTypeId, record.id, rule.id, transition.stageId, transition.movedTime, run];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
