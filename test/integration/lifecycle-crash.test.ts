import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { TableUnavailable } from '../../lib/aws/table.ts';
import { tokenDigest } from '../../lib/bitrix24/token-digest.ts';
import { finishUninstall } from '../../lib/tasks/uninstall.ts';
import {
  Database,
  dyingAt,
  failureOf,
  newMemberId,
  Notes,
  type Parts,
  partsOf,
  portalOf,
  TestTime,
  watched,
} from './portals/parts.ts';

const digest = tokenDigest('of the app that is removed');
const next = tokenDigest('of the app that is installed next');
const hour = 3600_000;

let database: Database;
let time: TestTime;
let parts: Parts;
let memberId: string;
let taskIds: string[];

beforeAll(async () => {
  database = await Database.start();
});
afterAll(async () => {
  await database.close();
});
beforeEach(() => {
  time = new TestTime();
  parts = partsOf(database.tables, { time });
});

const finish = (from: Parts = parts, leftMs = 300_000) => finishUninstall(from, memberId, time.now + leftMs);

async function createTask(id: number): Promise<string> {
  const { taskId } = await parts.tasks.create(
    {
      memberId,
      record: { entityTypeId: 2, id },
      rule: { id: 'a-rule', version: 1 },
      transition: { stageId: 'LOSE', movedTime: time.now },
      run: 0,
    },
    { nextAt: time.now + hour, source: 'app', history: [] },
  );
  return taskId;
}

const tokens = (name: string) => ({
  memberId,
  kind: 'oauth' as const,
  generation: 1,
  accessToken: `access ${name}`,
  refreshToken: `refresh ${name}`,
  accessExpiresAt: time.now + hour,
  clientEndpoint: 'https://demo.bitrix24.test/rest/',
  tokenUrl: 'https://oauth.bitrix.info/oauth/token/',
});

/** A portal with work of every kind, whose app has just been removed. */
async function removeApp(): Promise<void> {
  memberId = newMemberId();
  const origin = { tokenDigest: digest, receivedAt: time.now - hour };
  await parts.portals.create(portalOf(memberId, { tokenDigests: [digest], installation: origin }));
  await parts.portals.pause(memberId, { code: 'overload-block', reason: 'blocked' });
  await parts.credentials.put({ ...tokens('old'), installation: origin });
  taskIds = [await createTask(1), await createTask(2)];
  const record = { entityTypeId: 2, id: 3 };
  await parts.tasks.wantRead(memberId, { record, receivedAt: time.now, source: 'app', nextAt: time.now + hour });
  await parts.tasks.wantChore(memberId, 'reconcile', time.now + hour);
  await parts.tasks.appChores.wantUninstall(memberId, { tokenDigest: digest, receivedAt: time.now }, { proved: true });
}

async function expectDisconnected(): Promise<void> {
  const portal = await parts.portals.get(memberId);
  expect(portal).toMatchObject({ state: 'disconnected', mode: 'observe', tokenDigests: [] });
  expect(portal).not.toHaveProperty('pause');
  expect(portal).not.toHaveProperty('enforcedAt');
  expect(await parts.credentials.get(memberId)).toBeUndefined();
  const ended = (await parts.tasks.getMany(taskIds)).map(({ status, reason }) => `${status} ${reason}`);
  expect(ended).toEqual(['cancelled app-uninstalled', 'cancelled app-uninstalled']);
  expect(await left()).toEqual([]);
}

/** Rows of the portal other than tasks that have ended. */
async function left(): Promise<string[]> {
  const { items } = await database.tables.tasks.scan({ where: '#memberId = :memberId', values: { memberId } });
  return items.filter(({ status }) => status === undefined || status === 'open').map(({ taskId }) => String(taskId));
}

