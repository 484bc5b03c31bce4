import * as z from 'zod';

/** One invocation of a function. Times in ms since the epoch. */
export const invocationSchema = z.object({
  functionKey: z.string(),
  /** Of the batch; 0 for the clock. */
  messages: z.int(),
  startedAt: z.number(),
  endedAt: z.number(),
});
export type InvocationRecord = z.infer<typeof invocationSchema>;

const countSchema = z.object({
  calls: z.number(),
  items: z.number(),
  readUnits: z.number(),
  writeUnits: z.number(),
  sqsRequests: z.number(),
  fifoRequests: z.number(),
});

/** What a functions' process tells of itself; see functions-process.ts. */
export const takenSchema = z.object({
  counts: z.record(z.string(), z.record(z.string(), countSchema)),
  invocations: z.array(invocationSchema),
});
export type Taken = z.infer<typeof takenSchema>;
