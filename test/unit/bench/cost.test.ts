import { describe, expect, test } from '@jest/globals';
import { billOf, combined, total } from '../../../bench/cost/bill.ts';
import { idleCosts, minutesPerMonth } from '../../../bench/cost/idle.ts';
import { memoryOf, usageOf } from '../../../bench/cost/usage.ts';
import { readServerlessFile } from '../../../local/template/serverless-file.ts';

const file = readServerlessFile({ stage: 'prod' });

describe('a bill', () => {
  test('has a line for what is used, at list price and after what is free', () => {
    const lines = billOf({ alarms: 18, gbSeconds: 1_000 });
    expect(lines.map(({ key }) => key)).toEqual(['gbSeconds', 'alarms']);
    expect(total(lines).usd).toBeCloseTo(1.8 + 0.0133334);
    expect(total(lines).usdAfterFree).toBeCloseTo(0.8);
  });

  test('adds up usages as often as each occurs', () => {
    const sum = combined([2, { alarms: 1, invocations: 3 }], [-1, { invocations: 2 }], [5, {}]);
    expect(sum).toEqual({ alarms: 2, invocations: 4 });
  });
});

describe('usage', () => {
  const one = { calls: 1, items: 1, readUnits: 1, writeUnits: 2, sqsRequests: 3, fifoRequests: 4 };

  test('leaves out polls that found nothing', () => {
    const counts = { poller: { 'ReceiveMessage (idle)': one, ReceiveMessage: one }, plan: { GetItem: one } };
    const usage = usageOf(file, { counts, invocations: [], receives: [] });
    expect(usage).toMatchObject({ readUnits: 2, writeUnits: 4, sqsRequests: 6, fifoRequests: 8 });
  });

  test('has the memory of each function, of `receive` for as long as its answer took', () => {
    expect([memoryOf(file, 'receive'), memoryOf(file, 'plan')]).toEqual([0.5, 1]);
    const invocations = [{ functionKey: 'plan', startedAt: 1_000, endedAt: 2_000 }];
    const usage = usageOf(file, { counts: {}, invocations, receives: [2_000] });
    expect(usage).toMatchObject({ httpRequests: 1, invocations: 2, gbSeconds: 6 });
    expect(usage.logGigabytes).toBeCloseTo(2.25e-6);
  });
});

test('an idle deployment has the alarms, queues and tables of serverless.yml', () => {
  const costs = idleCosts(file, { tick: { invocations: 1 }, reconciliation: { readUnits: 2 } });
  const usage = combined(...costs.map((one) => [1, one.usage] as const));
  const alarms = Object.values(file.resources).filter(({ Type }) => Type === 'AWS::CloudWatch::Alarm');
  expect(usage).toMatchObject({
    alarms: alarms.length,
    invocations: minutesPerMonth,
    sqsRequests: 2 * 15 * minutesPerMonth,
    fifoRequests: 15 * minutesPerMonth,
    readUnits: (2 * minutesPerMonth) / 15,
  });
});
