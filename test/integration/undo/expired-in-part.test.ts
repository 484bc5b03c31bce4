import { expect, test } from '@jest/globals';
import { undoWords } from '../../../bin/undo-words.ts';
import { lookAtUndo } from '../../../lib/tasks/undo/begin-undo.ts';
import { type Bench, day, eachTestHas, through } from '../tasks/bench.ts';
import { idsOf, undo } from './undo-bench.ts';

let bench: Bench;
eachTestHas((fresh) => {
  bench = fresh;
});

test('an undo of a task whose first snapshot is over says so beforehand, and does not end as done', async () => {
  const { portal } = bench;
  const contact = portal.addContact({ name: 'Anna', silent: true });
  const lost = portal.addDeal({ stageId: 'LOSE', silent: true, contactIds: [contact] });
  await bench.pushFile(
    `version: 1\nrules:\n  - { id: tidy, when: { type: deal, stages: all-lost }, wait: 0m, delete: [deal-contacts, deal] }\n`,
  );
  const taskId = await bench.taskOf({ entityTypeId: 2, id: lost }, 'tidy');
  // Everything is stopped for three days between the two steps.
  let isStopped = false;
  const rest = through(bench, {
    after: ({ commands }, answer) => {
      if (commands.has('crm.deal.contact.items.delete')) isStopped = true;
      return answer;
    },
  });
  const killSwitch = Object.create(bench.parts.killSwitch) as typeof bench.parts.killSwitch;
  killSwitch.stopped = () => Promise.resolve(isStopped ? { stoppedAt: 1, by: 'ada', reason: 'looking' } : undefined);
  await bench.work([taskId], { rest, killSwitch });
  bench.time.now += 3 * day;
  await bench.workFor(300);
  bench.time.now += 28 * day;

  const task = await bench.task(taskId);
  expect(task).toMatchObject({ status: 'done', snapshots: 2 });
  const plan = await lookAtUndo(bench.parts.snapshots, task);
  expect(plan.unkept).toBe(1);
  expect(undoWords(plan, true).join('\n')).toContain('the time of their snapshots is over: what 1 deletion removed');
  const undone = await undo(bench, task, { recreate: true });
  expect(undone).toMatchObject({ status: 'skipped', reason: 'snapshots-expired' });
  expect(portal.item(2, idsOf(undone).get(`2:${lost}`) ?? 0)).toBeDefined();
});
