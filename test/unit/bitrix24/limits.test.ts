import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import {
  enterpriseLimits,
  limitsInForce,
  type MethodUse,
  operatingInForce,
  ordinaryLimits,
  roomFor,
  withMeasured,
} from '../../../lib/bitrix24/limits.ts';

const now = 1_785_000_000_000;
const window = 600_000;
const used = (changed: Partial<MethodUse>): MethodUse => ({
  operating: 0,
  resetAt: now + window,
  perCall: 0.609,
  at: now,
  ...changed,
});

test('an enterprise portal takes more requests, not more operating time', () => {
  expect(ordinaryLimits).toEqual({
    requestsPerSecond: 2,
    burst: 50,
    operatingSeconds: 480,
    operatingWindowSeconds: 600,
  });
  expect(enterpriseLimits).toEqual({ ...ordinaryLimits, requestsPerSecond: 5, burst: 250 });
});

describe('the limits in force', () => {
  const strictness = { steps: 2, since: now, at: now };

  test('are those that are set while nothing was refused, and once it is long ago', () => {
    expect(limitsInForce({ limits: ordinaryLimits }, now)).toEqual(ordinaryLimits);
    expect(limitsInForce({ limits: ordinaryLimits, strictness }, now + 20 * 60_000)).toEqual(ordinaryLimits);
    expect(operatingInForce(ordinaryLimits, undefined, now)).toBe(480);
    expect(operatingInForce(ordinaryLimits, {}, now)).toBe(480);
    expect(operatingInForce(ordinaryLimits, { strictness }, now + 12 * 3_600_000)).toBe(480);
  });

  test('are a slower rate and a smaller burst after refused requests, and the same operating time', () => {
    const inForce = limitsInForce({ limits: ordinaryLimits, strictness }, now);
    expect(inForce).toEqual({ ...ordinaryLimits, requestsPerSecond: 2 * 0.7 ** 2, burst: 24 });
  });

  test('hold one request at least', () => {
    expect(limitsInForce({ limits: { ...ordinaryLimits, burst: 1 }, strictness }, now).burst).toBe(1);
  });

  test('are less operating time of the method that was refused', () => {
    expect(operatingInForce(ordinaryLimits, { strictness }, now)).toBeCloseTo(480 * 0.85 ** 2);
    const strict = used({ strictness: { steps: 1, since: now, at: now } });
    // 98 % of 408 s.
    expect(roomFor(strict, 10_000, ordinaryLimits, now)).toEqual({ calls: 656, waitUntil: now + window });
  });
});

describe('how many calls have room', () => {
  test('all of them while nothing was measured', () => {
    expect(roomFor(undefined, 50, ordinaryLimits, now)).toEqual({ calls: 50 });
  });

  // 470.4 s of 480 s may be used: 2 % stay in reserve.
  test.each([
    ['crm.deal.contact.items.delete', 0.609, 772],
    ['crm.company.contact.items.delete', 0.21, 2_240],
    ['crm.company.delete', 1.56, 301],
    ['crm.deal.delete', 5.26, 89],
    ['crm.contact.delete, if it takes so long', 100.8, 4],
  ])('%s at %d s: %d in a fresh window', (_method, perCall, calls) => {
    const room = roomFor(used({ perCall }), 1_000_000, ordinaryLimits, now);
    expect(room).toEqual({ calls, waitUntil: now + window });
    expect(calls * perCall).toBeLessThanOrEqual(470.4);
    expect((calls + 1) * perCall).toBeGreaterThan(470.4);
  });

  test('of a lower limit, as self-hosted portals have it, less', () => {
    expect(roomFor(used({}), 10_000, { ...ordinaryLimits, operatingSeconds: 420 }, now).calls).toBe(675);
  });

  test('what fits is all that is said when all fits', () => {
    expect(roomFor(used({ operating: 440 }), 49, ordinaryLimits, now)).toEqual({ calls: 49 });
    expect(roomFor(used({ operating: 440 }), 50, ordinaryLimits, now)).toEqual({ calls: 49, waitUntil: now + window });
  });

  test('none when the reserve is touched, until the oldest part leaves the window', () => {
    const resetAt = now + 120_000;
    expect(roomFor(used({ operating: 470.4, resetAt }), 1, ordinaryLimits, now)).toEqual({
      calls: 0,
      waitUntil: resetAt,
    });
    expect(roomFor(used({ operating: 900, resetAt }), 5, ordinaryLimits, now)).toEqual({
      calls: 0,
      waitUntil: resetAt,
    });
  });

  test('one as a probe when something has left the window and nobody knows how much', () => {
    const use = used({ operating: 470.4, resetAt: now + 120_000 });
    expect(roomFor(use, 50, ordinaryLimits, now + 119_999).calls).toBe(0);
    expect(roomFor(use, 50, ordinaryLimits, now + 120_000)).toEqual({ calls: 1, waitUntil: now + 120_000 });
  });

  test('all of them when the whole window has passed since the last measure', () => {
    const use = used({ operating: 480, resetAt: now + 2 * window });
    expect(roomFor(use, 50, ordinaryLimits, now + window - 1).calls).toBe(0);
    expect(roomFor(use, 50, ordinaryLimits, now + window)).toEqual({ calls: 50 });
  });

  test('none while the portal refuses the method, whatever else is known', () => {
    const use = used({ operating: 0, blockedUntil: now + 300_000 });
    expect(roomFor(use, 1, ordinaryLimits, now + 299_999)).toEqual({ calls: 0, waitUntil: now + 300_000 });
    expect(roomFor(use, 1, ordinaryLimits, now + 300_000)).toEqual({ calls: 1 });
  });

  test('none while what is left is too little for what is to be done, but for no longer than a window', () => {
    const use = used({ operating: 0, fullUntil: now + 300_000 });
    expect(roomFor(use, 1, ordinaryLimits, now + 299_999)).toEqual({ calls: 0, waitUntil: now + 300_000 });
    expect(roomFor(use, 1, ordinaryLimits, now + 300_000)).toEqual({ calls: 1 });
    expect(roomFor(used({ operating: 0, fullUntil: now + window + 1 }), 1, ordinaryLimits, now)).toEqual({ calls: 1 });
  });

  test('none when the limit is used up although the time per call is not known', () => {
    expect(roomFor(used({ operating: 480, perCall: 0 }), 50, ordinaryLimits, now).calls).toBeLessThanOrEqual(1);
  });

  test('whatever was measured, no more than was wanted, and never more than stays under the limit', () => {
    const seconds = fc.double({ min: 0.001, max: 700, noNaN: true });
    fc.assert(
      fc.property(seconds, seconds, fc.nat(200), fc.nat(1_000_000), (operating, perCall, wanted, later) => {
        const use = used({ operating, perCall, resetAt: now + 300_000 });
        const { calls, waitUntil } = roomFor(use, wanted, ordinaryLimits, now + later);
        expect(calls).toBeLessThanOrEqual(wanted);
        // A probe may be all that was wanted, and still says that there is no room for more.
        const probe = later >= 300_000 && calls === 1;
        if (calls < wanted || !probe) expect(calls < wanted).toBe(waitUntil !== undefined);
        if (later < 300_000 && calls > 0) expect(operating + calls * perCall).toBeLessThanOrEqual(470.4 + 1e-6);
      }),
    );
  });
});

