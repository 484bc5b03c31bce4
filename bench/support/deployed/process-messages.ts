import * as z from 'zod';

/** What the process of the functions is asked: to run one, or for something about itself. */
export const requestSchema = z.discriminatedUnion('ask', [
  z.strictObject({
    ask: z.literal('invoke'),
    id: z.int(),
    functionKey: z.string(),
    timeoutSeconds: z.number(),
    event: z.unknown(),
  }),
  /** Heap after a forced collection, open resources and processor time. */
  z.strictObject({ ask: z.literal('measure'), id: z.int() }),
  z.strictObject({ ask: z.literal('profile'), id: z.int(), on: z.boolean() }),
]);
export type Request = z.infer<typeof requestSchema>;

/** Its answer to the request of that number, or what it says of its own accord when it is ready. */
export const replySchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('ready') }),
  z.strictObject({ kind: z.literal('answer'), id: z.int(), value: z.unknown() }),
  z.strictObject({ kind: z.literal('failed'), id: z.int(), message: z.string() }),
]);
export type Reply = z.infer<typeof replySchema>;

/** The state of a process at one moment. */
export const measurementSchema = z.strictObject({
  /** Bytes in use after a forced collection, and of the process as a whole. */
  heapUsed: z.number(),
  rss: z.number(),
  external: z.number(),
  /** How many resources of each kind keep the process alive, by Node's names: `TCPSocketWrap`, `Timeout`. */
  resources: z.record(z.string(), z.int()),
  /** Processor time since the start, ms. */
  cpuMs: z.number(),
});
export type Measurement = z.infer<typeof measurementSchema>;
