import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GetQueueAttributesCommand, SendMessageBatchCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { connect } from 'node:net';
import { localSqsClient } from '../../../local/servers/local-clients.ts';
import { noPortal, startStack, type Stack } from '../../../local/stack/stack.ts';

const stubs = 'test/fixtures/local/handlers';

function listens(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

describe('a running stack', () => {
  let stack: Stack<undefined>;
  const lines: string[] = [];
  beforeAll(async () => {
    process.env['AWS_PROFILE'] = 'somebody';
    stack = await startStack({ simulator: noPortal, handlers: stubs, output: (line) => lines.push(line) });
  });
  afterAll(async () => {
    delete process.env['AWS_PROFILE'];
    await stack.close();
  });

  it('answers events with the bundled handler', async () => {
    const response = await fetch(`${stack.httpUrl}/bitrix24/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'event=ONCRMDEALUPDATE',
    });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ body: 'event=ONCRMDEALUPDATE' });
  });

  it('routes nothing but the three POSTs', async () => {
    const statuses = await Promise.all(
      [
        fetch(`${stack.httpUrl}/bitrix24/events`),
        fetch(`${stack.httpUrl}/`, { method: 'POST' }),
        fetch(`${stack.httpUrl}/bitrix24/robot`, { method: 'POST', body: '' }),
        fetch(`${stack.httpUrl}/bitrix24/install`, { method: 'POST', body: '' }),
      ].map(async (response) => (await response).status),
    );
    expect(statuses).toEqual([404, 404, 200, 200]);
  });

  it('gives each function its variables as plain text, and nobody else’s keys', async () => {
    const { variables } = (await stack.invoke('release')) as { variables: Record<string, string> };
    expect(variables).toMatchObject({
      TIDY24_RUN: 'local',
      TIDY24_PUBLIC_URL: stack.httpUrl,
      EVENTS_QUEUE_URL: `${stack.sqsUrl}/000000000000/tidy24-local-events`,
      AWS_ENDPOINT_URL_SQS: stack.sqsUrl,
      AWS_ENDPOINT_URL_DYNAMODB: stack.dynamoDbUrl,
      AWS_ACCESS_KEY_ID: 'local',
    });
    expect(Object.values(variables).filter((value) => value.includes('[object'))).toEqual([]);
    expect(Object.keys(variables)).not.toContain('AWS_PROFILE');
  });

  it('tells of calls that AWS would refuse, and of no other', async () => {
    const line = 'release: its role in serverless.yml does not allow dynamodb:GetItem on tidy24-local-credentials';
    await stack.invoke('release');
    await stack.settled();
    expect(stack.refusable).toEqual([line]);
    expect(lines).toContain(line);
  });

  it('feeds the queues to their functions, and leaves on the queue what failed', async () => {
    const client = localSqsClient(stack.sqsUrl, 'eu-central-1');
    const QueueUrl = stack.environment['EVENTS_QUEUE_URL'];
    // In one request: a busy machine would make two batches of them.
    const Entries = ['good', 'fails'].map((MessageBody) => ({ Id: MessageBody, MessageBody }));
    await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    await stack.settled();
    const { Attributes } = await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
    expect(Attributes).toMatchObject({
      ApproximateNumberOfMessages: '0',
      ApproximateNumberOfMessagesNotVisible: '1',
    });
    expect(lines).toContain('plan: 1 of 2 messages stay on tidy24-local-events');
  });

  it('lets a function of a batch throw, and keeps its messages', async () => {
    const client = localSqsClient(stack.sqsUrl, 'eu-central-1');
    const QueueUrl = stack.environment['RECONCILE_QUEUE_URL'];
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'throws' }));
    await stack.settled();
    expect(lines).toContain(
      'reconcile: 1 of 1 messages stay on tidy24-local-reconcile: tidy24-local-reconcile: out of luck',
    );
  });
});

describe('the end of a stack', () => {
  it('leaves nothing listening', async () => {
    const stack = await startStack({ simulator: noPortal, handlers: stubs });
    const urls = [stack.httpUrl, stack.lambdaUrl, stack.sqsUrl, stack.dynamoDbUrl];
    const during = await Promise.all(urls.map(listens));
    await stack.close();
    await stack.ended;
    expect(during).toEqual([true, true, true, true]);
    expect(await Promise.all(urls.map(listens))).toEqual([false, false, false, false]);
  });

  it('comes also when a part cannot be started', async () => {
    const begun: string[] = [];
    const failing = async ({ httpUrl }: { httpUrl: string }) => {
      begun.push(httpUrl);
      throw new Error('no portal today');
    };
    await expect(startStack({ simulator: failing, handlers: stubs })).rejects.toThrow('no portal today');
    expect(begun).toHaveLength(1);
  });

  it('comes with the reason when the functions do not build', async () => {
    const broken = startStack({ simulator: noPortal, handlers: 'test/fixtures/local/no-handlers' });
    await expect(broken).rejects.toThrow('serverless-offline did not start');
  });
});
