import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { unreadId } from '../../../lib/tasks/due-item.ts';
import { SnapshotStore, type Snapshot } from '../../../lib/tasks/snapshots.ts';
import { type Deletion, type HistoryEntry, shardOf, type TaskIdentity } from '../../../lib/tasks/task.ts';
import { Database, failureOf, newMemberId, type Parts, partsOf, TestTime, watched } from '../portals/parts.ts';

let database: Database;
let time: TestTime;
let parts: Parts;
let memberId: string;

beforeAll(async () => {
  database = await Database.start();
});
afterAll(async () => {
  await database.close();
});
beforeEach(() => {
  time = new TestTime();
  parts = partsOf(database.tables, { time });
  memberId = newMemberId();
});

const identity = (id = 7): TaskIdentity => ({
  memberId,
  record: { entityTypeId: 2, id },
  rule: { id: 'spam', version: 1 },
  transition: { stageId: 'LOSE', movedTime: 1_784_000_000_000 },
  run: 0,
});
const entry = (text: string): HistoryEntry => ({ at: time.now, what: 'put-off', text });
const create = async (id = 7, nextAt = time.now): Promise<string> =>
  (await parts.tasks.create(identity(id), { nextAt, source: 'app', history: [entry('planned')] })).taskId;
const deletion = (contactIds: number[]): Deletion => ({
  method: 'crm.deal.contact.items.delete',
  id: 7,
  contactIds,
});
const textsOf = async (taskId: string) => (await parts.tasks.get(taskId))?.history.map(({ text }) => text);
const endDone = (taskId: string, text = 'ended') => parts.tasks.end(taskId, { status: 'done', history: [entry(text)] });

