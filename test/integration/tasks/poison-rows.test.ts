import { beforeEach, describe, expect, test } from '@jest/globals';
import { TableUnavailable } from '../../../lib/aws/table.ts';
import { lineOf } from '../../../lib/tasks/line.ts';
import type { DeletionMessage } from '../../../lib/tasks/messages.ts';
import { releaseDue } from '../../../lib/tasks/release.ts';
import { failureOf, MemoryQueue, partsOf, watched } from '../portals/parts.ts';
import { Bench, eachTestHas, deletion } from './bench.ts';

let bench: Bench;

eachTestHas((fresh) => {
  bench = fresh;
});

describe('a table that fails right after the deletion', () => {
  let dealId: number;
  let taskId: string;

  beforeEach(async () => {
    dealId = bench.addLostDeal();
    taskId = await bench.createTask(dealId);
  });

  test('when the use of operating time is noted: the task is recorded as deleted all the same', async () => {
    const portals = watched(bench.database.tables.portals, {
      before: (operation, [key]) => {
        if (operation === 'update' && (key as { sk: string }).sk === 'budget#operating') {
          throw new TableUnavailable('down');
        }
      },
    });
    const { budgets } = partsOf({ ...bench.database.tables, portals }, { time: bench.time });
    expect(await bench.work([taskId], { budgets })).toBeUndefined();
    expect(await bench.task(taskId)).toMatchObject({
      status: 'done',
      deletions: [{ outcome: { result: 'deleted', proof: 'answer' } }],
    });
    expect(bench.notes.lines).toContainEqual(expect.objectContaining({ level: 'error', message: 'not noted' }));
  });

  test('when the portal is to be paused: the tasks that were carried out are recorded as deleted', async () => {
    const bad = bench.addLostDeal();
    const taskIds = [taskId, await bench.createTask(bad)];
    bench.portal.faults.add({
      when: { method: deletion, inBatch: 'command', id: bad },
      give: { type: 'error', error: 'INSUFFICIENT_SCOPE', description: '' },
    });
    const portals = watched(bench.database.tables.portals, {
      before: (operation, [, change]) => {
        if (operation === 'update' && JSON.stringify(change).includes('insufficient-scope')) {
          throw new TableUnavailable('down');
        }
      },
    });
    const broken = partsOf({ ...bench.database.tables, portals }, { time: bench.time });
    await failureOf(bench.work(taskIds, { portals: broken.portals }));
    expect((await bench.tasks()).map(({ status }) => status)).toEqual(['done', 'open']);
  });

  test('when the end is written: the next look finds it done, and says that it was gone already', async () => {
    const tasks = watched(bench.database.tables.tasks, {
      before: (operation, [, change]) => {
        if (operation === 'update' && JSON.stringify(change).includes('"done"')) throw new TableUnavailable('down');
      },
    });
    const broken = partsOf({ ...bench.database.tables, tasks }, { time: bench.time });
    expect(await failureOf(bench.work([taskId], { tasks: broken.tasks }))).toBeInstanceOf(TableUnavailable);
    expect(bench.portal.contactsOf(dealId)).toEqual([]);
    await bench.work([taskId]);
    expect(await bench.task(taskId)).toMatchObject({
      status: 'done',
      deletions: [{ contactIds: [expect.any(Number)], outcome: { result: 'already-gone', proof: 'read' } }],
    });
    expect(bench.sent(deletion)).toBe(1);
  });
});

test('the rows of a portal that cannot be written do not keep the clock from the tasks of another', async () => {
  for (const key of await bench.openRows()) await bench.database.tables.tasks.delete(key);
  const other = await Bench.start(bench.database);
  const rule = { when: { type: 'deal', stages: 'all-lost' }, delete: [{ what: 'deal-contacts' }] } as const;
  for (const one of [bench, other]) {
    const line = lineOf(one.memberId, { ...rule, delete: [...rule.delete] });
    for (let nth = 0; nth < 12; nth += 1) await one.taskOf({ entityTypeId: 2, id: one.addLostDeal() }, 'one', { line });
  }
  const portals = watched(bench.database.tables.portals, {
    before: (operation, [key]) => {
      if (operation === 'update' && (key as { memberId: string }).memberId === bench.memberId) {
        throw new TableUnavailable('throttled');
      }
    },
  });
  const { budgets } = partsOf({ ...bench.database.tables, portals }, { time: bench.time });
  const { deletions, events, time } = other;
  const reconcile = new MemoryQueue();
  await releaseDue({ ...other.parts, budgets, deletions, events, reconcile }, time.now + 60_000);
  const sent = deletions.bodies<DeletionMessage>().flatMap(({ taskIds }) => taskIds);
  for (const { taskId, turnAt } of [...(await bench.tasks()), ...(await other.tasks())]) {
    expect(sent.includes(taskId) || turnAt !== undefined).toBe(true);
  }
  expect(other.notes.lines).toContainEqual(expect.objectContaining({ message: 'sent without a pace' }));
  await other.close();
});

describe('a row that cannot be read', () => {
  test('of one task is left out: the others of its message are done, and it is left for a person', async () => {
    const taskId = await bench.createTask(bench.addLostDeal());
    const poison = 'e'.repeat(64);
    const { memberId, time } = bench;
    await bench.database.tables.tasks.put({ taskId: poison, sk: 'task', memberId, status: 'open', nextAt: time.now });
    expect(await bench.work([poison, taskId])).toBeUndefined();
    expect((await bench.task(taskId)).status).toBe('done');
    await bench.database.tables.tasks.delete({ taskId: poison, sk: 'task' });
  });

  test.each(['portals', 'credentials'] as const)(
    'in the table `%s` fails the events of that portal and of no other',
    async (name) => {
      const other = await Bench.start(bench.database);
      const [good, bad] = [other.event(other.addLostDeal()), bench.event(bench.addLostDeal())];
      const { memberId } = bench;
      const row = name === 'portals' ? { memberId, sk: 'portal', state: 'active' } : { memberId, kind: 'strange' };
      await bench.database.tables[name].put(row);
      expect(await bench.plan([bad, good])).toEqual([bad]);
      expect(await other.tasks()).toHaveLength(1);
      expect(bench.notes.lines).toContainEqual(expect.objectContaining({ message: 'events not planned' }));
      await other.close();
    },
  );
});
