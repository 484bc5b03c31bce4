import { expect, test } from '@jest/globals';
import { createUndo } from '../../../lib/tasks/undo/begin-undo.ts';
import type { Table } from '../../../lib/aws/table.ts';
import { partsOf } from '../portals/parts.ts';
import { type Bench, eachTestHas } from '../tasks/bench.ts';
import { tidy } from './undo-bench.ts';

let bench: Bench;
eachTestHas((fresh) => {
  bench = fresh;
});
const deal = (id: number) => ({ entityTypeId: 2, id });

/** A task that was carried out and is to be taken back, and one that waits beside it. */
async function scene(): Promise<{ undone: string; undoId: string; other: string }> {
  const { taskId } = await tidy(bench, deal(bench.addLostDeal()), '[deal-contacts]');
  const stores = { tasks: bench.parts.tasks, clock: bench.time.clock };
  const undoId = await createUndo(stores, await bench.task(taskId), { recreate: false, by: 'test' });
  return { undone: taskId, undoId, other: await bench.createTask(bench.addLostDeal(), 'tidy') };
}

test('an undo whose snapshot is damaged fails alone and is dead-lettered, and the portal’s other tasks go on', async () => {
  const { undone, undoId, other } = await scene();
  await bench.database.tables.snapshots.update(
    { taskId: undone, part: 0 },
    { set: 'SET #data = :data', values: { data: new Uint8Array([1, 2, 3]) } },
  );
  await bench.work([undoId, other]);
  await bench.work([undoId, other]);
  expect((await bench.task(other)).status).toBe('done');
  await bench.workFor(240);
  const task = await bench.task(undoId);
  expect(task).toMatchObject({ status: 'failed', reason: 'UNDO_BROKEN' });
  expect(bench.deletionsDlq.bodies()).toEqual([expect.objectContaining({ kind: 'task', taskId: undoId })]);
});

test('an undo that the table does not take a note of is tried again, and holds up nobody', async () => {
  const { undoId, other } = await scene();
  const { tasks } = bench.database.tables;
  const refusing: Table = {
    ...tasks,
    update: (key, change) =>
      change.set.includes('#undo = :undo')
        ? Promise.reject(new Error('ValidationException'))
        : tasks.update(key, change),
  };
  const parts = partsOf({ ...bench.database.tables, tasks: refusing }, { time: bench.time, notes: bench.notes });
  await bench.workFor(240, parts);
  expect((await bench.task(other)).status).toBe('done');
  expect(await bench.task(undoId)).toMatchObject({ status: 'done', attempts: 1 });
  expect(bench.notes.lines.filter(({ message }) => message === 'undo failed')).toHaveLength(1);
});
