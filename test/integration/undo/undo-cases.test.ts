import { describe, expect, test } from '@jest/globals';
import { createUndo, lookAtUndo, UndoRefused } from '../../../lib/tasks/undo/begin-undo.ts';
import { type Bench, day, eachTestHas } from '../tasks/bench.ts';
import { comparable, furnish, idsOf, tidy, undo } from './undo-bench.ts';

let bench: Bench;
eachTestHas((fresh) => {
  bench = fresh;
});

const state = (ids?: ReadonlyMap<string, number>) => comparable(bench.portal.snapshotState(), ids);
const deal = (id: number) => ({ entityTypeId: 2, id });
const linksOf = (owner: string) => bench.portal.snapshotState().links[owner] ?? [];

async function refusal(work: Promise<unknown>): Promise<string | undefined> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return error instanceof UndoRefused ? error.code : undefined;
}

describe('what was changed meanwhile', () => {
  test('a contact that a person has linked since stays, and stays the primary one', async () => {
    const records = furnish(bench);
    const task = await tidy(bench, deal(records.deal), '[deal-contacts]');
    bench.portal.updateDeal(records.deal, { contactIds: [records.clara], silent: true });
    expect(await undo(bench, task)).toMatchObject({ status: 'done' });
    const { anna, boris, clara } = records;
    expect(new Set(bench.portal.contactsOf(records.deal))).toEqual(new Set([anna, boris, clara]));
    expect(linksOf(`2:${records.deal}`).find(({ primary }) => primary)?.contactId).toBe(records.clara);
  });

  test('a contact that a person has linked again as the primary one stays the primary one', async () => {
    const records = furnish(bench);
    const task = await tidy(bench, deal(records.deal), '[deal-contacts]');
    bench.portal.updateDeal(records.deal, { contactIds: [records.boris], silent: true });
    expect(await undo(bench, task)).toMatchObject({ status: 'done' });
    expect(new Set(bench.portal.contactsOf(records.deal))).toEqual(new Set([records.anna, records.boris]));
    expect(linksOf(`2:${records.deal}`).find(({ primary }) => primary)?.contactId).toBe(records.boris);
  });

  test('a company that a person has made the primary one of a contact since stays the primary one', async () => {
    const { portal } = bench;
    const [company, other] = ['A', 'C'].map((title) => portal.addCompany({ title, silent: true }));
    const contact = portal.addContact({ silent: true, companyIds: [company ?? 0] });
    const lost = portal.addDeal({ stageId: 'LOSE', silent: true, companyId: company ?? 0 });
    const task = await tidy(bench, deal(lost), '[company-contacts]');
    portal.updateItem(3, contact, { companyIds: [other ?? 0], silent: true });
    expect(await undo(bench, task)).toMatchObject({ status: 'done' });
    expect(portal.item(3, contact)).toMatchObject({ companyId: other });
    expect(portal.contactsOfCompany(company ?? 0)).toEqual([contact]);
  });

  test('a contact that is no longer there is not linked, and a deal that is gone is passed over', async () => {
    const records = furnish(bench);
    const task = await tidy(bench, deal(records.deal), '[deal-contacts]');
    bench.portal.removeItem(3, records.anna, { silent: true });
    expect(await undo(bench, task)).toMatchObject({ status: 'done' });
    expect(bench.portal.contactsOf(records.deal)).toEqual([records.boris]);

    bench.portal.removeDeal(records.deal, { silent: true });
    expect(await undo(bench, task)).toMatchObject({ status: 'done' });
  });

  test('a company that was named since is left, and of a double nobody knows which it is', async () => {
    const records = furnish(bench);
    const task = await tidy(bench, deal(records.deal), '[company]');
    bench.portal.updateDeal(records.second, { companyId: records.other, silent: true });
    bench.time.now += 60_000;
    for (let count = 0; count < 2; count += 1) {
      const fields = { fm: [{ typeId: 'EMAIL', value: 'office@northwind.test', valueType: 'WORK' }] };
      bench.portal.addCompany({ title: 'Northwind', silent: true, fields });
    }
    expect(await undo(bench, task)).toMatchObject({ status: 'skipped', reason: 'records-missing' });
    const undone = await undo(bench, task, { recreate: true });
    expect(undone.status).toBe('done');
    expect(bench.portal.item(2, records.second)).toMatchObject({ companyId: records.other });
    expect(bench.portal.item(2, records.deal)).toMatchObject({ companyId: idsOf(undone).get(`4:${records.company}`) });
  });
});

