import * as z from 'zod/mini';
import { memberIdSchema } from '../bitrix24/member-id.ts';
import { recordKeySchema } from './record-key.ts';

/**
 * The queues' messages. They carry ids and digests only: never a token, a secret or a webhook URL.
 * `v` is the version of the shape, so that messages in flight survive a deployment.
 */

const positiveInt = z.int().check(z.positive());

/** `operator`: a person asked for records that were lost at any time (`tidy24 reconcile --since`). */
export const eventSources = ['app', 'webhook', 'robot', 'reconcile', 'operator'] as const;

/** What a person asked for counts most, then what was looked for on purpose. */
function moreDeliberate(a: EventMessage['source'], b: EventMessage['source']): EventMessage['source'] {
  return (['operator', 'reconcile'] as const).find((source) => source === a || source === b) ?? a;
}

/** Who wishes a record to be read, and by which rules (undefined: all). An event names none. */
export interface Ask {
  readonly source: EventMessage['source'];
  /** From `operator`: those that the person named. From `reconcile`: those for whose sake it was looked for. */
  readonly rules?: string[] | undefined;
  /** From `operator`: when the person asked, in ms since the epoch: the rules count as they were then. */
  readonly askedAt?: number | undefined;
}

/** What a message, or a row, asks for. */
export function askOf(wish: Ask & { readonly receivedAt: number }): Ask {
  const { source, rules, receivedAt, askedAt = receivedAt } = wish;
  if (source === 'operator') return { source, rules, askedAt };
  return source === 'reconcile' ? { source, rules } : { source };
}

/**
 * Two wishes for one record as one: the more deliberate. Of two that reconciliation found, all that either was looked
 * for for; of two persons', the newer, where it asks for all of the older; else no more than both.
 */
export function mergedAsk(a: Ask, b: Ask): Ask {
  const source = moreDeliberate(a.source, b.source);
  if (a.source !== b.source) return source === a.source ? a : b;
  if (source === 'reconcile') return { source, rules: a.rules && b.rules && union(a.rules, b.rules) };
  const [older, newer] = (a.askedAt ?? 0) < (b.askedAt ?? 0) ? [a, b] : [b, a];
  const { rules } = newer;
  if (rules === undefined || older.rules?.every((id) => rules.includes(id)) === true) return newer;
  return { source, askedAt: older.askedAt, rules: older.rules && union(older.rules, rules) };
}

function union(a: readonly string[], b: readonly string[]): string[] {
  return [...new Set([...a, ...b])];
}

/** One message on `events`: this record of this portal may have changed. `receivedAt` is ms since the epoch. */
export const eventMessageSchema = z.strictObject({
  v: z.literal(1),
  memberId: memberIdSchema,
  entityTypeId: positiveInt,
  id: positiveInt,
  source: z.enum(eventSources),
  receivedAt: positiveInt,
  /**
   * Present when `receive` could not check the sender: sha256 of the application_token in hex, and the portal's
   * domain as the event names it. `plan` checks it then.
   */
  unverified: z.optional(
    z.strictObject({
      tokenDigest: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
      domain: z.string().check(z.maxLength(300)),
    }),
  ),
  /** Sent for an unread item: its stamp, so that this read ends no newer wish. */
  stamp: z.optional(z.string().check(z.maxLength(64))),
  /**
   * From `operator`: the rules that the person named; for the others it counts as found on purpose. From `reconcile`:
   * those for whose sake it was looked for; for the others it counts as an event. Absent: all.
   */
  rules: z.optional(z.array(z.string().check(z.maxLength(64))).check(z.maxLength(1000))),
  /** From `operator`: when the person asked (ms). Rules that begin later, and a later switch to enforce, do not count. */
  askedAt: z.optional(positiveInt),
  /** How often the record could not be read so far. */
  attempts: z.optional(z.int().check(z.minimum(0))),
});
export type EventMessage = z.infer<typeof eventMessageSchema>;

/**
 * As many tasks as one batch call can look at again: 50 commands, of which one asks who we are and one reads the
 * records.
 */
export const tasksPerMessage = 48;

/** One message on `deletions.fifo` (message group = member id): these tasks of this portal are due. */
export const deletionMessageSchema = z.strictObject({
  v: z.literal(1),
  memberId: memberIdSchema,
  taskIds: z.array(z.string().check(z.regex(/^[0-9a-f]{64}$/))).check(z.minLength(1), z.maxLength(100)),
  /** Who holds the portal's lines, when this message is to go on with them; see Line. */
  holder: z.optional(z.string().check(z.maxLength(64))),
  /** How many such messages have led to this one. */
  hops: z.optional(z.int().check(z.minimum(0))),
});
export type DeletionMessage = z.infer<typeof deletionMessageSchema>;

/**
 * What can be asked for: to prove an installation; to look for what no event told of; to finish with a portal that has
 * removed the app; to look at how the app stands there; to look for records whose long wait ends;
 * to name what a person asked for out of the past; to go on with the tasks that wait for their turn.
 */
export const chores = ['prove', 'reconcile', 'uninstall', 'check-app', 'long-waits', 'backlog', 'go-on'] as const;

/** One message on `reconcile`: something is to be done for this portal as a whole. */
export const portalMessageSchema = z.strictObject({
  v: z.literal(1),
  memberId: memberIdSchema,
  chore: z.enum(chores),
});
export type PortalMessage = z.infer<typeof portalMessageSchema>;

/** What `deletions-dlq.fifo` (message group = task id) and `events-dlq` hold: what failed, why, how often. No secrets. */
export const deadLetterSchema = z.strictObject({
  v: z.literal(1),
  kind: z.enum(['task', 'record', 'unreadable-message']),
  memberId: z.optional(memberIdSchema),
  taskId: z.optional(z.string()),
  record: z.optional(recordKeySchema),
  code: z.string(),
  description: z.string(),
  status: z.optional(z.int()),
  attempts: z.int().check(z.minimum(0)),
  at: positiveInt,
  /** The message as it was, for `unreadable-message` only: at most 8 KiB of it. */
  body: z.optional(z.string()),
});
export type DeadLetter = z.infer<typeof deadLetterSchema>;
