import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { unreadId, shardOf } from '../../../lib/tasks/due-ids.ts';
import { SnapshotStore, type Snapshot } from '../../../lib/tasks/snapshots.ts';
import { type Deletion, type HistoryEntry, type TaskIdentity } from '../../../lib/tasks/task.ts';
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
  what: 'deal-contacts',
  method: 'crm.deal.contact.items.delete',
  entityTypeId: 2,
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
    const first = time.now;
    expect(
      await parts.tasks.note(taskId, {
        deletions: [deletion([1, 2])],
        items: {},
        before: undefined,
        snapshots: 1,
        history: [entry('first')],
      }),
    ).toBe(true);
    time.now += 1_000;
    expect(
      await parts.tasks.note(taskId, {
        deletions: [deletion([])],
        items: {},
        before: undefined,
        snapshots: 1,
        history: [entry('repeat')],
      }),
    ).toBe(false);
    expect(await parts.tasks.get(taskId)).toMatchObject({
      deletions: [{ contactIds: [1, 2] }],
      snapshots: 1,
      snapshotAt: first,
    });
    expect(await textsOf(taskId)).toEqual(['planned', 'first']);
  });

  test('begins once more for each further snapshot, and only as the next one', async () => {
    const taskId = await create();
    expect(
      await parts.tasks.note(taskId, {
        deletions: [deletion([1])],
        items: {},
        before: 1,
        snapshots: 2,
        history: [entry('too early')],
      }),
    ).toBe(false);
    expect(
      await parts.tasks.note(taskId, {
        deletions: [deletion([1])],
        items: {},
        before: undefined,
        snapshots: 1,
        history: [entry('first')],
      }),
    ).toBe(true);
    time.now += 1_000;
    const seconds = await Promise.all(
      ['one', 'other'].map((text) =>
        parts.tasks.note(taskId, {
          deletions: [deletion([1, 2])],
          items: {},
          before: 1,
          snapshots: 2,
          history: [entry(text)],
        }),
      ),
    );
    expect(seconds.filter(Boolean)).toHaveLength(1);
    expect(
      await parts.tasks.note(taskId, {
        deletions: [deletion([])],
        items: {},
        before: undefined,
        snapshots: 1,
        history: [entry('a look from before')],
      }),
    ).toBe(false);
    expect(await parts.tasks.get(taskId)).toMatchObject({
      deletions: [{ contactIds: [1, 2] }],
      snapshots: 2,
      snapshotAt: time.now,
    });
    expect(await textsOf(taskId)).toHaveLength(3);
  });

  test('that has ended does not begin', async () => {
    const taskId = await create();
    await endDone(taskId);
    expect(
      await parts.tasks.note(taskId, {
        deletions: [deletion([1])],
        items: {},
        before: undefined,
        snapshots: 1,
        history: [entry('late')],
      }),
    ).toBe(false);
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
    expect(
      await parts.tasks.note(taskId, { deletions: [], items: {}, before: undefined, snapshots: 1, history: [] }),
    ).toBe(false);
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

  test('that was put off is not tried before then, until somebody hastens it', async () => {
    const taskId = await create();
    const later = time.now + 5_000;
    await parts.tasks.putOff(taskId, { nextAt: later, attempts: 2, history: [] });
    expect(await parts.tasks.get(taskId)).toMatchObject({ nextAt: later, notBefore: later, attempts: 2 });
    await parts.tasks.hasten({ taskId, sk: 'task' }, time.now);
    expect((await parts.tasks.get(taskId))?.notBefore).toBeUndefined();
  });

  test('counts how often it was sent until the worker has a word on it', async () => {
    const taskId = await create();
    const key = { taskId, sk: 'task' };
    await parts.tasks.claim(key, time.now, time.now + 1);
    expect(await parts.tasks.claim(key, time.now + 1, time.now + 2)).toMatchObject({ claims: 2 });
    await parts.tasks.putOff(taskId, { nextAt: time.now, attempts: 0, history: [] });
    expect(await parts.tasks.claim(key, time.now, time.now + 1)).toMatchObject({ claims: 1 });
  });

  test('keeps moments as whole milliseconds, whatever a backoff comes to', async () => {
    const taskId = await create(7, time.now + 0.4);
    expect((await parts.tasks.get(taskId))?.nextAt).toBe(time.now + 1);
    await parts.tasks.putOff(taskId, { nextAt: time.now + 2.5, attempts: 0, history: [] });
    expect(await parts.tasks.get(taskId)).toMatchObject({ nextAt: time.now + 3, notBefore: time.now + 3 });
  });
});