describe('an undo', () => {
  test('that is asked for twice does nothing the second time, and knows what the first one has made', async () => {
    const records = furnish(bench);
    const task = await tidy(bench, deal(records.deal), '[contacts, company]');
    await undo(bench, task, { recreate: true });
    const after = bench.portal.snapshotState();
    const again = await undo(bench, task, { recreate: true });
    expect(again).toMatchObject({ status: 'done', run: 2 });
    expect(bench.portal.snapshotState()).toEqual(after);
  });

  test('works in mode observe, and waits while the portal is paused', async () => {
    const records = furnish(bench);
    const before = state();
    const task = await tidy(bench, deal(records.deal), '[deal-contacts]');
    await bench.parts.portals.change(bench.memberId, { mode: 'observe' });
    await bench.parts.portals.pause(bench.memberId, { code: 'by-hand', reason: 'looking' });
    const waiting = await undo(bench, task);
    expect(waiting.status).toBe('open');
    expect(bench.portal.contactsOf(records.deal)).toEqual([]);
    await bench.resume();
    await bench.workFor(5);
    expect((await bench.task(waiting.taskId)).status).toBe('done');
    expect(state()).toEqual(before);
  });

  test('of a rule that keeps only ids puts links back, and says of which records nothing is kept', async () => {
    const records = furnish(bench);
    const before = linksOf(`2:${records.deal}`);
    const links = await tidy(bench, deal(records.deal), '[deal-contacts]', 'snapshot: ids');
    expect(await undo(bench, links)).toMatchObject({ status: 'done' });
    expect(linksOf(`2:${records.deal}`)).toEqual(before);

    const other = bench.portal.addDeal({ stageId: 'LOSE', silent: true, contactIds: [records.clara] });
    bench.time.now += 1_000;
    const task = await tidy(bench, deal(other), '[contacts]', 'snapshot: ids');
    const undone = await undo(bench, task, { recreate: true });
    expect(undone).toMatchObject({ status: 'skipped', reason: 'records-not-kept' });
    expect(undone.history.at(-1)?.text).toContain(`3/${records.clara}`);
    expect(bench.sent('crm.item.add')).toBe(0);
  });

  test('whose snapshots go while it waits says so and changes nothing', async () => {
    const records = furnish(bench);
    const task = await tidy(bench, deal(records.deal), '[deal-contacts]');
    const options = { recreate: false, by: 'test' };
    const undoId = await createUndo({ tasks: bench.parts.tasks, clock: bench.time.clock }, task, options);
    bench.time.now += 31 * day;
    await bench.workFor(5);
    expect(await bench.task(undoId)).toMatchObject({ status: 'skipped', reason: 'snapshot-expired' });
    expect(bench.portal.contactsOf(records.deal)).toEqual([]);
  });
});

describe('refused with a clear word', () => {
  const look = async (taskId: string) => refusal(lookAtUndo(bench.parts.snapshots, await bench.task(taskId)));

  test('is the undo of a task that is open, was only observed, was cancelled, or whose time is over', async () => {
    const records = furnish(bench);
    await bench.pushRules(['one']);
    const taskId = await bench.createTask(records.deal);
    expect(await look(taskId)).toBe('still-open');
    await bench.parts.tasks.end(taskId, { status: 'cancelled', reason: 'rule-removed', history: [] });
    expect(await look(taskId)).toBe('nothing-removed');

    await bench.parts.portals.change(bench.memberId, { mode: 'observe' });
    const other = await bench.createTask(bench.addLostDeal());
    await bench.workFor(5);
    expect(await look(other)).toBe('only-observed');
    await bench.parts.portals.change(bench.memberId, { mode: 'enforce', enforcedAt: 1 });

    const task = await tidy(bench, deal(bench.addLostDeal()), '[deal-contacts]');
    expect(await look(task.taskId)).toBeUndefined();
    bench.time.now += 30 * day + 1_000;
    expect(await look(task.taskId)).toBe('snapshots-expired');
  });

  test('is an undo of an undo, and one while another is under way', async () => {
    const task = await tidy(bench, deal(bench.addLostDeal()), '[deal-contacts]');
    const stores = { tasks: bench.parts.tasks, clock: bench.time.clock };
    const undoId = await createUndo(stores, task, { recreate: false, by: 'test' });
    expect(await refusal(createUndo(stores, task, { recreate: true, by: 'test' }))).toBe('being-undone');
    expect(await look(undoId)).toBe('is-an-undo');
  });
});
