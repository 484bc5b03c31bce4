import * as z from 'zod';

/** A record that was deleted and is there again. */
const restoredSchema = z.object({
  entityTypeId: z.int().positive(),
  id: z.int().positive(),
  /** Its present id. */
  newId: z.int().positive(),
  /** `found`: a person took it out of the recycle bin. `recreated`: it was made anew. */
  how: z.enum(['found', 'recreated']),
  /** Whether all that belongs to it is there again. */
  complete: z.boolean(),
});
export type Restored = z.infer<typeof restoredSchema>;

/** What a task that takes another one back is about, and how far it has come. */
export const undoSchema = z.object({
  /** The task that is taken back. */
  of: z.string(),
  /** Whether records that are not found again are made anew. */
  recreate: z.boolean(),
  restored: z.array(restoredSchema).default([]),
  /** To how many records links have been put back. */
  linked: z.int().min(0).default(0),
});
export type Undo = z.infer<typeof undoSchema>;