describe('a task', () => {
  test('is created once for a transition, however many events tell of it', async () => {
    const results = await Promise.all(
      [1, 2, 3, 4].map((number) =>
        parts.tasks.create(identity(), { nextAt: time.now + number, source: 'app', history: [] }),
      ),
    );
    expect(results.filter(({ created }) => created)).toHaveLength(1);
    expect(new Set(results.map(({ taskId }) => taskId)).size).toBe(1);
    await endDone(results[0]?.taskId ?? '');
    expect((await parts.tasks.create(identity(), { nextAt: time.now, source: 'app', history: [] })).created).toBe(
      false,
    );
    expect((await parts.tasks.get(results[0]?.taskId ?? ''))?.status).toBe('done');
  });

  test('begins once: what was found first is kept', async () => {
    const taskId = await create();
    expect(await parts.tasks.begin(taskId, [deletion([1, 2])], 1, [entry('first')])).toBe(true);
    expect(await parts.tasks.begin(taskId, [deletion([])], 2, [entry('second')])).toBe(false);
    expect(await parts.tasks.get(taskId)).toMatchObject({ deletions: [{ contactIds: [1, 2] }], snapshotParts: 1 });
    expect(await textsOf(taskId)).toEqual(['planned', 'first']);
  });

  test('that has ended does not begin', async () => {
    const taskId = await create();
    await endDone(taskId);
    expect(await parts.tasks.begin(taskId, [deletion([1])], 1, [entry('late')])).toBe(false);
  });

  test('ends once, whoever is first, and leaves the index', async () => {
    const taskId = await create();
    const ends = await Promise.all([
      parts.tasks.end(taskId, { status: 'done', history: [entry('a')] }),
      parts.tasks.end(taskId, { status: 'failed', reason: 'x', attempts: 8, history: [entry('b')] }),
      parts.tasks.end(taskId, { status: 'cancelled', reason: 'y', history: [entry('c')] }),
    ]);
    expect(ends.filter(Boolean)).toHaveLength(1);
    const task = await parts.tasks.get(taskId);
    expect(task?.history).toHaveLength(2);
    expect(task?.endedAt).toBe(time.now);
    expect(task?.expiresAt).toBe(Math.floor(time.now / 1000) + 400 * 24 * 3600);
    expect([task?.shard, task?.nextAt]).toEqual([undefined, undefined]);
    expect(
      (await parts.tasks.due(shardOf(taskId), time.now + 1e9, 1_000)).items.map((row) => row['taskId']),
    ).not.toContain(taskId);
  });

  test('that has ended is not put off, claimed or hastened back into the index', async () => {
    const taskId = await create();
    await endDone(taskId);
    expect(await parts.tasks.putOff(taskId, { nextAt: 1, attempts: 1, history: [entry('x')] })).toBe(false);
    expect(await parts.tasks.claim({ taskId, sk: 'task' }, time.now, time.now + 1)).toBeUndefined();
    await parts.tasks.hasten({ taskId, sk: 'task' }, 1);
    await parts.tasks.hastenPortal(memberId);
    expect(await parts.tasks.get(taskId)).not.toHaveProperty('nextAt');
  });

  test('that was never created is not changed into being', async () => {
    const taskId = 'f'.repeat(64);
    expect(await parts.tasks.putOff(taskId, { nextAt: 1, attempts: 1, history: [] })).toBe(false);
    expect(await endDone(taskId)).toBe(false);
    expect(await parts.tasks.begin(taskId, [], 1, [])).toBe(false);
    expect(await parts.tasks.get(taskId)).toBeUndefined();
  });

  test('is claimed by one, and only as it was seen', async () => {
    const taskId = await create();
    const key = { taskId, sk: 'task' };
    expect(await parts.tasks.claim(key, time.now - 1, time.now + 5)).toBeUndefined();
    const claims = await Promise.all([1, 2, 3].map((n) => parts.tasks.claim(key, time.now, time.now + n)));
    expect(claims.filter((claim) => claim !== undefined)).toHaveLength(1);
    expect(claims.find((claim) => claim !== undefined)).toMatchObject({ taskId, sk: 'task', status: 'open' });
  });

  test('is brought forward and never pushed back by being hastened', async () => {
    const taskId = await create(7, time.now + 1_000);
    await parts.tasks.hasten({ taskId, sk: 'task' }, time.now + 2_000);
    expect((await parts.tasks.get(taskId))?.nextAt).toBe(time.now + 1_000);
    await parts.tasks.hasten({ taskId, sk: 'task' }, time.now);
    expect((await parts.tasks.get(taskId))?.nextAt).toBe(time.now);
  });

  // Each hour of a pause appends to the history; a row takes 400 KB, which is some weeks.
  test.failing('that was put off for months can still be put off and ended', async () => {
    const history = Array.from({ length: 1_500 }, () => entry('The portal is paused: '.padEnd(240, 'because ')));
    const { taskId } = await parts.tasks.create(identity(), { nextAt: time.now, source: 'app', history });
    expect(await parts.tasks.putOff(taskId, { nextAt: time.now, attempts: 0, history: history.slice(0, 150) })).toBe(
      true,
    );
    expect(await endDone(taskId)).toBe(true);
  });
});

