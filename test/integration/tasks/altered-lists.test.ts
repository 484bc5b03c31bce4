import { expect, test } from '@jest/globals';
import type { RestClient } from '../../../lib/bitrix24/rest-client.ts';
import type { Task } from '../../../lib/tasks/task.ts';
import { alteredLists, conditionIn, selects } from './altered-lists.ts';
import { type Bench, day, eachTestHas } from './bench.ts';

let bench: Bench;
eachTestHas((taken) => (bench = taken));

const process = 1044;

async function tidy(dealId: number, entries: string, rest: RestClient, protect = ''): Promise<Task> {
  const rule = `{ id: tidy, when: { type: deal, stages: all-lost }, wait: 0m, delete: ${entries} }`;
  await bench.pushFile(`version: 1\n${protect === '' ? '' : `protect: ${protect}\n`}rules:\n  - ${rule}\n`);
  const taskId = await bench.taskOf({ entityTypeId: 2, id: dealId }, 'tidy');
  await bench.workFor(3 * 24 * 60, { rest });
  return bench.task(taskId);
}
const exists = (entityTypeId: number, id: number): boolean => bench.portal.item(entityTypeId, id) !== undefined;
const unreadable = { status: 'failed', reason: 'GUARD_UNREADABLE' };

/** A contact, and a deal with it that is lost; both have the hold field. */
function lostDeal(ticked: { contact?: true; deal?: true } = {}) {
  const { portal } = bench;
  for (const type of [2, 3, 4]) portal.addField(type, { name: 'UF_CRM_KEEP', type: 'boolean' });
  const tick = { fields: { UF_CRM_KEEP: 'Y' } };
  const contact = portal.addContact({ silent: true, ...(ticked.contact && tick) });
  const deal = portal.addDeal({ stageId: 'LOSE', silent: true, contactIds: [contact], ...(ticked.deal && tick) });
  return { contact, deal };
}
const protect = '{ hold-field: UF_CRM_KEEP }';

test('a list of other records does not say that a linked contact is gone and so not protected', async () => {
  const { contact, deal } = lostDeal({ contact: true });
  const other = bench.portal.addContact({ silent: true });
  const rest = alteredLists(bench, selects(3, 'UF_CRM_KEEP'), () => [{ id: other, UF_CRM_KEEP: 'N' }]);
  expect(await tidy(deal, '[deal-contacts]', rest, protect)).toMatchObject(unreadable);
  expect(bench.portal.contactsOf(deal)).toEqual([contact]);
});

test('a list without the lost record, which was there just now, does not say that it is not protected', async () => {
  const { contact, deal } = lostDeal({ deal: true });
  const rest = alteredLists(bench, selects(2, 'UF_CRM_KEEP'), () => []);
  expect(await tidy(deal, '[deal-contacts]', rest, protect)).toMatchObject(unreadable);
  expect(bench.portal.contactsOf(deal)).toEqual([contact]);
});

test.each<[string, (items: unknown[]) => unknown[]]>([
  ['of other records', () => [{ id: 4_711, contactIds: [], companyId: 0 }]],
  ['that does not tell whom they name', (items) => items.map((row) => ({ id: (row as { id: number }).id }))],
])('a list %s does not say that no deal on hold names the contact', async (_what, change) => {
  const { contact, deal } = lostDeal();
  const id = bench.portal.addDeal({ stageId: 'LOSE', silent: true, contactIds: [contact] });
  await bench.parts.portals.holds.put(bench.memberId, { entityTypeId: 2, id, by: 'ada', at: bench.time.now });
  const isOfHeld = (params: URLSearchParams) =>
    selects(2, 'companyId')(params) && conditionIn(params, 'filter[@id]') === String(id);
  expect(await tidy(deal, '[contacts]', alteredLists(bench, isOfHeld, change))).toMatchObject(unreadable);
  expect(exists(3, contact)).toBe(true);
});

test('a list of other records does not say that a duplicate was deleted', async () => {
  const { portal, time } = bench;
  const phone = { fm: [{ typeId: 'PHONE', valueType: 'WORK', value: '+49 30 12345' }] };
  const contact = portal.addContact({ silent: true, fields: phone });
  const twin = portal.addContact({ silent: true, fields: phone });
  time.now += 400 * day;
  portal.touchActivity(3, twin, time.now - day);
  const other = portal.addContact({ silent: true });
  const deal = portal.addDeal({ stageId: 'LOSE', silent: true, contactIds: [contact] });
  const rest = alteredLists(
    bench,
    (params) => selects(3, 'lastActivityTime')(params) && !selects(3, 'fm')(params),
    () => [{ id: other, createdTime: null, lastActivityTime: null }],
  );
  expect(await tidy(deal, '[contacts]', rest)).toMatchObject(unreadable);
  expect(exists(3, contact)).toBe(true);
});

/** Pages behind an id, but from the other end. */
const backwards = (rows: readonly { id: number }[]) => (_items: unknown[], params: URLSearchParams) =>
  rows
    .filter(({ id }) => id > Number(conditionIn(params, '>id') ?? 0))
    .toSorted((a, b) => b.id - a.id)
    .slice(0, 50);

test('a guard does not pass over what stands behind a page in the wrong order', async () => {
  const { portal, time } = bench;
  const pipeline = portal.addType({ entityTypeId: process, title: 'Project' });
  const contact = portal.addContact({ silent: true });
  const [open, over] = [`DT${process}_${pipeline}:NEW`, `DT${process}_${pipeline}:FAIL`];
  const rows = Array.from({ length: 61 }, (_, index) => {
    const stageId = index === 0 ? open : over;
    const id = portal.addItem(process, { silent: true, contactIds: [contact], stageId });
    return { id, stageId, contactId: contact, contactIds: [contact] };
  });
  time.now += 400 * day;
  const deal = portal.addDeal({ stageId: 'LOSE', silent: true, contactIds: [contact] });
  const rest = alteredLists(bench, selects(process, 'stageSemanticId'), backwards(rows));
  expect(await tidy(deal, '[contacts]', rest)).toMatchObject(unreadable);
  expect(exists(3, contact)).toBe(true);
});

test('a deal is not deleted while pages of its items come in the wrong order', async () => {
  const { portal } = bench;
  portal.addType({ entityTypeId: process, title: 'Project' });
  const deal = portal.addDeal({ stageId: 'LOSE', silent: true });
  const ids = Array.from({ length: 60 }, () => portal.addItem(process, { silent: true, parents: { 2: deal } }));
  const rows = ids.map((id) => ({ ...portal.item(process, id), id, parentId2: deal }));
  const isPage = (params: URLSearchParams) => conditionIn(params, 'parentId2') !== undefined;
  const rest = alteredLists(bench, isPage, backwards(rows));
  const task = await tidy(deal, `[{ items: { type: ${process} } }, deal]`, rest);
  expect(task).toMatchObject({ status: 'failed', reason: 'TARGET_UNREADABLE' });
  expect([exists(2, deal), ...ids.map((id) => exists(process, id))]).not.toContain(false);
});
