import * as z from 'zod';
import { originSchema } from '../portals/origin.ts';
import { chores, eventSources } from './messages.ts';
import { taskSchema } from './task.ts';
import { recordKeySchema } from './record-key.ts';

/** A record that an event named and that could not be read yet. Read again when `nextAt` has come. */
export const unreadSchema = z.object({
  taskId: z.string(),
  sk: z.literal('unread'),
  memberId: z.string(),
  record: recordKeySchema,
  /** When the first event that named it arrived, in ms: what was news then still is. */
  receivedAt: z.int().positive(),
  source: z.enum(eventSources),
  /** From `operator`: the rules that were named; from `reconcile`: those it was looked for for; absent: all. */
  rules: z.array(z.string()).optional(),
  /** From `operator`: when the person asked; absent: when the first event arrived. */
  askedAt: z.int().positive().optional(),
  attempts: z.int().min(0),
  /** Changes with each event that names the record, so that an older read does not end a newer wish. */
  stamp: z.string(),
  shard: z.int(),
  nextAt: z.int().positive(),
  claims: z.int().optional(),
  createdAt: z.int().positive(),
});
export type Unread = z.infer<typeof unreadSchema>;

/** Something to be done for a portal as a whole when `nextAt` has come. */
export const choreSchema = z.object({
  taskId: z.string(),
  sk: z.literal('chore'),
  memberId: z.string(),
  chore: z.enum(chores),
  /** Of `uninstall`: the event's application token as a digest, and when it arrived, in ms. */
  /** For `uninstall`: the rows created after this moment have been dealt with. */
  doneTo: z.int().optional(),
  removal: z.optional(originSchema),
  /** For `uninstall`: when a person asked for it (ms); then no token has to prove it. */
  byHand: z.int().positive().optional(),
  shard: z.int(),
  nextAt: z.int().positive(),
  createdAt: z.int().positive(),
});
export type Chore = z.infer<typeof choreSchema>;

/** Whatever stands in the index `due`. */
export const dueItemSchema = z.discriminatedUnion('sk', [taskSchema, unreadSchema, choreSchema]);
export type DueItem = z.infer<typeof dueItemSchema>;
