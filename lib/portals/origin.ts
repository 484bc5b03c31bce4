import * as z from 'zod/mini';

/** Which installation of the app: the digest of its application token, and when it arrived, in ms. */
export const originSchema = z.object({
  tokenDigest: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
  receivedAt: z.int().check(z.positive()),
});
export type Origin = z.infer<typeof originSchema>;

/** Whether that installation is the one that was removed, and neither another nor a later one. */
export function isOver({ tokenDigest, receivedAt }: Origin, removal: Origin): boolean {
  return tokenDigest === removal.tokenDigest && receivedAt <= removal.receivedAt;
}
