import { expect, test } from '@jest/globals';
import { RestClient } from '../../../lib/bitrix24/rest-client.ts';
import { releaseDue } from '../../../lib/tasks/release.ts';
import { paceOf } from '../../../lib/tasks/pace.ts';
import { createUndo } from '../../../lib/tasks/undo/begin-undo.ts';
import { MemoryQueue } from '../portals/parts.ts';
import { type Bench, eachTestHas, through } from '../tasks/bench.ts';
import { tidy, undo } from './undo-bench.ts';

let bench: Bench;
eachTestHas((fresh) => {
  bench = fresh;
});
const deal = (id: number) => ({ entityTypeId: 2, id });

/** A client that gets altered rows for the lists of some types: without these fields. */
function without(fields: readonly string[], isMeant: (query: URLSearchParams) => boolean): RestClient {
  return new RestClient({
    clock: bench.time.clock,
    fetch: async (input, init) => {
      const response = await fetch(input, init);
      const body = JSON.parse(typeof init?.body === 'string' ? init.body : '{}') as { cmd?: Record<string, string> };
      const answer = (await response.json()) as { result: { result: Record<string, { items?: object[] }> } };
      for (const [key, command] of Object.entries(body.cmd ?? {})) {
        const [method, query] = command.split('?');
        const list = answer.result.result[key];
        if (method !== 'crm.item.list' || !list?.items || !isMeant(new URLSearchParams(query))) continue;
        list.items = list.items.map((row) =>
          Object.fromEntries(Object.entries(row).filter(([name]) => !fields.includes(name))),
        );
      }
      return Response.json(answer, { status: response.status });
    },
  });
}

test('a link that a person adds while the undo works at other deals stays', async () => {
  const { portal } = bench;
  const [anna, boris] = [portal.addContact({ silent: true }), portal.addContact({ silent: true })];
  const lost = portal.addDeal({ stageId: 'LOSE', silent: true, contactIds: [anna] });
  const others = Array.from({ length: 25 }, () => portal.addDeal({ silent: true, contactIds: [anna] }));
  const task = await tidy(bench, deal(lost), '[contacts]');
  const last = others.at(-1) ?? 0;
  let writes = 0;
  const rest = through(bench, {
    before: ({ commands }) => {
      if (!commands.has('crm.deal.contact.items.set')) return undefined;
      writes += 1;
      if (writes === 1) portal.updateDeal(last, { contactIds: [boris], silent: true });
      return undefined;
    },
  });
  const undone = await undo(bench, task, { recreate: true, rest });
  expect(writes).toBe(2);
  expect(new Set(portal.contactsOf(last))).toEqual(new Set([boris, undone.undo?.restored[0]?.newId]));
});

test('what was refused once comes back when the undo is tried again', async () => {
  const { portal } = bench;
  const anna = portal.addContact({ name: 'Anna', silent: true });
  portal.addBankDetail(portal.addRequisite(3, anna, { NAME: 'Anna' }), { NAME: 'Giro' });
  const lost = portal.addDeal({ stageId: 'LOSE', silent: true, contactIds: [anna] });
  const task = await tidy(bench, deal(lost), '[contacts]');
  portal.faults.add({
    when: { method: 'crm.requisite.add' },
    times: 1,
    give: { type: 'error', error: 'ACCESS_DENIED', description: 'Access denied' },
  });
  const failed = await undo(bench, task, { recreate: true });
  expect(failed).toMatchObject({ status: 'failed', undo: { restored: [{ complete: false }] } });
  await bench.parts.tasks.reopen(failed, []);
  await bench.workFor(30);
  expect(await bench.task(failed.taskId)).toMatchObject({ status: 'done', undo: { restored: [{ complete: true }] } });
  const { requisites, bankDetails } = portal.snapshotState();
  expect([requisites.length, bankDetails.length]).toEqual([1, 1]);
});

test('an undo goes at once, before all tasks that wait for their turn', async () => {
  const { parts } = bench;
  const task = await tidy(bench, deal(bench.addLostDeal()), '[deal-contacts]');
  await parts.budgets.takeSends(bench.memberId, '0', paceOf(await bench.row(), new Map(), bench.time.now), 50_000);
  const stores = { tasks: parts.tasks, clock: bench.time.clock };
  const undoId = await createUndo(stores, task, { recreate: false, by: 'test' });
  const queues = { deletions: new MemoryQueue(), events: new MemoryQueue(), reconcile: new MemoryQueue() };
  await releaseDue({ ...parts, ...queues }, bench.time.now + 100_000);
  expect(queues.deletions.bodies()).toEqual([expect.objectContaining({ taskIds: [undoId] })]);
});

test('a row that does not say which company it names stops the deletion, instead of losing the link', async () => {
  const { portal } = bench;
  const company = portal.addCompany({ title: 'Contoso', silent: true });
  const lost = portal.addDeal({ stageId: 'LOSE', silent: true, companyId: company });
  portal.addLead({ silent: true, companyId: company });
  const rest = without(
    ['companyId'],
    (query) => query.get('entityTypeId') === '1' && [...query.keys()].some((key) => key.includes('@companyId')),
  );
  await bench.pushFile(`
version: 1
rules:
  - id: tidy
    when: { type: deal, stages: all-lost }
    wait: 0m
    delete: [company]
    guards: { open-deals: off, won-deals: off, open-leads: off, open-items: off, quotes: off, invoices: off }
`);
  const taskId = await bench.taskOf(deal(lost), 'tidy');
  await bench.workFor(240, { rest });
  expect(await bench.task(taskId)).toMatchObject({ status: 'failed', reason: 'SNAPSHOT_UNREADABLE' });
  expect(portal.item(4, company)).toBeDefined();
});

test('what a lead has now is not overwritten when the portal does not say it, and the undo does not end as done', async () => {
  const { portal } = bench;
  const [anna, boris] = [portal.addContact({ silent: true }), portal.addContact({ silent: true })];
  const companies = ['Contoso', 'Northwind'].map((title) => portal.addCompany({ title, silent: true }));
  const [company = 0, other = 0] = companies;
  const lead = portal.addLead({ silent: true, contactIds: [anna], companyId: company });
  const lost = portal.addDeal({ stageId: 'LOSE', silent: true, contactIds: [anna], companyId: company });
  const task = await tidy(bench, deal(lost), '[contacts, company]');
  portal.updateItem(1, lead, { contactIds: [boris], companyId: other, silent: true });
  const rest = without(['contactIds', 'companyId'], (query) => query.get('entityTypeId') === '1');
  const undone = await undo(bench, task, { recreate: true, rest });
  expect(undone).toMatchObject({ status: 'failed', reason: 'PRESENT_UNREADABLE' });
  expect(portal.item(1, lead)).toMatchObject({ companyId: other, contactIds: [boris] });
  expect(portal.contactsOf(lost)).toHaveLength(1);
});
