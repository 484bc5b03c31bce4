import { expect, test } from '@jest/globals';
import { type Bench, eachTestHas, hour } from '../tasks/bench.ts';
import { undo } from './undo-bench.ts';

let bench: Bench;
eachTestHas((fresh) => {
  bench = fresh;
});

test('what people changed while a deletion waited for another try comes back as they left it', async () => {
  const { portal } = bench;
  const anna = portal.addContact({ name: 'Anna', silent: true });
  const lost = portal.addDeal({ stageId: 'LOSE', silent: true, contactIds: [anna] });
  await bench.pushFile(`
version: 1
rules:
  - { id: tidy, when: { type: deal, stages: all-lost }, wait: 0m, delete: [contacts] }
`);
  const taskId = await bench.taskOf({ entityTypeId: 2, id: lost }, 'tidy');
  portal.faults.add({
    when: { method: 'crm.item.delete' },
    give: { type: 'error', status: 500, error: 'INTERNAL_SERVER_ERROR' },
  });
  await bench.work([taskId]);
  expect(await bench.task(taskId)).toMatchObject({ status: 'open', snapshots: 1 });
  bench.time.now += 20 * hour;
  portal.updateItem(3, anna, { lastName: 'Married', silent: true });
  const other = portal.addDeal({ stageId: 'LOSE', silent: true, contactIds: [anna] });
  await bench.workFor(30);
  const task = await bench.task(taskId);
  expect(task.status).toBe('done');

  const undone = await undo(bench, task, { recreate: true });

  const newId = undone.undo?.restored[0]?.newId ?? 0;
  expect(portal.item(3, newId)?.['lastName']).toBe('Married');
  expect(portal.contactsOf(other)).toEqual([newId]);
});