describe('tasks of a portal', () => {
  test('are read many at a time, missing ones left out', async () => {
    const ids = await Promise.all(Array.from({ length: 130 }, (_, index) => create(index + 1)));
    const found = await parts.tasks.getMany([...ids, 'e'.repeat(64)]);
    expect(new Set(found.map(({ taskId }) => taskId))).toEqual(new Set(ids));
    expect(await parts.tasks.getMany([])).toEqual([]);
  });

  // One row makes the whole message fail, which holds up its portal until SQS gives the message up.
  test.failing('are read although one of them cannot be', async () => {
    const good = await create(1);
    await database.tables.tasks.put({ taskId: 'd'.repeat(64), sk: 'task', memberId, status: 'strange' });
    expect((await parts.tasks.getMany([good, 'd'.repeat(64)])).map(({ taskId }) => taskId)).toEqual([good]);
  });

  test('are listed with the newest first, page by page', async () => {
    for (let id = 1; id <= 5; id += 1) {
      await create(id);
      time.now += 1_000;
    }
    await parts.tasks.wantRead(memberId, {
      record: { entityTypeId: 2, id: 9 },
      receivedAt: 1,
      source: 'app',
      nextAt: 1,
    });
    const first = await parts.tasks.listByPortal(memberId, { limit: 4 });
    expect(first.tasks.map(({ record }) => record.id)).toEqual([5, 4, 3]);
    const second = await parts.tasks.listByPortal(memberId, { limit: 4, startAfter: first.last });
    expect(second.tasks.map(({ record }) => record.id)).toEqual([2, 1]);
  });

  test('all come due when the portal is resumed, with the records to be read, and no other portal’s', async () => {
    const later = time.now + 3_600_000;
    const taskIds = await Promise.all(Array.from({ length: 101 }, (_, index) => create(index + 1, later)));
    await parts.tasks.wantRead(memberId, {
      record: { entityTypeId: 2, id: 9 },
      receivedAt: 1,
      source: 'app',
      nextAt: later,
    });
    const mine = memberId;
    memberId = newMemberId();
    const other = await create(1, later);
    await parts.tasks.hastenPortal(mine);
    const tasks = await parts.tasks.getMany(taskIds);
    expect(new Set(tasks.map(({ nextAt }) => nextAt))).toEqual(new Set([time.now]));
    const unread = await database.tables.tasks.get({
      taskId: unreadId(mine, { entityTypeId: 2, id: 9 }),
      sk: 'unread',
    });
    expect(unread?.['nextAt']).toBe(time.now);
    expect((await parts.tasks.get(other))?.nextAt).toBe(later);
  });
});

describe('a record to be read', () => {
  const record = { entityTypeId: 2, id: 9 };
  const want = (changed: object = {}) =>
    parts.tasks.wantRead(memberId, { record, receivedAt: time.now, source: 'app', nextAt: time.now, ...changed });
  const row = () => database.tables.tasks.get({ taskId: unreadId(memberId, record), sk: 'unread' });

  test('is one row, with the moment of the first event, whatever comes later', async () => {
    const first = time.now;
    await want();
    time.now += 5_000;
    await want({ nextAt: time.now + 60_000 });
    expect(await row()).toMatchObject({ receivedAt: first, createdAt: first, nextAt: time.now + 60_000, attempts: 2 });
  });

  test('that was asked for again meanwhile survives the end of an older read', async () => {
    await want();
    const older = String((await row())?.['stamp']);
    await want();
    await parts.tasks.endRead(memberId, record, older);
    expect(await row()).toBeDefined();
    await parts.tasks.endRead(memberId, record, String((await row())?.['stamp']));
    expect(await row()).toBeUndefined();
  });

  test('that nobody asked for can be ended', async () => {
    await parts.tasks.endRead(memberId, record, 'stamp');
    expect(await row()).toBeUndefined();
  });

  // `source` is overwritten: an old loss that reconciliation has found then counts as history, and no one finds it again.
  test.failing('because reconciliation found it stays so when an ordinary event names it too', async () => {
    await want({ source: 'reconcile' });
    await want({ source: 'app' });
    expect((await row())?.['source']).toBe('reconcile');
  });
});

describe('a chore', () => {
  test('is one row for a portal, and the last wish says when', async () => {
    await parts.tasks.wantChore(memberId, 'prove', time.now + 5_000);
    await parts.tasks.wantChore(memberId, 'prove', time.now + 1_000);
    const key = { taskId: `chore:${memberId}:prove`, sk: 'chore' };
    expect(await database.tables.tasks.get(key)).toMatchObject({ nextAt: time.now + 1_000, chore: 'prove' });
    await parts.tasks.endChore(memberId, 'prove');
    await parts.tasks.endChore(memberId, 'prove');
    expect(await database.tables.tasks.get(key)).toBeUndefined();
  });
});

