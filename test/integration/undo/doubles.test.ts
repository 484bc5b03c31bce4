import { expect, test } from '@jest/globals';
import { type Bench, day, eachTestHas } from '../tasks/bench.ts';
import { idsOf, tidy, undo } from './undo-bench.ts';

let bench: Bench;
eachTestHas((fresh) => {
  bench = fresh;
});
const deal = (id: number) => ({ entityTypeId: 2, id });
const idsOfType = (type: number) =>
  Object.values(bench.portal.snapshotState().records)
    .filter(({ entityTypeId }) => entityTypeId === type)
    .map(({ id }) => id);

/** Two lost deals of one company, which both rules' tasks of one round remove. */
async function twoTasks() {
  const companyId = bench.portal.addCompany({ title: 'Contoso', silent: true });
  const deals = [1, 2].map(() => bench.portal.addDeal({ stageId: 'LOSE', silent: true, companyId }));
  await bench.pushFile(`
version: 1
rules:
  - id: tidy
    when: { type: deal, stages: all-lost }
    wait: 0m
    delete: [company]
    guards: { open-deals: off, won-deals: off, open-leads: off, open-items: off, quotes: off, invoices: off }
`);
  const ids = await Promise.all(deals.map((id) => bench.taskOf(deal(id), 'tidy')));
  await bench.workFor(60);
  return { deals, tasks: await Promise.all(ids.map((id) => bench.task(id))) };
}

test('a double that was there all the time is not taken for the deleted record', async () => {
  const { portal } = bench;
  const fields = { fm: [{ typeId: 'PHONE', value: '+1 555 0101', valueType: 'WORK' }] };
  const [one, double] = [1, 2].map(() => portal.addContact({ name: 'Anna', silent: true, fields }));
  bench.time.now += day;
  const lost = portal.addDeal({ stageId: 'LOSE', silent: true, contactIds: [one ?? 0] });
  const undone = await undo(bench, await tidy(bench, deal(lost), '[contacts]'), { recreate: true });
  expect(undone.undo?.restored).toEqual([expect.objectContaining({ id: one, how: 'recreated' })]);
  expect(portal.contactsOf(lost)).not.toContain(double);
  expect(idsOfType(3)).toHaveLength(2);
});

test('a record that two tasks have removed is made anew once, and both deals name it again', async () => {
  const { deals, tasks } = await twoTasks();
  const undone = [];
  for (const task of tasks) undone.push(await undo(bench, task, { recreate: true }));
  expect(undone.map(({ status }) => status)).toEqual(['done', 'done']);
  const [only, ...others] = idsOfType(4);
  expect(others).toEqual([]);
  expect(deals.map((id) => bench.portal.item(2, id)?.['companyId'])).toEqual([only, only]);
});

test('one that was deleted once more is made anew once more, by whichever undo is asked for', async () => {
  const { tasks } = await twoTasks();
  const [first, second] = tasks;
  if (!first || !second) throw new Error('Two tasks are needed');
  const before = idsOf(await undo(bench, first, { recreate: true }));
  const [made] = [...before.values()];
  bench.portal.removeItem(4, made ?? 0, { silent: true });
  await undo(bench, second, { recreate: true });
  await undo(bench, first, { recreate: true });
  expect(idsOfType(4)).toHaveLength(1);
});
