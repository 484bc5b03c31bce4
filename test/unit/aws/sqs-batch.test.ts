import type { SQSRecord } from 'aws-lambda';
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { answer, formBody } from '../../../lib/aws/http.ts';
import { failed, parseRecord, receivesOf } from '../../../lib/aws/sqs-batch.ts';
import { deletionMessageSchema, eventMessageSchema, portalMessageSchema } from '../../../lib/tasks/messages.ts';

const record = (body: string, messageId = 'm1'): SQSRecord =>
  ({ messageId, body, attributes: { ApproximateReceiveCount: '3' } }) as unknown as SQSRecord;
const memberId = 'a223c6b3710f85df22e9377d6c4f7553';
const event = { v: 1, memberId, entityTypeId: 2, id: 7, source: 'app', receivedAt: 1 };

describe('a message of a queue', () => {
  test('that follows the schema is parsed', () => {
    expect(parseRecord(eventMessageSchema, record(JSON.stringify(event)))).toMatchObject({ message: event });
  });

  test.each([
    ['', 'The message is not JSON.'],
    ['{', 'The message is not JSON.'],
    ['null', 'schema'],
    ['[]', 'schema'],
    [JSON.stringify({ ...event, v: 2 }), 'v '],
    [JSON.stringify({ ...event, id: 'canary' }), 'id '],
    [JSON.stringify({ ...event, id: 0 }), 'id '],
    [JSON.stringify({ ...event, memberId: 'a/../b' }), 'memberId '],
    [JSON.stringify({ ...event, canary: 1 }), 'unrecognized_keys'],
    [JSON.stringify({ ...event, unverified: { tokenDigest: 'canary', domain: 'x' } }), 'unverified.tokenDigest'],
  ])('that does not is told by field and rule, without its content: %s', (body, problem) => {
    const parsed = parseRecord(eventMessageSchema, record(body));
    expect(parsed).not.toHaveProperty('message');
    expect(parsed).toMatchObject({ problem: expect.stringContaining(problem) });
    expect('problem' in parsed && parsed.problem).not.toContain('canary');
  });

  test('never throws, whatever it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (body) => {
        for (const schema of [eventMessageSchema, deletionMessageSchema, portalMessageSchema]) {
          const parsed = parseRecord<unknown>(schema, record(body));
          expect('message' in parsed).not.toBe('problem' in parsed);
        }
      }),
    );
  });

  test('of deletions names at least one task, at most a hundred, each by an id of ours', () => {
    const of = (taskIds: unknown) =>
      'message' in parseRecord(deletionMessageSchema, record(JSON.stringify({ v: 1, memberId, taskIds })));
    const id = 'a'.repeat(64);
    expect([of([id]), of(Array.from({ length: 100 }, () => id))]).toEqual([true, true]);
    expect([of([]), of(Array.from({ length: 101 }, () => id)), of(['x']), of([id.toUpperCase()]), of(id)]).toEqual([
      false,
      false,
      false,
      false,
      false,
    ]);
  });

  test('tells how often it was received', () => {
    expect(receivesOf(record(''))).toBe(3);
  });
});

test('the answer to a batch names the messages that come again and no others', () => {
  expect(failed([record('', 'a'), record('', 'b')])).toEqual({
    batchItemFailures: [{ itemIdentifier: 'a' }, { itemIdentifier: 'b' }],
  });
  expect(failed([])).toEqual({ batchItemFailures: [] });
});

describe('a request of the HTTP API', () => {
  const request = (headers: Record<string, string>, body?: string) =>
    ({ headers, body, isBase64Encoded: true }) as unknown as Parameters<typeof formBody>[0];

  test.each([{ 'content-type': 'a/b' }, { 'Content-Type': 'a/b' }])('gives its content type: %j', (headers) => {
    expect(formBody(request(headers, 'x'))).toEqual({ body: 'x', isBase64Encoded: true, contentType: 'a/b' });
  });

  test('may have neither body nor content type', () => {
    expect(formBody(request({}))).toEqual({ body: undefined, isBase64Encoded: true, contentType: undefined });
  });

  test('is answered in plain text', () => {
    expect(answer(413, 'too large')).toEqual({
      statusCode: 413,
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      body: 'too large\n',
    });
  });
});
