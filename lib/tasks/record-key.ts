import * as z from 'zod/mini';

/** Which record of a portal. */
export const recordKeySchema = z.object({
  entityTypeId: z.int().check(z.positive()),
  id: z.int().check(z.positive()),
});
