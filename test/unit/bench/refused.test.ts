import { expect, test } from '@jest/globals';
import { refusedIn } from '../../../bench/drain/refused.ts';
import type { CommandRecord, RequestRecord } from '../../../simulator/request-log.ts';

const unlink = 'crm.deal.contact.items.delete';
const request = (time: number, changed: Partial<RequestRecord>): RequestRecord => ({
  time,
  method: unlink,
  params: {},
  commands: [],
  credential: 'webhook',
  userAgent: 'test',
  status: 200,
  answeredAt: time + 10,
  ...changed,
});
const batch = (time: number, ...errors: (string | undefined)[]): RequestRecord =>
  request(time, {
    method: 'batch',
    commands: errors.map((error, index): CommandRecord => {
      const command = { key: String(index), method: unlink, params: {} };
      return error === undefined ? command : { ...command, error };
    }),
  });
const tooFast = { status: 503, error: 'QUERY_LIMIT_EXCEEDED' } as const;
const tooLong = { status: 429, error: 'OPERATION_TIME_LIMIT' } as const;

test('nothing is refused', () => {
  expect(refusedIn([request(0, {}), batch(100, undefined, undefined)], unlink, 1_000)).toEqual({
    requests: 0,
    calls: 0,
    bannedMs: 0,
  });
});

test('from the first refusal to the next deletion that is taken', () => {
  const requests = [
    request(0, {}),
    request(100, tooFast),
    request(200, tooFast),
    request(300, { method: 'crm.deal.get' }),
    request(410, {}),
    request(500, tooLong),
    request(1_510, {}),
  ];
  expect(refusedIn(requests, unlink, 9_000)).toEqual({ requests: 2, calls: 1, bannedMs: 300 + 1_000 });
});

test('a batch that is refused in the middle was taken before, and bans until the next one that is taken', () => {
  const requests = [
    batch(0, undefined, 'OPERATION_TIME_LIMIT', 'OPERATION_TIME_LIMIT'),
    batch(100, 'OPERATION_TIME_LIMIT'),
    batch(510, undefined, 'NOT_FOUND'),
  ];
  expect(refusedIn(requests, unlink, 9_000)).toEqual({ requests: 0, calls: 3, bannedMs: 500 });
});

test('who is refused at last is banned until the end', () => {
  expect(refusedIn([request(100, tooFast), request(200, { status: 'reset' })], unlink, 600).bannedMs).toBe(490);
});
