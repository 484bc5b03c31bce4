import { describe, expect, it } from '@jest/globals';
import { callsOf } from '../../../local/permissions/call.ts';
import { roleCheck } from '../../../local/permissions/roles.ts';
import { watchCalls } from '../../../local/permissions/watch-calls.ts';
import { readServerlessFile } from '../../../local/template/serverless-file.ts';

const userAgent = 'aws-sdk-js/3.1162.0 ua/2.1 os/linux#6 lang/js md/nodejs#24.21.0 api/sqs#3.1162.0 app/plan';

describe('a request to a server on this machine', () => {
  it('is a call of the function that the SDK names', () => {
    const target = 'DynamoDB_20120810.Query';
    expect(callsOf({ target, userAgent }, { TableName: 'tasks', IndexName: 'due' })).toEqual([
      { functionKey: 'plan', action: 'dynamodb:Query', resource: 'tasks/index/due' },
    ]);
  });

  it('has no batches in SQS, as IAM sees it', () => {
    const body = { QueueUrl: 'http://127.0.0.1:1/000000000000/events' };
    expect(callsOf({ target: 'AmazonSQS.SendMessageBatch', userAgent }, body)).toEqual([
      { functionKey: 'plan', action: 'sqs:SendMessage', resource: 'events' },
    ]);
  });

  it('may be several calls when it is about several tables', () => {
    const body = { RequestItems: { tasks: {}, portals: {} } };
    const calls = callsOf({ target: 'DynamoDB_20120810.BatchGetItem', userAgent }, body);
    expect(calls.map(({ resource }) => resource)).toEqual(['tasks', 'portals']);
  });

  it('is nobody’s when Powertools names itself in the place of a function', () => {
    const other = 'aws-sdk-js/3.1162.0 app/PT/NO-OP/2.31.0';
    expect(callsOf({ target: 'AmazonSQS.SendMessage', userAgent: other }, { QueueUrl: 'q' })).toEqual([]);
  });

  it('is nobody’s when no function is named', () => {
    expect(callsOf({ target: 'AmazonSQS.SendMessage', userAgent: 'aws-sdk-js/3' }, { QueueUrl: 'q' })).toEqual([]);
  });
});

describe('a role', () => {
  const allows = roleCheck(readServerlessFile());

  it.each([
    ['receive', 'sqs:SendMessage', 'tidy24-local-events', true],
    ['receive', 'dynamodb:GetItem', 'tidy24-local-credentials', false],
    ['release', 'dynamodb:Query', 'tidy24-local-tasks/index/due', true],
    ['release', 'dynamodb:Query', 'tidy24-local-tasks', false],
    ['plan', 'sqs:SendMessage', 'tidy24-local-events', false],
    ['nobody', 'sqs:SendMessage', 'tidy24-local-events', false],
  ])('of %s: %s on %s is %s', (functionKey, action, resource, expected) => {
    expect(allows({ functionKey, action, resource })).toBe(expected);
  });

  it('that lacks a permission is named once, however often it is needed', () => {
    const lines: string[] = [];
    const { onCall, refusable } = watchCalls((line) => lines.push(line));
    const call = { functionKey: 'worker', action: 'dynamodb:DeleteItem', resource: 'tidy24-local-tasks' };
    onCall(call);
    onCall(call);
    onCall({ ...call, action: 'dynamodb:UpdateItem' });
    expect(lines).toEqual([
      'worker: its role in serverless.yml does not allow dynamodb:DeleteItem on tidy24-local-tasks',
    ]);
    expect(refusable).toEqual(lines);
  });
});
