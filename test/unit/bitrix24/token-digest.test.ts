import { expect, test } from '@jest/globals';
import { sameDigest, tokenDigest } from '../../../lib/bitrix24/token-digest.ts';

test('a token’s digest is its sha256 in lower-case hex', () => {
  expect(tokenDigest('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});

test('digests are the same only when all of them is', () => {
  const digest = tokenDigest('one');
  expect(sameDigest(digest, tokenDigest('one'))).toBe(true);
  expect(sameDigest(digest, tokenDigest('two'))).toBe(false);
  expect(sameDigest(digest, `${digest}0`)).toBe(false);
  expect(sameDigest(digest, digest.slice(1))).toBe(false);
  expect(sameDigest(digest, '')).toBe(false);
  expect(sameDigest('é', 'é'.normalize('NFD'))).toBe(false);
});
