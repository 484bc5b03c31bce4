import { expect, test } from '@jest/globals';
import { DestructionRecord } from '../../../lib/tasks/export/destruction-record.ts';
import type { Task } from '../../../lib/tasks/task.ts';
import { type Bench, day, eachTestHas } from '../tasks/bench.ts';
import { idsOf, tidy, undo } from './undo-bench.ts';

let bench: Bench;
eachTestHas((fresh) => {
  bench = fresh;
});
const deal = (id: number) => ({ entityTypeId: 2, id });

/** What the destruction record of these tasks says was put back: name, type and id of each, and its counts. */
function putBack(tasks: readonly Task[]) {
  const period = { since: 0, until: bench.time.now + day };
  const record = new DestructionRecord({ domain: 'd', memberId: 'm', by: 'b', at: 1, ...period }, 'jsonl');
  const text = record.begin() + tasks.map((task) => record.add(task)).join('') + record.end(0);
  const lines = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  return {
    lines: lines.filter(({ line }) => line === 'put-back').map(({ name, type, id }) => [name, type, id]),
    counts: lines.filter(({ line, name }) => line === 'count' && /put back/.test(String(name))),
  };
}

test('the destruction record names the deal whose links were put back', async () => {
  const lost = bench.addLostDeal();
  const task = await tidy(bench, deal(lost), '[deal-contacts]');
  const { lines, counts } = putBack([task, await undo(bench, task)]);
  expect(lines).toEqual([['links', 2, lost]]);
  expect(counts).toEqual([{ line: 'count', name: 'links put back', value: 1 }]);
});

test('what two undos know of was put back once', async () => {
  const contact = bench.portal.addContact({ name: 'Anna', silent: true });
  const lost = bench.portal.addDeal({ stageId: 'LOSE', silent: true, contactIds: [contact] });
  const task = await tidy(bench, deal(lost), '[contacts]');
  const first = await undo(bench, task, { recreate: true });
  bench.portal.updateDeal(lost, { contactIds: [], silent: true });
  const second = await undo(bench, task, { recreate: true });
  expect(bench.portal.contactsOf(lost)).toEqual([idsOf(first).get(`3:${contact}`)]);
  expect(putBack([task, first, second]).lines).toEqual([['recreated', 3, contact]]);
});
