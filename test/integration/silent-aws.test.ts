import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createDynamoDbClient, createSqsClient, hurried } from '../../lib/aws/clients.ts';
import { openQueue } from '../../lib/aws/queue.ts';
import { openTable } from '../../lib/aws/table.ts';
import { PortalStore } from '../../lib/portals/store.ts';
import { SenderCheck } from '../../lib/portals/senders.ts';
import { EventIntake } from '../../lib/tasks/accept-event.ts';

/** A server that takes every connection and never says a word: the worst that a service can do. */
let silent: Server;
const sockets = new Set<Socket>();

beforeEach(async () => {
  silent = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.resume();
  });
  await new Promise<void>((resolve) => {
    silent.listen(0, '127.0.0.1', resolve);
  });
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => {
    silent.close(resolve);
  });
});

test('receive answers 503 before its own time is over when table and queue are silent', async () => {
  const endpoint = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const place = { region: 'eu-central-1', endpoint, credentials: { accessKeyId: 'local', secretAccessKey: 'local' } };
  const dynamoDb = createDynamoDbClient({ ...hurried, ...place });
  const sqs = createSqsClient({ ...hurried, ...place });
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const portals = new PortalStore(openTable(dynamoDb, 'portals'), Date.now);
  const intake = new EventIntake({
    senders: new SenderCheck(portals, Date.now),
    events: openQueue(sqs, `${endpoint}/000000000000/events`, () => crypto.randomUUID()),
    lifecycle: { portals, appChores: { wantCheck: () => Promise.resolve(), wantUninstall: () => Promise.resolve() } },
    clock: Date.now,
    log,
    count: () => {},
  });
  const body =
    'event=ONCRMDEALUPDATE&data[FIELDS][ID]=42&auth[member_id]=0123456789abcdef0123456789abcdef' +
    '&auth[domain]=demo.bitrix24.com&auth[application_token]=token0123456789';

  const reply = await intake.accept({ body, isBase64Encoded: false, contentType: 'application/x-www-form-urlencoded' });

  expect(reply.status).toBe(503);
  dynamoDb.destroy();
  sqs.destroy();
}, 10_000);
