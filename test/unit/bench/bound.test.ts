import { describe, expect, test } from '@jest/globals';
import { leastSeconds, type Portal } from '../../../bench/drain/bound.ts';

const portal: Portal = {
  perSecond: 2,
  burst: 50,
  operatingSeconds: 480,
  windowSeconds: 600,
  perDeletion: 0.6,
  perRead: 0,
};

describe('the least time to delete so many records', () => {
  test('is that of the deletions alone, as long as no limit is met', () => {
    expect(leastSeconds(500, portal)).toBeCloseTo(300);
    expect(leastSeconds(0, portal)).toBe(0);
  });

  test('has one read for each batch', () => {
    expect(leastSeconds(500, { ...portal, perRead: 3 })).toBeCloseTo(330);
    expect(leastSeconds(501, { ...portal, perRead: 3 })).toBeCloseTo(333.6);
  });

  test('stands still when the window is used up, until its oldest tenth leaves it', () => {
    // 800 deletions take the 480 s, and one more crosses the limit; the tenth that leaves first has 100 of them.
    expect(leastSeconds(801, portal)).toBeCloseTo(480.6);
    expect(leastSeconds(802, portal)).toBeCloseTo(600.6);
    expect(leastSeconds(901, portal)).toBeCloseTo(660);
    // From there a tenth leaves each minute, until those come that were empty.
    expect(leastSeconds(1_602, portal)).toBeCloseTo(1_080.6);
    expect(leastSeconds(1_603, portal)).toBeCloseTo(1_200.6);
  });

  test('comes in the long run to the share of the window that may be used', () => {
    const deletions = 20_000;
    const perSecond = deletions / leastSeconds(deletions, portal);
    expect(perSecond / (480 / 600 / 0.6)).toBeCloseTo(1, 1);
  });

  test('is bound by the rate of requests when calls are quick and batches small', () => {
    const quick = { ...portal, burst: 1, perSecond: 0.1, perDeletion: 0.001 };
    // Four requests, of which the first goes at once.
    expect(leastSeconds(100, quick)).toBeCloseTo(30.05, 1);
  });

  test('takes no batch that would last longer than 45 s', () => {
    const slow = { ...portal, perDeletion: 20, perRead: 1 };
    expect(leastSeconds(4, slow)).toBeCloseTo(82);
    expect(leastSeconds(1, { ...slow, perDeletion: 50 })).toBeCloseTo(51);
  });
});
