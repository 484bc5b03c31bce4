import * as z from 'zod/mini';

const digestSchema = z.string().check(z.regex(/^[0-9a-f]{64}$/));

/**
 * A key that the URL of a stage robot may carry, as its sha256: the digest alone, or with the moment (ms since the
 * epoch) from which it is worth nothing, because another has taken its place.
 */
export const robotKeySchema = z.union([
  digestSchema,
  z.strictObject({ digest: digestSchema, until: z.int().check(z.positive()) }),
]);
export type RobotKey = z.infer<typeof robotKeySchema>;

/** When the key ends, in ms since the epoch; undefined: it does not. */
export function endOf(key: RobotKey): number | undefined {
  return typeof key === 'string' ? undefined : key.until;
}

/** The digests of the keys that are worth something at `now`. */
export function digestsInForce(keys: readonly RobotKey[], now: number): string[] {
  return keys
    .filter((key) => (endOf(key) ?? Number.POSITIVE_INFINITY) > now)
    .map((key) => (typeof key === 'string' ? key : key.digest));
}

/** The keys when this one is added. Every other is worth something until `until` at most; what is over is left out. */
export function withRobotKey(
  keys: readonly RobotKey[],
  digest: string,
  { now, until }: { now: number; until: number },
): RobotKey[] {
  const others = keys
    .map((key) => ({
      digest: typeof key === 'string' ? key : key.digest,
      until: Math.min(endOf(key) ?? until, until),
    }))
    .filter((key) => key.until > now && key.digest !== digest);
  return [...others, digest];
}
