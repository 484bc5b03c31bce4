import * as z from 'zod';
import { fromPairs, toPairs } from './id-pairs.ts';

/** `found`: a person took it out of the recycle bin. `recreated`: it was made anew. */
const howSchema = z.enum(['found', 'recreated']);

/** A record that was deleted and is there again. */
const restoredSchema = z.object({
  entityTypeId: z.int().positive(),
  id: z.int().positive(),
  /** Its present id. */
  newId: z.int().positive(),
  how: howSchema,
  /** Whether all that belongs to it is there again. */
  complete: z.boolean(),
});
export type Restored = z.infer<typeof restoredSchema>;

/** Those of one type to which the same has happened, as they stand in the row: thousands of them have to fit. */
const groupSchema = z
  .object({ entityTypeId: z.int().positive(), how: howSchema, complete: z.boolean(), pairs: z.string() })
  .transform(({ pairs, ...same }, context) => {
    const ids = fromPairs(pairs);
    if (ids) return ids.map(([id, newId]): Restored => ({ ...same, id, newId }));
    context.issues.push({ code: 'custom', message: 'No pairs of ids', input: pairs });
    return z.NEVER;
  });

/** What a task that takes another one back is about, and how far it has come. */
export const undoSchema = z.object({
  /** The task that is taken back. */
  of: z.string(),
  /** Whether records that are not found again are made anew. */
  recreate: z.boolean(),
  restored: z
    .array(z.union([groupSchema, restoredSchema.transform((one) => [one])]))
    .transform((groups) => groups.flat())
    .default([]),
  /** To how many records links have been put back. */
  linked: z.int().min(0).default(0),
  /** Those of them whose links the task had removed by a deletion of their own: by the ids of that time. */
  relinked: z.array(z.object({ entityTypeId: z.int().positive(), id: z.int().positive() })).default([]),
});
export type Undo = z.infer<typeof undoSchema>;

/** The same in fewer words, for the table; `undoSchema` reads it. */
export function compactUndo(undo: Undo): Record<string, unknown> {
  const groups = Map.groupBy(undo.restored, ({ entityTypeId, how, complete }) =>
    JSON.stringify([entityTypeId, how, complete]),
  );
  const restored = [...groups.values()].flatMap((some) => {
    const [first] = some;
    if (!first) return [];
    const { entityTypeId, how, complete } = first;
    return [{ entityTypeId, how, complete, pairs: toPairs(some.map(({ id, newId }) => [id, newId])) }];
  });
  return { ...undo, restored };
}
