import { expect, test } from '@jest/globals';
import { forgetTask } from '../../../lib/tasks/forget.ts';
import { mostSnapshots } from '../../../lib/tasks/snapshots.ts';
import { type Bench, eachTestHas, through } from '../tasks/bench.ts';

let bench: Bench;
eachTestHas((fresh) => {
  bench = fresh;
});

async function taskAboutContact(): Promise<{ taskId: string; contact: number }> {
  const contact = bench.portal.addContact({ name: 'Anna', silent: true });
  const lost = bench.portal.addDeal({ stageId: 'LOSE', silent: true, contactIds: [contact] });
  await bench.pushFile(
    `version: 1\nrules:\n  - { id: tidy, when: { type: deal, stages: all-lost }, wait: 0m, delete: [contacts] }\n`,
  );
  return { taskId: await bench.taskOf({ entityTypeId: 2, id: lost }, 'tidy'), contact };
}

test('a task that is cancelled and forgotten while a worker reads for its snapshot keeps nothing', async () => {
  const { taskId, contact } = await taskAboutContact();
  let isForgotten = false;
  const rest = through(bench, {
    before: async ({ commands }) => {
      if (!commands.has('crm.requisite.list') || isForgotten) return undefined;
      isForgotten = true;
      await bench.parts.tasks.end(taskId, { status: 'cancelled', reason: 'by-hand', history: [] });
      const options = { ...bench.parts, clock: bench.time.clock };
      expect(await forgetTask(options, await bench.task(taskId), 'ada')).toEqual({ result: 'nothing' });
      return undefined;
    },
  });
  await bench.work([taskId], { rest });
  expect(isForgotten).toBe(true);
  expect(await bench.parts.snapshots.get(taskId)).toEqual([]);
  expect(bench.portal.item(3, contact)).toBeDefined();
});

test('a task with no room for one more snapshot fails alone, and deletes nothing', async () => {
  const { taskId, contact } = await taskAboutContact();
  await bench.database.tables.tasks.update(
    { taskId, sk: 'task' },
    { set: 'SET #snapshots = :most', values: { most: mostSnapshots } },
  );
  const other = await bench.createTask(bench.addLostDeal(), 'tidy');
  await bench.workFor(10);
  expect(await bench.task(taskId)).toMatchObject({ status: 'failed', reason: 'TASK_TOO_LARGE' });
  expect((await bench.task(other)).status).toBe('done');
  expect(bench.portal.item(3, contact)).toBeDefined();
});
