import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { tokenDigest } from '../../../lib/bitrix24/token-digest.ts';
import { portalSchema } from '../../../lib/portals/portal.ts';
import { digestsInForce, endOf, type RobotKey, withRobotKey } from '../../../lib/portals/robot-keys.ts';

const now = 1_785_000_000_000;
const [a, b, c] = ['a', 'b', 'c'].map(tokenDigest) as [string, string, string];

describe('robot keys', () => {
  test('are in force until their end, and without an end for good', () => {
    const keys = [a, { digest: b, until: now + 1 }, { digest: c, until: now }];
    expect(digestsInForce(keys, now)).toEqual([a, b]);
    expect(digestsInForce(keys, now + 1)).toEqual([a]);
  });

  test('give way to a new one after the time of grace, none of them later than it would have', () => {
    const keys = [a, { digest: b, until: now + 10 }, { digest: c, until: now }];
    expect(withRobotKey(keys, tokenDigest('new'), { now, until: now + 100 })).toEqual([
      { digest: a, until: now + 100 },
      { digest: b, until: now + 10 },
      tokenDigest('new'),
    ]);
  });

  test('are gone at once without a time of grace', () => {
    expect(withRobotKey([a, { digest: b, until: now + 10 }], c, { now, until: now })).toEqual([c]);
  });

  test('whatever was done with them, exactly one has no end, and none lives longer than it was to', () => {
    const times = fc.array(fc.record({ passes: fc.nat(1_000), grace: fc.nat(1_000) }), { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(times, (steps) => {
        let keys: RobotKey[] = [];
        let time = now;
        for (const [index, { passes, grace }] of steps.entries()) {
          time += passes;
          const before = new Map(keys.map((key) => [typeof key === 'string' ? key : key.digest, endOf(key)]));
          keys = withRobotKey(keys, tokenDigest(String(index)), { now: time, until: time + grace });
          expect(keys.filter((key) => endOf(key) === undefined)).toEqual([tokenDigest(String(index))]);
          for (const key of keys) {
            if (typeof key === 'string') continue;
            expect(key.until).toBeLessThanOrEqual(Math.min(before.get(key.digest) ?? Infinity, time + grace));
          }
        }
      }),
    );
  });
});

test('a row from before keys could end is read as it is', () => {
  const row = {
    memberId: 'a223c6b3710f85df22e9377d6c4f7553',
    sk: 'portal',
    domain: 'demo.bitrix24.test',
    connection: 'oauth',
    state: 'active',
    mode: 'observe',
    tokenDigests: [],
    limits: { requestsPerSecond: 2, burst: 50, operatingSeconds: 480, operatingWindowSeconds: 600 },
    createdAt: now,
    updatedAt: now,
  };
  expect(portalSchema.parse(row).robotKeyDigests).toEqual([]);
  expect(portalSchema.parse({ ...row, robotKeyDigests: [a] }).robotKeyDigests).toEqual([a]);
  expect(portalSchema.safeParse({ ...row, robotKeyDigests: ['no digest'] }).success).toBe(false);
});