describe('a snapshot', () => {
  const snapshot = (dealId: number, links = 1): Snapshot => ({
    v: 1,
    takenAt: time.now,
    dealContacts: [
      { dealId, links: Array.from({ length: links }, (_, index) => ({ CONTACT_ID: index + 1, SORT: 10 })) },
    ],
  });
  /** Numbers at random, so that it does not get much smaller. */
  const big = (dealId: number): Snapshot => ({
    v: 1,
    takenAt: time.now,
    dealContacts: [
      {
        dealId,
        links: Array.from({ length: 60_000 }, () => {
          const bytes = randomBytes(6);
          return { CONTACT_ID: bytes.readUIntBE(0, 6), SORT: dealId };
        }),
      },
    ],
  });
  /** As text: to compare tens of thousands of objects takes seconds. */
  const textOf = async (id: string) => JSON.stringify(await parts.snapshots.get(id));
  const taskId = () => `${newMemberId()}${newMemberId()}`;

  test('of a task is the first one: a repeat changes nothing', async () => {
    const id = taskId();
    expect(await parts.snapshots.putFirst(id, snapshot(7, 3))).toBe(1);
    expect(await parts.snapshots.putFirst(id, snapshot(7, 0))).toBe(1);
    expect((await parts.snapshots.get(id))?.dealContacts[0]?.links).toHaveLength(3);
    expect((await database.tables.snapshots.get({ taskId: id, part: 0 }))?.['expiresAt']).toBe(
      Math.floor(time.now / 1000) + 30 * 24 * 3600,
    );
  });

  test('of many links is kept in several parts, and comes back whole', async () => {
    const id = taskId();
    const whole = big(7);
    const count = await parts.snapshots.putFirst(id, whole);
    expect(count).toBeGreaterThan(1);
    expect(await textOf(id)).toBe(JSON.stringify(whole));
    expect(await parts.snapshots.putFirst(id, big(8))).toBe(count);
    expect(await parts.snapshots.putFirst(id, snapshot(9))).toBe(count);
    expect(await textOf(id)).toBe(JSON.stringify(whole));
  });

  test('that is small and first is not overwritten by a big one', async () => {
    const id = taskId();
    await parts.snapshots.putFirst(id, snapshot(7));
    expect(await parts.snapshots.putFirst(id, big(8))).toBe(1);
    expect(await parts.snapshots.get(id)).toEqual(snapshot(7));
  });

  test('that was not finished is none, and is made anew', async () => {
    const id = taskId();
    const dying = watched(database.tables.snapshots, {
      before: (operation, [item]) => {
        if (operation === 'put' && (item as { part: number }).part === 0) throw new Error('killed here');
      },
    });
    await failureOf(new SnapshotStore(dying, time.clock).putFirst(id, big(7)));
    expect(await parts.snapshots.get(id)).toBeUndefined();
    const whole = big(8);
    await parts.snapshots.putFirst(id, whole);
    expect(await textOf(id)).toBe(JSON.stringify(whole));
  });

  test('of nobody is none', async () => {
    expect(await parts.snapshots.get(taskId())).toBeUndefined();
  });

  // The later parts are written without a condition: those of the one that loses stay beside the first's part 0.
  test.failing('taken by two functions at once is one of the two, and not a mixture', async () => {
    const id = taskId();
    const [one, other] = [big(7), big(8)];
    let isSecond = false;
    const racing = watched(database.tables.snapshots, {
      before: async (operation, [item]) => {
        if (operation !== 'put' || (item as { part: number }).part !== 1 || isSecond) return;
        isSecond = true;
        await parts.snapshots.putFirst(id, other);
      },
    });
    await new SnapshotStore(racing, time.clock).putFirst(id, one);
    expect([one, other].map((either) => JSON.stringify(either))).toContain(await textOf(id));
  });
});
