import { inspect } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { tokenDigest } from '../../../lib/bitrix24/token-digest.ts';
import { acceptInstallation, type InstallOptions } from '../../../lib/tasks/accept-installation.ts';
import { choreId } from '../../../lib/tasks/due-ids.ts';
import { Database, dyingAt, MemoryQueue, newMemberId, Notes, type Parts, partsOf, TestTime } from '../portals/parts.ts';

let database: Database;
let time: TestTime;
let notes: Notes;
let parts: Parts;
let reconcile: MemoryQueue;
let memberId: string;

beforeAll(async () => {
  database = await Database.start();
});
afterAll(async () => {
  await database.close();
});
beforeEach(() => {
  time = new TestTime();
  notes = new Notes();
  parts = partsOf(database.tables, { time, notes });
  reconcile = new MemoryQueue();
  memberId = newMemberId();
});

const body = (changed: Record<string, string> = {}): string =>
  new URLSearchParams({
    event: 'ONAPPINSTALL',
    'data[VERSION]': '1',
    'auth[domain]': 'demo.bitrix24.test',
    'auth[scope]': 'crm',
    'auth[access_token]': 'canary-access',
    'auth[refresh_token]': 'canary-refresh',
    'auth[expires_in]': '3600',
    'auth[server_endpoint]': 'https://oauth.bitrix.info/rest/',
    'auth[client_endpoint]': 'https://evil.test/rest/',
    'auth[member_id]': memberId,
    'auth[application_token]': 'canary-application',
    ...changed,
  }).toString();
const options = (changed: Partial<InstallOptions> = {}): InstallOptions => ({
  ...parts,
  reconcile,
  publicUrl: 'https://tidy.test',
  allowLoopback: false,
  ...changed,
});
const accept = (text = body(), changed: Partial<InstallOptions> = {}) =>
  acceptInstallation(options(changed), {
    body: text,
    isBase64Encoded: false,
    contentType: 'application/x-www-form-urlencoded',
  });
const chore = () => database.tables.tasks.get({ taskId: choreId(memberId, 'prove'), sk: 'chore' });
const kept = async () => (await parts.credentials.pending(memberId))?.installations ?? [];

test('an installation is kept, wanted by the clock, and sent at once; nothing of it is believed', async () => {
  expect(await accept()).toEqual({ status: 200, text: 'kept' });
  expect(await kept()).toEqual([
    {
      id: tokenDigest('canary-refresh'),
      refreshToken: 'canary-refresh',
      tokenUrl: 'https://oauth.bitrix.info/oauth/token/',
      tokenDigest: tokenDigest('canary-application'),
      domain: 'demo.bitrix24.test',
      eventsUrl: 'https://tidy.test/bitrix24/events',
      receivedAt: time.now,
    },
  ]);
  expect(await chore()).toMatchObject({ nextAt: time.now + 60_000 });
  expect(reconcile.sent).toEqual([{ body: { v: 1, memberId, chore: 'prove' }, group: memberId }]);
  expect(await parts.portals.get(memberId)).toBeUndefined();
  expect(await parts.credentials.get(memberId)).toBeUndefined();
});

test('the same one again is one', async () => {
  await accept();
  await accept();
  expect(await kept()).toHaveLength(1);
});

test('a queue that takes nothing loses nothing: the clock sends it', async () => {
  reconcile.refuse = () => true;
  expect((await accept()).status).toBe(200);
  expect(await chore()).toBeDefined();
});

describe('refused is', () => {
  test.each<[number, string, () => string]>([
    [400, 'another event', () => body({ event: 'ONCRMDEALUPDATE', 'data[FIELDS][ID]': '1' })],
    [400, 'what is no event', () => 'a=b'],
    [400, 'a refresh token that is missing', () => body({ 'auth[refresh_token]': '' })],
    [
      400,
      'an authorization server that is not Bitrix24’s',
      () => body({ 'auth[server_endpoint]': 'https://evil.test/rest/' }),
    ],
    [
      400,
      'one that looks like it',
      () => body({ 'auth[server_endpoint]': 'https://oauth.bitrix.info.evil.test/rest/' }),
    ],
    [
      400,
      'this machine, outside of a local run',
      () => body({ 'auth[server_endpoint]': 'http://127.0.0.1:4380/rest/' }),
    ],
    [413, 'a huge body', () => body({ x: 'y'.repeat(70_000) })],
  ])('with %i: %s', async (status, _name, text) => {
    const reply = await accept(text());
    expect(reply.status).toBe(status);
    expect(reply.text).not.toMatch(/canary|evil/);
    expect(await kept()).toEqual([]);
    expect(await chore()).toBeUndefined();
  });

  test('with 415: another content type', async () => {
    const request = { body: body(), isBase64Encoded: false, contentType: 'application/json' };
    expect((await acceptInstallation(options(), request)).status).toBe(415);
  });
});

describe('a function that dies', () => {
  test.each(['before', 'after'] as const)(
    '%s any write answers 503, and a repeat keeps the installation',
    async (when) => {
      for (let write = 1; ; write += 1) {
        memberId = newMemberId();
        const dying = dyingAt(database.tables, write, when);
        const reply = await accept(body(), partsOf(dying.tables, { time, notes }));
        if (!dying.died()) {
          expect(reply.status).toBe(200);
          return;
        }
        expect(reply.status).toBe(503);
        expect((await accept()).status).toBe(200);
        expect(await kept()).toHaveLength(1);
        expect(await chore()).toBeDefined();
      }
    },
  );

  // Bitrix24 installs once and repeats nothing: what is kept without a chore would be looked at by nobody.
  test('after any number of its writes leaves no installation that the clock will not look at', async () => {
    for (let write = 1; write <= 2; write += 1) {
      memberId = newMemberId();
      const dying = dyingAt(database.tables, write, 'after');
      expect((await accept(body(), partsOf(dying.tables, { time, notes }))).status).toBe(503);
      expect(await chore()).toBeDefined();
      expect(await kept()).toHaveLength(write - 1);
    }
  });
});

test('no secret is logged or answered, whatever happens', async () => {
  const replies = [await accept(), await accept(body({ 'auth[server_endpoint]': 'https://canary-host.test/' }))];
  const dying = dyingAt(database.tables, 1, 'before');
  replies.push(await accept(body(), partsOf(dying.tables, { time, notes })));
  expect(replies.map(({ status }) => status)).toEqual([200, 400, 503]);
  expect(inspect([replies, notes.lines, reconcile.sent], { depth: 20 })).not.toContain('canary');
});
