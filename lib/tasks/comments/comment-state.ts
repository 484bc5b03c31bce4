import * as z from 'zod';

/**
 * How far a comment in the record's timeline has come. `promised`: to be written when the task has ended. `owed`: to be
 * written. `sending`: sent, or about to be, so that it is looked for before it is sent again. The others are ends;
 * `needless`: there was nothing to say.
 */
export const commentSchema = z.object({
  state: z.enum(['promised', 'owed', 'sending', 'written', 'given-up', 'needless']),
  /** Since when, in ms since the epoch. */
  at: z.int().positive(),
  /** How often it was sent. */
  tries: z.int().min(0),
  /** Of a comment that was written. */
  id: z.int().positive().optional(),
});
export type Comment = z.infer<typeof commentSchema>;

/** The comment before the wait is over, and the one after the task has ended. */
export type CommentKind = 'announcement' | 'report';

/** Whether it is to be written now, or perhaps was and is to be looked for. */
export function isOwed(comment: Comment | undefined): boolean {
  return comment?.state === 'owed' || comment?.state === 'sending';
}

/** Whether people may have read it. */
export function isSaid(comment: Comment | undefined): boolean {
  return comment?.state === 'written' || comment?.state === 'sending';
}
