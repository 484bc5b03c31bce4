import { expect, test } from '@jest/globals';
import { effectsIn } from '../../../bench/latency/lone-deals.ts';
import { stepNames, stepsOf } from '../../../bench/latency/steps.ts';
import type { RequestRecord } from '../../../simulator/request-log.ts';

const request = (userAgent: string, time: number, answeredAt: number): RequestRecord => ({
  time,
  answeredAt,
  method: 'batch',
  params: {},
  commands: [],
  credential: 'webhook',
  userAgent,
});
const lone = { dealId: 7, postedAt: 100, answeredAt: 110 };
const invocations = [
  { functionKey: 'plan', messages: 1, startedAt: 50, endedAt: 60 },
  { functionKey: 'plan', messages: 1, startedAt: 200, endedAt: 300 },
  { functionKey: 'worker', messages: 1, startedAt: 310, endedAt: 600 },
];
const requests = [
  request('tidy24 plan', 220, 250),
  request('tidy24 plan', 251, 280),
  request('tidy24 worker', 320, 350),
  request('tidy24 worker', 400, 500),
];

test('the steps of a deal end where the next begin, and are the whole way together', () => {
  const steps = stepsOf(lone, invocations, requests) ?? [];
  expect(steps).toEqual([10, 90, 20, 60, 30, 10, 30, 50, 100]);
  expect(steps).toHaveLength(stepNames.length);
  expect(steps.reduce((sum, step) => sum + step, 0)).toBe(500 - lone.postedAt);
});

test('a way of which something is not known is none', () => {
  expect(stepsOf(lone, invocations, requests.slice(0, 2))).toBeUndefined();
});

test('an effect is the answer to a deletion that was not refused', () => {
  const command = { key: 'a', method: 'crm.deal.contact.items.delete', params: { id: '7' } };
  const refused = { ...command, params: { id: '8' }, error: 'ERROR_CORE' };
  const [first] = requests;
  expect(effectsIn(first ? [{ ...first, commands: [command, refused] }] : [])).toEqual(new Map([[7, 250]]));
});
