import { createServer, request, type Server } from 'node:http';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { CallWatch, sumOf } from '../../../bench/support/call-counts.ts';
import { loopback, portOf } from '../../../local/servers/listening.ts';

let server: Server;
let watch: CallWatch;
beforeEach(async () => {
  server = createServer((asked, answer) => {
    asked.resume();
    asked.on('end', () => answer.write('{"Messages":') && answer.end('[]}'));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, loopback, resolve);
  });
  watch = CallWatch.start([]);
});
afterEach(async () => {
  watch.stop();
  await new Promise((resolve) => server.close(resolve));
});

function ask(operation: string, userAgent: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'x-amz-target': `AmazonSQS.${operation}`, 'user-agent': userAgent };
    const outgoing = request(
      { host: loopback, port: portOf(server), method: 'POST', headers, agent: false },
      (answer) => {
        answer.resume();
        answer.on('end', resolve);
      },
    );
    outgoing.on('error', reject);
    outgoing.end('{}');
  });
}

test('a call is counted as that of the function that makes it, here or elsewhere', async () => {
  await watch.runAs('plan', async () => {
    await ask('SendMessageBatch', 'aws-sdk-js app/PT/NO-OP');
    await ask('SendMessageBatch', 'aws-sdk-js app/PT/NO-OP');
  });
  await ask('SendMessage', 'aws-sdk-js app/receive');
  await ask('ReceiveMessage', 'aws-sdk-js app/PT/NO-OP');

  const { plan, receive, poller } = watch.take();
  expect(plan).toMatchObject({ SendMessageBatch: { calls: 2, items: 2, sqsRequests: 2 } });
  expect(receive).toMatchObject({ SendMessage: { calls: 1 } });
  expect(Object.keys(poller ?? {})).toEqual(['ReceiveMessage (idle)']);
});

test('what was taken is not counted again, nor what comes after the end', async () => {
  await ask('SendMessage', 'app/receive');
  expect(watch.take()).not.toEqual({});
  expect(watch.take()).toEqual({});
  watch.stop();
  await ask('SendMessage', 'app/receive');
  expect(watch.take()).toEqual({});
});

test('sums are of what is there', () => {
  const one = { calls: 1, items: 2, readUnits: 0.5, writeUnits: 3, sqsRequests: 4, fifoRequests: 5 };
  expect(sumOf([one, undefined, one])).toEqual({
    calls: 2,
    items: 4,
    readUnits: 1,
    writeUnits: 6,
    sqsRequests: 8,
    fifoRequests: 10,
  });
});
