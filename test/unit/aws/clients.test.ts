import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, expect, jest, test } from '@jest/globals';
import { createDynamoDbClient, createSqsClient } from '../../../lib/aws/clients.ts';

const logger = { debug: jest.fn(), info: jest.fn(), warn: jest.fn(), error: jest.fn() };
const config = {
  region: 'eu-central-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  maxAttempts: 1,
  logger,
  requestHandler: { handle: () => Promise.reject(new Error('No answer')) },
};

afterEach(() => {
  jest.clearAllMocks();
});

test('what is sent to a queue goes to no logger of the SDK', async () => {
  const client = createSqsClient(config);
  const sent = client.send(new SendMessageCommand({ QueueUrl: 'http://127.0.0.1:9/0/events', MessageBody: 'secret' }));

  await expect(sent).rejects.toThrow('No answer');

  expect(JSON.stringify(Object.values(logger).map(({ mock }) => mock.calls))).not.toContain('secret');
});

test('what is asked of a table goes to no logger of the SDK', async () => {
  const client = createDynamoDbClient(config);
  const sent = client.send(new GetCommand({ TableName: 'tasks', Key: { taskId: 'secret' } }));

  await expect(sent).rejects.toThrow('No answer');

  expect(JSON.stringify(Object.values(logger).map(({ mock }) => mock.calls))).not.toContain('secret');
});