describe('tasks of a portal', () => {
  test('are read many at a time, missing ones left out', async () => {
    const ids = await Promise.all(Array.from({ length: 130 }, (_, index) => create(index + 1)));
    const found = await parts.tasks.getMany([...ids, 'e'.repeat(64)]);
    expect(new Set(found.map(({ taskId }) => taskId))).toEqual(new Set(ids));
    expect(await parts.tasks.getMany([])).toEqual([]);
  });

  test('are read although one of them cannot be', async () => {
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
    expect(await row()).toMatchObject({ attempts: 0 });
    time.now += 5_000;
    await want({ nextAt: time.now + 60_000, attempts: 2 });
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

  // An old loss that reconciliation has found would otherwise count as history, and no one would find it again.
  test('because reconciliation found it stays so when an ordinary event names it too', async () => {
    await want({ source: 'reconcile' });
    await want({ source: 'app' });
    expect((await row())?.['source']).toBe('reconcile');
  });
});

describe('what a record is to be read for', () => {
  const record = { entityTypeId: 2, id: 9 };
  const row = () => database.tables.tasks.get({ taskId: unreadId(memberId, record), sk: 'unread' });
  const want = (source: 'app' | 'reconcile' | 'operator', rules?: string[]) =>
    parts.tasks.wantRead(memberId, { record, receivedAt: time.now, source, rules, nextAt: time.now });
  type Wish = Parameters<typeof want>;

  test.each<[Wish[], string, string[] | undefined]>([
    [[['app'], ['reconcile']], 'reconcile', undefined],
    [[['reconcile'], ['app']], 'reconcile', undefined],
    [[['operator'], ['app'], ['reconcile']], 'operator', undefined],
    [[['app'], ['operator', ['a']], ['reconcile']], 'operator', ['a']],
    [
      [
        ['operator', ['a']],
        ['operator', ['b', 'a']],
      ],
      'operator',
      ['b', 'a'],
    ],
    [[['operator', ['a']], ['operator']], 'operator', undefined],
    [[['operator'], ['operator', ['a']]], 'operator', undefined],
    [[['reconcile', ['a']]], 'reconcile', ['a']],
    [[['app'], ['reconcile', ['a']], ['app']], 'reconcile', ['a']],
    [
      [
        ['reconcile', ['a']],
        ['reconcile', ['b', 'a']],
      ],
      'reconcile',
      ['a', 'b'],
    ],
    [[['reconcile', ['a']], ['reconcile']], 'reconcile', undefined],
    [[['reconcile'], ['reconcile', ['a']]], 'reconcile', undefined],
    [[['reconcile', ['a']], ['operator']], 'operator', undefined],
    [
      [
        ['reconcile', ['a']],
        ['operator', ['b']],
      ],
      'operator',
      ['b'],
    ],
    [
      [
        ['operator', ['b']],
        ['reconcile', ['a']],
      ],
      'operator',
      ['b'],
    ],
    [[['operator'], ['reconcile', ['a']]], 'operator', undefined],
  ])('of %j is by %s for %j', async (wishes, source, rules) => {
    for (const wish of wishes) await want(...wish);
    expect(await row()).toMatchObject({ source });
    expect((await row())?.['rules']).toEqual(rules);
  });

  test('asked for again for less than before counts from the first time, and for all of it from the second', async () => {
    const ask = (askedAt: number, rules: string[]) =>
      parts.tasks.wantRead(memberId, {
        record,
        receivedAt: time.now,
        source: 'operator',
        rules,
        askedAt,
        nextAt: time.now,
      });
    await ask(1_000, ['a', 'b']);
    await ask(2_000, ['b', 'c']);
    expect(await row()).toMatchObject({ askedAt: 1_000, rules: ['a', 'b', 'c'] });
    await ask(3_000, ['c', 'b', 'a']);
    expect(await row()).toMatchObject({ askedAt: 3_000, rules: ['c', 'b', 'a'] });
  });

  test('named for what reconciliation looked for, keeps when the person asked', async () => {
    await want('operator', ['b']);
    const askedAt = time.now;
    time.now += 5_000;
    await want('reconcile', ['a']);
    expect(await row()).toMatchObject({ source: 'operator', rules: ['b'], askedAt });
  });

  test('found for two rules at once is for both, and for all when it was found for all as well', async () => {
    await Promise.all([want('reconcile', ['a']), want('reconcile', ['b']), want('app')]);
    const rules = (await row())?.['rules'] as string[];
    expect(rules.toSorted()).toEqual(['a', 'b']);
    await Promise.all([want('reconcile', ['c']), want('reconcile'), want('reconcile', ['d'])]);
    expect(await row()).toMatchObject({ source: 'reconcile' });
    expect((await row())?.['rules']).toBeUndefined();
  });

  test('asked for by two persons at once is for both', async () => {
    await Promise.all([want('operator', ['a']), want('operator', ['b']), want('app')]);
    const rules = (await row())?.['rules'] as string[];
    expect(rules.toSorted()).toEqual(['a', 'b']);
  });
});

describe('a chore', () => {
  const chore = () => database.tables.tasks.get({ taskId: `chore:${memberId}:prove`, sk: 'chore' });

  test('is one row for a portal, and the last wish says when', async () => {
    await parts.tasks.wantChore(memberId, 'prove', time.now + 5_000);
    await parts.tasks.wantChore(memberId, 'prove', time.now + 1_000);
    expect(await chore()).toMatchObject({ nextAt: time.now + 1_000, chore: 'prove' });
    await parts.tasks.endChore(memberId, 'prove', time.now);
    await parts.tasks.endChore(memberId, 'prove', time.now);
    expect(await chore()).toBeUndefined();
  });

  test('that was asked for again after it was begun is not ended', async () => {
    const startedAt = time.now;
    time.now += 1;
    await parts.tasks.wantChore(memberId, 'prove', time.now);
    await parts.tasks.endChore(memberId, 'prove', startedAt);
    expect(await chore()).toBeDefined();
  });

  test('that is only to be there is not moved when it is', async () => {
    await parts.tasks.ensureChore(memberId, 'prove', time.now + 1_000);
    await parts.tasks.ensureChore(memberId, 'prove', time.now + 9_000);
    expect(await chore()).toMatchObject({ nextAt: time.now + 1_000 });
  });
});

describe('a snapshot', () => {
  const nothingElse = { companyContacts: [], records: [], owners: [], names: [], depth: 'full' as const };
  const snapshot = (dealId: number, links = 1): Snapshot => ({
    v: 1,
    takenAt: time.now,
    dealContacts: [
      { dealId, links: Array.from({ length: links }, (_, index) => ({ CONTACT_ID: index + 1, SORT: 10 })) },
    ],
    ...nothingElse,
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
    ...nothingElse,
  });
  /** As text: to compare tens of thousands of objects takes seconds. */
  const textOf = async (id: string) => JSON.stringify(await parts.snapshots.get(id));
  const taskId = () => `${newMemberId()}${newMemberId()}`;
  const rowsOf = async (id: string) =>
    (await database.tables.snapshots.query({ where: '#taskId = :taskId', values: { taskId: id } })).items;

  test('of a number is taken once: a repeat changes nothing', async () => {
    const id = taskId();
    await parts.snapshots.put(id, 0, snapshot(7, 3));
    await parts.snapshots.put(id, 0, snapshot(7, 0));
    expect(await parts.snapshots.get(id)).toEqual([snapshot(7, 3)]);
    expect((await database.tables.snapshots.get({ taskId: id, part: 0 }))?.['expiresAt']).toBe(
      Math.floor(time.now / 1000) + 30 * 24 * 3600,
    );
  });

  test('comes after those that were taken before it', async () => {
    const id = taskId();
    await parts.snapshots.put(id, 1, snapshot(7, 2));
    await parts.snapshots.put(id, 0, snapshot(7, 3));
    await parts.snapshots.put(id, 10, snapshot(7, 1));
    expect(await parts.snapshots.get(id)).toEqual([snapshot(7, 3), snapshot(7, 2), snapshot(7, 1)]);
  });

  test('is forgotten after 30 days, and those that are younger are not', async () => {
    const id = taskId();
    await parts.snapshots.put(id, 0, snapshot(7, 3));
    const first = time.now;
    time.now += 24 * 3600_000;
    const second = snapshot(7, 2);
    await parts.snapshots.put(id, 1, second);
    time.now = first + 30 * 24 * 3600_000 - 1;
    expect(await parts.snapshots.get(id)).toHaveLength(2);
    time.now += 1;
    expect(await parts.snapshots.get(id)).toEqual([second]);
    time.now += 24 * 3600_000;
    expect(await parts.snapshots.get(id)).toEqual([]);
  });

  test('of many links is kept in several parts, and comes back whole beside another', async () => {
    const id = taskId();
    const whole = big(7);
    await parts.snapshots.put(id, 0, whole);
    expect((await rowsOf(id)).length).toBeGreaterThan(1);
    await parts.snapshots.put(id, 0, snapshot(9));
    await parts.snapshots.put(id, 1, snapshot(8));
    expect(await textOf(id)).toBe(JSON.stringify([whole, snapshot(8)]));
  });

  test('that is small and first is not overwritten by a big one', async () => {
    const id = taskId();
    await parts.snapshots.put(id, 0, snapshot(7));
    await parts.snapshots.put(id, 0, big(8));
    expect(await parts.snapshots.get(id)).toEqual([snapshot(7)]);
  });

  test('that was not finished is none, and is made anew', async () => {
    const id = taskId();
    const dying = watched(database.tables.snapshots, {
      before: (operation, [item]) => {
        if (operation === 'put' && (item as { part: number }).part === 0) throw new Error('killed here');
      },
    });
    await failureOf(new SnapshotStore(dying, time.clock, Math.random).put(id, 0, big(7)));
    expect((await rowsOf(id)).length).toBeGreaterThan(0);
    expect(await parts.snapshots.get(id)).toEqual([]);
    const whole = big(8);
    await parts.snapshots.put(id, 0, whole);
    expect(await textOf(id)).toBe(JSON.stringify([whole]));
  });

  test('of nobody is none', async () => {
    expect(await parts.snapshots.get(taskId())).toEqual([]);
  });

  test('taken by two functions at once is one of the two, and not a mixture', async () => {
    const id = taskId();
    const [one, other] = [big(7), big(8)];
    let puts = 0;
    const racing = watched(database.tables.snapshots, {
      before: async (operation) => {
        if (operation !== 'put') return;
        puts += 1;
        if (puts === 2) await parts.snapshots.put(id, 0, other);
      },
    });
    await new SnapshotStore(racing, time.clock, Math.random).put(id, 0, one);
    expect(await textOf(id)).toBe(JSON.stringify([other]));
  });

  test('never writes over a part of another, even when chance gives both the same key', async () => {
    const id = taskId();
    const [one, other] = [big(7), big(8)];
    const chances = [0.5, 0.25];
    const store = () => {
      const left = [0.5, ...chances];
      return new SnapshotStore(database.tables.snapshots, time.clock, () => left.shift() ?? Math.random());
    };
    await store().put(id, 0, one);
    await store().put(id, 1, other);
    expect(await textOf(id)).toBe(JSON.stringify([one, other]));
  });
});
