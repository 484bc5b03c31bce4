import { z } from 'zod';

/**
 * The queues' messages. They carry ids and digests only: never a token, a secret or a webhook URL.
 * `v` is the version of the shape, so that messages in flight survive a deployment.
 */

/** 32 hexadecimal digits in every portal seen; wider here because only its use as a key matters to us. */
export const memberIdSchema = z.string().regex(/^[A-Za-z0-9_-]{8,64}$/, 'is not a member id');

const positiveInt = z.int().positive();

export const eventSources = ['app', 'webhook', 'robot', 'reconcile', 'unread'] as const;

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
  unverified: z
    .strictObject({ tokenDigest: z.string().regex(/^[0-9a-f]{64}$/), domain: z.string().max(255) })
    .optional(),
  /** For source `unread`: the stamp of the unread item that asked for this read, so that only that one is ended. */
  stamp: z.string().max(64).optional(),
});
export type EventMessage = z.infer<typeof eventMessageSchema>;

/** One message on `deletions.fifo` (message group = member id): these tasks of this portal are due. */
export const deletionMessageSchema = z.strictObject({
  v: z.literal(1),
  memberId: memberIdSchema,
  taskIds: z
    .array(z.string().regex(/^[0-9a-f]{64}$/))
    .min(1)
    .max(100),
});
export type DeletionMessage = z.infer<typeof deletionMessageSchema>;

/** One message on `reconcile`: something is to be done for this portal as a whole. */
export const portalMessageSchema = z.strictObject({
  v: z.literal(1),
  memberId: memberIdSchema,
  chore: z.enum(['prove']),
});
export type PortalMessage = z.infer<typeof portalMessageSchema>;

/** What `deletions-dlq.fifo` (message group = task id) and `events-dlq` hold: what failed, why, how often. No secrets. */
export const deadLetterSchema = z.strictObject({
  v: z.literal(1),
  kind: z.enum(['task', 'unreadable-message']),
  memberId: memberIdSchema.optional(),
  taskId: z.string().optional(),
  code: z.string(),
  description: z.string(),
  status: z.int().optional(),
  attempts: z.int().min(0),
  at: positiveInt,
  /** The message as it was, for `unreadable-message` only: at most 8 KiB of it. */
  body: z.string().optional(),
});
export type DeadLetter = z.infer<typeof deadLetterSchema>;
