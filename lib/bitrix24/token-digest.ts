import { createHash, timingSafeEqual } from 'node:crypto';

/** The form in which an application_token is stored, sent and compared: its sha256 in 64 lower-case hex digits. */
export function tokenDigest(token: string): string {
  return createHash('sha256').update(token, 'utf8').digest('hex');
}

/** Whether two digests are equal, in a time that does not tell how much of them is. */
export function sameDigest(a: string, b: string): boolean {
  const left = Buffer.from(a, 'utf8');
  const right = Buffer.from(b, 'utf8');
  return left.length === right.length && timingSafeEqual(left, right);
}
