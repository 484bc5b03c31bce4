import { expect, test } from '@jest/globals';
import type { DeadLetter } from '../../../lib/tasks/messages.ts';
import type { Task } from '../../../lib/tasks/task.ts';
import { always, type Bench, eachTestHas } from './bench.ts';

let bench: Bench;
eachTestHas((taken) => (bench = taken));

const said = 'Anna Example (+1 555 010 1234, anna@example.com) may not be deleted';

/** A task whose portal will not delete the contact, and its dead letter. */
async function refused(error: { error: string; status?: number }): Promise<{ task: Task; letter: DeadLetter }> {
  const { portal } = bench;
  const contact = portal.addContact({ silent: true });
  const id = portal.addDeal({ stageId: 'LOSE', silent: true, contactIds: [contact] });
  portal.faults.add({
    when: { method: 'crm.item.delete' },
    times: always,
    give: { type: 'error', description: said, ...error },
  });
  await bench.pushFile(
    'version: 1\nrules:\n  - { id: tidy, when: { type: deal, stages: all-lost }, wait: 0m, delete: [contacts] }\n',
  );
  const taskId = await bench.taskOf({ entityTypeId: 2, id }, 'tidy');
  await bench.workFor(7 * 24 * 60);
  const [letter] = bench.deletionsDlq.bodies<DeadLetter>();
  return { task: await bench.task(taskId), letter: letter as DeadLetter };
}

test.each([
  ['at once', { error: 'SOME_HANDLER', status: 400 }],
  ['after many tries', { error: 'INTERNAL_SERVER_ERROR', status: 500 }],
])(
  'what a portal says when it refuses (%s) stands in the dead letter alone, and not whom to call',
  async (_when, give) => {
    const { task, letter } = await refused(give);
    expect(task.status).toBe('failed');
    expect(task.history.map(({ text }) => text).join('\n')).toContain(give.error);
    expect(JSON.stringify(task)).not.toMatch(/Anna|555|example\.com/);
    expect(JSON.stringify(bench.notes.lines)).not.toMatch(/Anna|555|example\.com/);
    expect(letter.code).toBe(give.error);
    expect(letter.description).toContain('Anna Example (…, …) may not be deleted');
  },
);

test('an error code that is a sentence does not get into the history', async () => {
  const { task, letter } = await refused({ error: 'Anna may not be deleted', status: 400 });
  expect(task.status).toBe('failed');
  expect(JSON.stringify(task)).not.toContain('Anna');
  expect(letter.code).not.toContain('Anna');
});