test.each(['before', 'after'] as const)(
  'who dies %s any of its writes is followed by one who finishes',
  async (when) => {
    let deaths = 0;
    // Rows are dropped side by side, so that not every number of a write has a death of its own.
    for (let write = 1; write <= 12; write += 1) {
      await removeApp();
      const dying = dyingAt(database.tables, write, when);
      const death = await failureOf(finish(partsOf(dying.tables, { time })));
      if (death !== undefined) {
        deaths += 1;
        expect(death).toBeInstanceOf(TableUnavailable);
        expect(await finish()).toBe(true);
      }
      await expectDisconnected();
    }
    expect(deaths).toBeGreaterThanOrEqual(when === 'before' ? 8 : 4);
  },
);

test('two at once do no harm', async () => {
  await removeApp();
  expect(await Promise.all([finish(), finish()])).toEqual([true, true]);
  await expectDisconnected();
});

test('who has no time left goes on later', async () => {
  await removeApp();
  expect(await finish(parts, 10_000)).toBe(false);
  expect(await parts.portals.get(memberId)).toMatchObject({ state: 'disconnected' });
  expect(await parts.tasks.appChores.uninstall(memberId)).toBeDefined();
  expect(await finish()).toBe(true);
  await expectDisconnected();
});

test('what a worker ended first stays as the worker ended it', async () => {
  await removeApp();
  const [first = ''] = taskIds;
  const isCancelling = (args: readonly unknown[]) => JSON.stringify(args).includes('app-uninstalled');
  let done = false;
  const tasks = watched(database.tables.tasks, {
    before: async (operation, args) => {
      if (done || operation !== 'update' || !isCancelling(args)) return;
      done = true;
      await parts.tasks.end(first, { status: 'done', history: [] });
    },
  });
  const notes = new Notes();
  await finish(partsOf({ ...database.tables, tasks }, { time, notes }));
  expect((await parts.tasks.getMany(taskIds)).map(({ status }) => status).toSorted()).toEqual(['cancelled', 'done']);
  expect(notes.counts.get('TasksEnded')).toBe(1);
});

test('tokens that a worker rotates meanwhile are erased all the same', async () => {
  await removeApp();
  let rotated = false;
  const credentials = watched(database.tables.credentials, {
    before: async (operation) => {
      if (rotated || operation !== 'delete') return;
      rotated = true;
      await parts.credentials.rotate(memberId, 1, { ...tokens('rotated'), refreshedAt: time.now });
    },
  });
  await finish(partsOf({ ...database.tables, credentials }, { time }));
  expect(rotated).toBe(true);
  await expectDisconnected();
});

test('a slow one touches nothing of an installation that another has proved meanwhile', async () => {
  await removeApp();
  const installation = { tokenDigest: next, receivedAt: time.now + 1 };
  let taskId = '';
  // The slow one is at the point of erasing tokens, when the other finishes all and the app is installed again.
  let overtaken = false;
  const credentials = watched(database.tables.credentials, {
    before: async (operation) => {
      if (overtaken || operation !== 'get') return;
      overtaken = true;
      await finish();
      time.now += 1_000;
      await parts.credentials.put({ ...tokens('new'), installation });
      await parts.portals.change(memberId, { state: 'active', tokenDigests: [next], installation });
      taskId = await createTask(9);
    },
  });

  expect(await finish(partsOf({ ...database.tables, credentials }, { time }))).toBe(true);

  expect(await parts.portals.get(memberId)).toMatchObject({ state: 'active', tokenDigests: [next], installation });
  expect(await parts.credentials.get(memberId)).toMatchObject({ accessToken: 'access new' });
  expect(await parts.tasks.get(taskId)).toMatchObject({ status: 'open' });
});

test('a portal that is disconnected is not paused by a worker that has not heard of it', async () => {
  await removeApp();
  await finish();
  expect(await parts.portals.pause(memberId, { code: 'application-not-found', reason: 'gone' })).toBe(false);
  await expectDisconnected();
});

test('a removal is believed of a portal from before installations were noted', async () => {
  await removeApp();
  await database.tables.portals.update({ memberId, sk: 'portal' }, { set: 'REMOVE #installation' });
  await database.tables.credentials.update({ memberId }, { set: 'REMOVE #installation' });
  await finish();
  await expectDisconnected();
});
