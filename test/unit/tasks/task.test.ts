import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { parsePortalTime } from '../../../lib/bitrix24/portal-time.ts';
import { backoffMs, longestDelayMs, maxAttempts } from '../../../lib/tasks/backoff.ts';
import { type TaskIdentity, taskIdOf } from '../../../lib/tasks/task.ts';
import { allShards, shardOf } from '../../../lib/tasks/due-ids.ts';

const identity: TaskIdentity = {
  memberId: 'a223c6b3710f85df22e9377d6c4f7553',
  record: { entityTypeId: 2, id: 101 },
  rule: { id: 'spam', version: 3 },
  transition: { stageId: 'C5:LOSE', movedTime: parsePortalTime('2026-07-29T10:00:00+02:00') },
  run: 0,
};

describe("a task's id", () => {
  test('is the same for one instant, in whatever zone the portal writes it', () => {
    const ids = [
      '2026-07-29T10:00:00+02:00',
      '2026-07-29T08:00:00Z',
      '2026-07-29T13:30:00+05:30',
      '2026-07-28T22:00:00-10:00',
    ].map((text) => taskIdOf({ ...identity, transition: { stageId: 'C5:LOSE', movedTime: parsePortalTime(text) } }));
    expect(new Set(ids)).toEqual(new Set([taskIdOf(identity)]));
    expect(ids[0]).toMatch(/^[0-9a-f]{64}$/);
  });

  test.each<[string, TaskIdentity]>([
    ['portal', { ...identity, memberId: 'b223c6b3710f85df22e9377d6c4f7553' }],
    ['type', { ...identity, record: { entityTypeId: 1, id: 101 } }],
    ['record', { ...identity, record: { entityTypeId: 2, id: 102 } }],
    ['rule', { ...identity, rule: { id: 'spam-2', version: 3 } }],
    ['stage', { ...identity, transition: { ...identity.transition, stageId: 'C5:APOLOGY' } }],
    [
      'moment of the loss',
      { ...identity, transition: { ...identity.transition, movedTime: identity.transition.movedTime + 1000 } },
    ],
    ['run', { ...identity, run: 1 }],
  ])('is another for another %s', (_field, other) => {
    expect(taskIdOf(other)).not.toBe(taskIdOf(identity));
  });

  test('is the same for another version of the rule: pushing rules again repeats nothing', () => {
    expect(taskIdOf({ ...identity, rule: { id: 'spam', version: 4 } })).toBe(taskIdOf(identity));
  });

  test('does not run fields into one another', () => {
    const one = taskIdOf({ ...identity, record: { entityTypeId: 2, id: 1 }, rule: { id: '1', version: 1 } });
    const other = taskIdOf({ ...identity, record: { entityTypeId: 2, id: 11 }, rule: { id: '', version: 1 } });
    expect(one).not.toBe(other);
  });

  test('falls into one of eight shards, all of which are used', () => {
    const used = new Set<number>();
    fc.assert(
      fc.property(fc.string(), (id) => {
        const shard = shardOf(id);
        used.add(shard);
        expect(allShards).toContain(shard);
      }),
      { numRuns: 1_000 },
    );
    expect(allShards).toHaveLength(8);
    expect(used.size).toBe(8);
  });
});

describe('the time between two tries', () => {
  test.each([
    [1, 30_000],
    [2, 60_000],
    [3, 120_000],
    [5, 480_000],
    [6, 900_000],
    [8, 900_000],
    [60, 900_000],
    [5_000, 900_000],
    [0, 30_000],
  ])('after attempt %i it is about %i ms', (attempt, middle) => {
    expect(backoffMs(attempt, () => 0.5)).toBe(middle);
    expect(backoffMs(attempt, () => 0)).toBe(middle * 0.8);
    expect(backoffMs(attempt, () => 1 - Number.EPSILON)).toBe(middle * 1.2);
  });

  test('is never outside of ±20 % and never above the longest but for the jitter', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (attempt, random) => {
          const ms = backoffMs(attempt, () => random);
          expect(Number.isInteger(ms)).toBe(true);
          expect(ms).toBeGreaterThanOrEqual(24_000);
          expect(ms).toBeLessThanOrEqual(longestDelayMs * 1.2);
        },
      ),
    );
  });

  test('adds up to about an hour for all the tries that a task has', () => {
    const waits = Array.from({ length: maxAttempts - 1 }, (_, index) => backoffMs(index + 1, () => 0.5));
    const minutes = waits.reduce((sum, ms) => sum + ms, 0) / 60_000;
    expect(minutes).toBeGreaterThan(30);
    expect(minutes).toBeLessThan(75);
  });
});
