import { describe, expect, test } from '@jest/globals';
import { enterpriseLimits, ordinaryLimits } from '../../../lib/bitrix24/limits.ts';
import { laneOf, paceOf } from '../../../lib/tasks/pace.ts';

const uses = (perCall: Record<string, number>) =>
  new Map(Object.entries(perCall).map(([method, seconds]) => [method, { perCall: seconds }]));
const now = 1_785_000_000_000;
const enforcing = { limits: ordinaryLimits, mode: 'enforce' } as const;

describe('the pace of a lane', () => {
  test('is that of the requests where no deletion has been measured: 24 tasks a request, less a fifth', () => {
    expect(paceOf(enforcing, uses({}), now)).toEqual({ perSecond: 0.8 * 48, burst: 100 });
    expect(paceOf({ ...enforcing, limits: enterpriseLimits }, uses({}), now).perSecond).toBeCloseTo(0.8 * 120);
  });

  test('is that of the slowest deletion that is known', () => {
    const measured = { 'crm.deal.contact.items.delete': 0.5, 'crm.item.delete': 2, 'crm.item.list': 30 };
    expect(paceOf(enforcing, uses(measured), now)).toEqual({ perSecond: 0.8 * (480 / 600 / 2), burst: 24 });
  });

  test('of who only observes has nothing to do with deletions', () => {
    expect(paceOf({ ...enforcing, mode: 'observe' }, uses({ 'crm.item.delete': 20 }), now).perSecond).toBeCloseTo(38.4);
  });

  test('is slower for as long as the portal has shown itself stricter than its settings', () => {
    const strictness = { steps: 1, since: now, at: now };
    expect(paceOf({ ...enforcing, strictness }, uses({}), now).perSecond).toBeCloseTo(0.8 * 48 * 0.7);
    expect(paceOf({ ...enforcing, strictness }, uses({}), now + 600_000).perSecond).toBeCloseTo(0.8 * 48);
    const refused = new Map([
      ['crm.item.delete', { perCall: 2, strictness }],
      ['crm.contact.delete', { perCall: 2.1 }],
    ]);
    expect(paceOf(enforcing, refused, now).perSecond).toBeCloseTo(0.8 * ((480 * 0.85) / 600 / 2));
    expect(paceOf(enforcing, refused, now + 6 * 3_600_000).perSecond).toBeCloseTo(0.8 * (480 / 600 / 2.1));
  });

  test('lets a few go at once however slow the portal is', () => {
    expect(paceOf(enforcing, uses({ 'crm.contact.delete': 100 }), now).burst).toBe(10);
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
