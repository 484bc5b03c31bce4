import { describe, expect, test } from '@jest/globals';
import { ordinaryLimits } from '../../../lib/bitrix24/limits.ts';
import { estimate } from '../../../lib/tasks/rules-plan/estimate.ts';

const calls = (entries: Record<string, number>) => new Map(Object.entries(entries));
const use = (perCall: number) => ({ operating: 0, resetAt: 1, perCall, at: 1 });

describe('the time that a plan takes', () => {
  test('is that of its requests when calls are quick', () => {
    const measured = new Map([['crm.item.delete', use(0.001)]]);
    const work = { records: 480, calls: calls({ 'crm.item.delete': 5_000 }) };
    // 20 looks and 100 batches at 2 a second.
    expect(estimate(work, ordinaryLimits, measured)).toMatchObject({ requests: 120, seconds: 60 });
  });

  test('is that of the operating limit when a method works long', () => {
    const work = { records: 1_000, calls: calls({ 'crm.contact.delete': 1_000 }) };
    // 10,000 s of work at 480 s in 600 s: 20 windows.
    expect(estimate(work, ordinaryLimits, new Map())).toMatchObject({ operatingSeconds: 10_000, seconds: 12_000 });
  });

  test('is that of the work itself where it fits into one window', () => {
    const work = { records: 10, calls: calls({ 'crm.item.delete': 300 }) };
    expect(estimate(work, ordinaryLimits, new Map())).toMatchObject({ operatingSeconds: 300, seconds: 300 });
  });

  test('is nothing for nothing', () => {
    expect(estimate({ records: 0, calls: new Map() }, ordinaryLimits, new Map())).toEqual({
      requests: 0,
      operatingSeconds: 0,
      seconds: 0,
    });
  });
});
