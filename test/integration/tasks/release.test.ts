import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { DeletionMessage, EventMessage } from '../../../lib/tasks/messages.ts';
import { releaseDue, type ReleaseOptions } from '../../../lib/tasks/release.ts';
import { type TaskIdentity, taskIdOf } from '../../../lib/tasks/task.ts';
import { shardOf } from '../../../lib/tasks/due-ids.ts';
import {
  Database,
  MemoryQueue,
  newMemberId,
  Notes,
  type Parts,
  partsOf,
  portalOf,
  TestTime,
  watched,
} from '../portals/parts.ts';

const claimMs = 15 * 60_000;

let database: Database;
let time: TestTime;
let notes: Notes;
let parts: Parts;
let queues: Record<'events' | 'deletions' | 'reconcile', MemoryQueue>;
let memberId: string;
let start = 1_785_000_000_000;

beforeAll(async () => {
  database = await Database.start();
});
afterAll(async () => {
  await database.close();
});
beforeEach(async () => {
  await empty();
  start += 1e9;
  time = new TestTime(start);
  notes = new Notes();
  parts = partsOf(database.tables, { time, notes });
  queues = { events: new MemoryQueue(), deletions: new MemoryQueue(), reconcile: new MemoryQueue() };
  memberId = newMemberId();
});

/** The clock sees every row there is, so no test may leave one. */
async function empty(): Promise<void> {
  const { tasks } = database.tables;
  for (const sk of ['task', 'unread', 'chore']) {
    const page = await tasks.scan({ where: '#sk = :sk', values: { sk } });
    await Promise.all(page.items.map((row) => tasks.delete({ taskId: String(row['taskId']), sk })));
  }
}

const release = (changed: Partial<ReleaseOptions> = {}, leftMs = 60_000) =>
  releaseDue({ ...parts, ...queues, ...changed }, time.now + leftMs);

function identity(id: number, of = memberId): TaskIdentity {
  return {
    memberId: of,
    record: { entityTypeId: 2, id },
    rule: { id: 'spam', version: 1 },
    transition: { stageId: 'LOSE', movedTime: 1_784_000_000_000 },
    run: 0,
  };
}
const create = async (id: number, { nextAt = time.now, of = memberId } = {}): Promise<string> =>
  (await parts.tasks.create(identity(id, of), { nextAt, source: 'app', history: [] })).taskId;
const sentTasks = () => queues.deletions.bodies<DeletionMessage>().flatMap(({ taskIds }) => taskIds);
const nextAtOf = async (taskId: string) => (await parts.tasks.get(taskId))?.nextAt;

/** Tasks that all stand in one shard. */
async function createInOneShard(count: number): Promise<string[]> {
  const ids: number[] = [];
  for (let id = 1; ids.length < count; id += 1) if (shardOf(taskIdOf(identity(id))) === 0) ids.push(id);
  const taskIds: string[] = [];
  for (let at = 0; at < ids.length; at += 25) {
    taskIds.push(...(await Promise.all(ids.slice(at, at + 25).map((id) => create(id)))));
  }
  return taskIds;
}

describe('what is due', () => {
  test('is sent once and claimed for a quarter of an hour; what is not due is left', async () => {
    const due = await create(1);
    const later = await create(2, { nextAt: time.now + 1 });
    expect(await release()).toBe(1);
    expect(sentTasks()).toEqual([due]);
    expect(await nextAtOf(due)).toBe(time.now + claimMs);
    expect(await nextAtOf(later)).toBe(time.now + 1);
    expect(await release()).toBe(0);
    time.now += claimMs;
    expect(await release()).toBe(2);
  });

  test('is packed by portal, 48 tasks a message, in the portal’s group', async () => {
    const other = newMemberId();
    for (let id = 1; id <= 20; id += 1) await Promise.all([create(id), create(id, { of: other })]);
    await release();
    for (const { body, group } of queues.deletions.sent) expect((body as DeletionMessage).memberId).toBe(group);
    expect(new Set(queues.deletions.sent.map(({ group }) => group))).toEqual(new Set([memberId, other]));
    expect(new Set(sentTasks()).size).toBe(40);
  });

  test('is sent by one of two clocks', async () => {
    const due = await create(1);
    await Promise.all([release(), release()]);
    expect(sentTasks()).toEqual([due]);
  });

  test('is sent to the end though there are more than two pages of it in a shard', async () => {
    const taskIds = await createInOneShard(250);
    expect(await release()).toBe(250);
    expect(sentTasks().toSorted()).toEqual(taskIds.toSorted());
    expect(Math.max(...queues.deletions.bodies<DeletionMessage>().map(({ taskIds: some }) => some.length))).toBe(48);
  });

  test('waits for the next minute when the time is over', async () => {
    const due = await create(1);
    expect(await release({}, 9_999)).toBe(0);
    expect(await nextAtOf(due)).toBe(time.now);
  });

  test('is sent to where it belongs: tasks, records to be read, chores', async () => {
    const taskId = await create(1);
    const wish = {
      record: { entityTypeId: 2, id: 9 },
      receivedAt: time.now - 5,
      source: 'webhook',
      nextAt: time.now,
      attempts: 1,
    } as const;
    await parts.tasks.wantRead(memberId, wish);
    await parts.tasks.wantChore(memberId, 'prove', time.now);
    expect(await release()).toBe(3);
    expect(sentTasks()).toEqual([taskId]);
    expect(queues.events.sent).toEqual([
      {
        group: memberId,
        body: expect.objectContaining({
          v: 1,
          memberId,
          entityTypeId: 2,
          id: 9,
          source: 'webhook',
          receivedAt: time.now - 5,
          attempts: 1,
          stamp: expect.any(String),
        }),
      },
    ]);
    expect(queues.events.bodies<EventMessage>()[0]).not.toHaveProperty('unverified');
    expect(queues.reconcile.sent).toEqual([{ group: memberId, body: { v: 1, memberId, chore: 'prove' } }]);
  });

  test('and has ended since the index was read is not sent', async () => {
    const ended = await create(1);
    const { tasks } = database.tables;
    const lagging = watched(tasks, {
      after: async (operation) => {
        if (operation === 'query') await parts.tasks.end(ended, { status: 'done', history: [] });
      },
    });
    expect(await release({ tasks: partsOf({ ...database.tables, tasks: lagging }, { time }).tasks })).toBe(0);
    expect(sentTasks()).toEqual([]);
  });
});

