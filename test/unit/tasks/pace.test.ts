import { describe, expect, test } from '@jest/globals';
import { enterpriseLimits, ordinaryLimits } from '../../../lib/bitrix24/limits.ts';
import { laneOf, paceOf } from '../../../lib/tasks/pace.ts';

const uses = (perCall: Record<string, number>) =>
  new Map(Object.entries(perCall).map(([method, seconds]) => [method, { perCall: seconds }]));
const now = 1_785_000_000_000;
const enforcing = { limits: ordinaryLimits, mode: 'enforce' } as const;

const quick = uses({ 'crm.item.delete': 0.001 });

describe('the pace of a lane', () => {
  test('is that of the requests where deletions are quick: 24 tasks a request', () => {
    expect(paceOf(enforcing, quick, now)).toEqual({ perSecond: 48, burst: 10 });
    expect(paceOf({ ...enforcing, limits: enterpriseLimits }, quick, now).perSecond).toBe(120);
  });

  test('is a guess where no deletion has been measured: half a second each', () => {
    expect(paceOf(enforcing, uses({ 'crm.item.list': 30 }), now).perSecond).toBe(480 / 600 / 0.5);
  });

  test('is that of the slowest deletion that is known', () => {
    const measured = { 'crm.deal.contact.items.delete': 0.5, 'crm.item.delete': 2, 'crm.item.list': 30 };
    expect(paceOf(enforcing, uses(measured), now)).toEqual({ perSecond: 480 / 600 / 2, burst: 10 });
  });

  test('of who only observes has nothing to do with deletions', () => {
    expect(paceOf({ ...enforcing, mode: 'observe' }, uses({ 'crm.item.delete': 20 }), now).perSecond).toBe(48);
  });

  test('is slower for as long as the portal has shown itself stricter than its settings', () => {
    const strictness = { steps: 1, since: now, at: now };
    expect(paceOf({ ...enforcing, strictness }, quick, now).perSecond).toBeCloseTo(48 * 0.7);
    expect(paceOf({ ...enforcing, strictness }, quick, now + 600_000).perSecond).toBeCloseTo(48);
    const refused = new Map([
      ['crm.item.delete', { perCall: 2, strictness }],
      ['crm.contact.delete', { perCall: 2.1 }],
    ]);
    expect(paceOf(enforcing, refused, now).perSecond).toBeCloseTo((480 * 0.85) / 600 / 2);
    expect(paceOf(enforcing, refused, now + 6 * 3_600_000).perSecond).toBeCloseTo(480 / 600 / 2.1);
  });
});

test.each([
  ['app', { movedBy: 7 }, '7'],
  ['reconcile', { movedBy: 7 }, '7'],
  ['robot', {}, '0'],
  ['operator', { movedBy: 7 }, 'backlog'],
])('what comes by %s is in the lane of who moved it: %j', (source, record, lane) => {
  expect(laneOf(source, record)).toBe(lane);
});