describe('the use of a method after an answer', () => {
  test('is what the portal says it is', () => {
    const use = withMeasured(
      undefined,
      { calls: 50, seconds: 30.45, operating: 31, resetAt: now + 555_000 },
      ordinaryLimits,
      now,
    );
    expect(use).toEqual({ operating: 31, resetAt: now + 555_000, perCall: 30.45 / 50, at: now });
  });

  test('is added up where the portal says nothing, and starts anew when the window has passed', () => {
    const first = withMeasured(undefined, { calls: 10, seconds: 6 }, ordinaryLimits, now);
    expect(first).toEqual({ operating: 6, resetAt: now + window, perCall: 0.6, at: now });
    const second = withMeasured(first, { calls: 10, seconds: 6 }, ordinaryLimits, now + 60_000);
    expect(second).toMatchObject({ operating: 12, resetAt: now + window, at: now + 60_000 });
    const third = withMeasured(second, { calls: 10, seconds: 6 }, ordinaryLimits, now + 60_000 + window);
    expect(third).toMatchObject({ operating: 6, resetAt: now + 60_000 + 2 * window });
  });

  test('the time per call rises at once and falls slowly', () => {
    const slow = withMeasured(used({ perCall: 0.6 }), { calls: 10, seconds: 30 }, ordinaryLimits, now);
    expect(slow.perCall).toBe(3);
    const fast = withMeasured(slow, { calls: 10, seconds: 6 }, ordinaryLimits, now);
    expect(fast.perCall).toBeCloseTo(3 * 0.7 + 0.6 * 0.3);
  });

  test('lasts a whole window at most, whatever moment the portal names for its reset', () => {
    const measured = { calls: 1, seconds: 1, operating: 400, resetAt: now * 1000 };
    expect(withMeasured(undefined, measured, ordinaryLimits, now)).toMatchObject({ resetAt: now + window });
    const wrong = used({ resetAt: now * 1000 });
    expect(withMeasured(wrong, { calls: 1, seconds: 1 }, ordinaryLimits, now).resetAt).toBe(now + window);
  });

  test('no call at all is no division by nothing', () => {
    expect(withMeasured(undefined, { calls: 0, seconds: 0 }, ordinaryLimits, now).perCall).toBe(0);
  });

  test('a refusal is over once the method has been answered again, and so is that it counted as full', () => {
    const closed = used({ blockedUntil: now + 60_000, fullUntil: now + 60_000 });
    const use = withMeasured(closed, { calls: 1, seconds: 1 }, ordinaryLimits, now);
    expect(use.blockedUntil).toBeUndefined();
    expect(use.fullUntil).toBeUndefined();
  });
});
