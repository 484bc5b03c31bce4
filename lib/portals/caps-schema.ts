import * as z from 'zod/mini';

/** How much may be deleted on a portal before a person has to say that it is meant so. */
export const capsSchema = z.strictObject({
  hour: z.int().check(z.minimum(1)),
  day: z.int().check(z.minimum(1)),
  /** A day may have so many times the deletions of a usual day; null: as many as `day` allows. */
  spike: z.nullable(z.number().check(z.minimum(1))),
});
export type Caps = z.infer<typeof capsSchema>;