describe('a row', () => {
  test('that cannot be read does not hold up the others', async () => {
    const good = await create(1);
    const row = { sk: 'task', memberId, shard: shardOf(good), nextAt: time.now, createdAt: 1, status: 'strange' };
    await database.tables.tasks.put({ ...row, taskId: 'unreadable' });
    await database.tables.tasks.put({ ...row, taskId: 'of no kind', sk: 'unread', record: 7 });
    expect(await release()).toBe(1);
    expect(sentTasks()).toEqual([good]);
    expect(notes.lines.filter(({ message }) => message === 'row not released')).toHaveLength(2);
  });

  test('that cannot be claimed does not hold up the others, and stays due', async () => {
    const [stuck, good] = [await create(1), await create(2)];
    const flaky = watched(database.tables.tasks, {
      before: (operation, [key]) => {
        if (operation === 'update' && (key as { taskId: string }).taskId === stuck) throw new Error('throttled');
      },
    });
    expect(await release({ tasks: partsOf({ ...database.tables, tasks: flaky }, { time }).tasks })).toBe(1);
    expect(sentTasks()).toEqual([good]);
    expect(await nextAtOf(stuck)).toBe(time.now);
  });
});

describe('a queue that does not take everything', () => {
  test('leaves tasks due at once, so that the next minute tries again', async () => {
    const due = await create(1);
    queues.deletions.refuse = () => true;
    await release();
    expect(await nextAtOf(due)).toBe(time.now);
    expect(notes.lines).toContainEqual(
      expect.objectContaining({ level: 'warn', message: 'not sent, due again in a minute' }),
    );
    queues.deletions.refuse = () => false;
    time.now += 60_000;
    expect(await release()).toBe(1);
    expect(sentTasks()).toEqual([due]);
  });

  test('of one portal does not keep another’s from being sent', async () => {
    const other = newMemberId();
    await create(1);
    const good = await create(1, { of: other });
    queues.deletions.refuse = ({ group }) => group === memberId;
    await release();
    expect(sentTasks()).toEqual([good]);
  });

  test.each(['unread', 'chore'] as const)('leaves an %s row due at once as well', async (sk) => {
    const wish = { record: { entityTypeId: 2, id: 9 }, receivedAt: 1, source: 'app', nextAt: time.now } as const;
    if (sk === 'unread') await parts.tasks.wantRead(memberId, wish);
    else await parts.tasks.wantChore(memberId, 'prove', time.now);
    queues.events.refuse = () => true;
    queues.reconcile.refuse = () => true;
    await release();
    time.now += 60_000;
    queues.events.refuse = () => false;
    queues.reconcile.refuse = () => false;
    expect(await release()).toBe(1);
  });

  test('is left alone until the next minute: no task is tried twice, and none is forgotten', async () => {
    const taskIds = await createInOneShard(150);
    const tried: string[] = [];
    queues.deletions.refuse = ({ body }) => {
      tried.push(...(body as DeletionMessage).taskIds);
      time.now += 4_000;
      return true;
    };
    expect(await release()).toBe(0);
    expect(tried.length).toBeGreaterThan(0);
    expect(new Set(tried).size).toBe(tried.length);
    time.now += 60_000;
    queues.deletions.refuse = () => false;
    expect(await release()).toBe(150);
    expect(sentTasks().toSorted()).toEqual(taskIds.toSorted());
  });
});

describe('the alarms', () => {
  test('hear of paused portals', async () => {
    const before = await parts.portals.countPaused();
    await parts.portals.create(portalOf(memberId));
    await parts.portals.pause(memberId, { code: 'x', reason: 'y' });
    await release();
    expect(notes.counts.get('PausedPortals')).toBe(before + 1);
    await parts.portals.remove(memberId);
  });

  test('hear of nothing overdue when the clock does its work', async () => {
    await create(1);
    await release();
    expect(notes.counts.get('OverdueTasks')).toBe(0);
  });

  test('hear of rows that could not be claimed for an hour', async () => {
    await create(1);
    const broken = watched(database.tables.tasks, {
      before: (operation) => {
        if (operation === 'update') throw new Error('throttled');
      },
    });
    time.now += 3_600_000;
    await release({ tasks: partsOf({ ...database.tables, tasks: broken }, { time }).tasks });
    expect(notes.counts.get('OverdueTasks')).toBe(1);
  });

  test('hear of a task that was sent again and again and that nobody has worked at', async () => {
    await create(1);
    for (let tick = 0; tick < 12; tick += 1) {
      notes.counts.clear();
      await release();
      time.now += claimMs;
    }
    expect(sentTasks()).toHaveLength(12);
    expect(notes.counts.get('OverdueTasks')).toBe(1);
  });
});
