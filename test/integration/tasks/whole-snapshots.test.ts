import { describe, expect, test } from '@jest/globals';
import type { Task } from '../../../lib/tasks/task.ts';
import { type Bench, eachTestHas, through } from './bench.ts';

let bench: Bench;
eachTestHas((fresh) => {
  bench = fresh;
});

const process = 1044;
/** What hangs on these records would keep them. */
const guardsOff = (deletions: string) =>
  /(?<!deal-)(contacts|company)/.test(deletions)
    ? 'guards: { open-deals: off, won-deals: off, open-leads: off, open-items: off, quotes: off, invoices: off }'
    : '';
const rule = (type: string | number, deletions: string, more = '') => `
version: 1
rules:
  - id: tidy
    when: { type: ${type}, stages: all-lost }
    wait: 0m
    ${more}
    ${guardsOff(deletions)}
    delete: ${deletions}
`;

/** A lost deal with a company, two contacts that are in another deal and another company too, and all that belongs to them. */
function furnish() {
  const { portal } = bench;
  const companyId = portal.addCompany({ title: 'Northwind', silent: true });
  const other = portal.addCompany({ title: 'Contoso', silent: true });
  const anna = portal.addContact({
    name: 'Anna',
    silent: true,
    companyIds: [companyId, other],
    fields: { fm: [{ typeId: 'PHONE', value: '+1 555 0101', valueType: 'WORK' }], UF_CRM_SIZE: 'XL' },
  });
  const boris = portal.addContact({ name: 'Boris', silent: true });
  const dealId = portal.addDeal({ stageId: 'LOSE', silent: true, companyId, contactIds: [anna, boris] });
  const second = portal.addDeal({ silent: true, companyId, contactIds: [boris, anna] });
  const lead = portal.addLead({ silent: true, contactIds: [anna] });
  const requisite = portal.addRequisite(3, anna, { RQ_LAST_NAME: 'Example' });
  portal.addBankDetail(requisite, { RQ_ACC_NUM: '40 12' });
  portal.addAddress(requisite, 1, { CITY: 'Bern' });
  portal.addRequisite(4, companyId, { RQ_VAT_ID: 'CHE-1' });
  portal.setProductRows(2, dealId, [{ productName: 'Licence', price: 50, quantity: 3 }]);
  return { companyId, other, anna, boris, dealId, second, lead };
}

async function tidy(dealId: number, deletions: string, more = ''): Promise<Task> {
  await bench.pushFile(rule('deal', deletions, more));
  const taskId = await bench.taskOf({ entityTypeId: 2, id: dealId }, 'tidy');
  await bench.workFor(30);
  return bench.task(taskId);
}
const snapshotsOf = (task: Task) => bench.parts.snapshots.get(task.taskId);
/** Requests that only read, but for those that looked before. */
const readsOf = (method: string) =>
  bench.portal.requests.filter(({ commands }) => commands.some((one) => one.method === method)).length;

describe('a snapshot of a record', () => {
  test('of a contact holds its multifields, custom fields, requisites with bank details and addresses, and every record it is linked to with order and primary flag', async () => {
    const { dealId, companyId, other, second, lead, anna, boris } = furnish();
    const [snapshot] = await snapshotsOf(await tidy(dealId, '[contacts]'));
    expect(snapshot?.records.find(({ id }) => id === anna)).toMatchObject({
      entityTypeId: 3,
      fields: { name: 'Anna', UF_CRM_SIZE: 'XL', fm: [{ typeId: 'PHONE', value: '+1 555 0101' }] },
      requisites: [
        {
          fields: { RQ_LAST_NAME: 'Example', ENTITY_ID: String(anna) },
          bankDetails: [{ RQ_ACC_NUM: '40 12' }],
          addresses: [{ TYPE_ID: '1', CITY: 'Bern' }],
        },
      ],
    });
    const owner = (entityTypeId: number, id: number) =>
      snapshot?.owners.find((one) => one.entityTypeId === entityTypeId && one.id === id)?.contacts;
    expect(owner(2, dealId)).toMatchObject([
      { CONTACT_ID: anna, SORT: 10, IS_PRIMARY: 'Y' },
      { CONTACT_ID: boris, SORT: 20, IS_PRIMARY: 'N' },
    ]);
    expect(owner(2, second)).toMatchObject([{ CONTACT_ID: boris, IS_PRIMARY: 'Y' }, { CONTACT_ID: anna }]);
    expect(owner(1, lead)).toMatchObject([{ CONTACT_ID: anna, IS_PRIMARY: 'Y' }]);
    expect(owner(4, companyId)).toMatchObject([{ CONTACT_ID: anna, IS_PRIMARY: 'Y' }]);
    expect(owner(4, other)).toMatchObject([{ CONTACT_ID: anna, IS_PRIMARY: 'N' }]);
  });

  test('of a company holds its contacts, its requisites, and who names it; of a deal its contacts and product rows', async () => {
    const { dealId, companyId, second, anna } = furnish();
    const [company, deal] = await snapshotsOf(await tidy(dealId, '[company, deal]'));
    expect(company).toMatchObject({
      records: [{ entityTypeId: 4, id: companyId, requisites: [{ fields: { RQ_VAT_ID: 'CHE-1' } }] }],
      owners: [{ entityTypeId: 4, id: companyId, contacts: [{ CONTACT_ID: anna }] }],
      names: [
        { entityTypeId: 2, id: dealId, field: 'companyId', to: companyId },
        { entityTypeId: 2, id: second, field: 'companyId', to: companyId },
      ],
    });
    expect(deal?.records).toMatchObject([{ entityTypeId: 2, productRows: [{ productName: 'Licence', quantity: 3 }] }]);
    expect(deal?.owners[0]?.contacts).toHaveLength(2);
  });

  test('of many contacts is read by two requests for all of them', async () => {
    const contactIds = Array.from({ length: 40 }, () => bench.portal.addContact({ silent: true }));
    for (const id of contactIds) bench.portal.addBankDetail(bench.portal.addRequisite(3, id));
    const dealId = bench.portal.addDeal({ stageId: 'LOSE', silent: true, contactIds });
    const task = await tidy(dealId, '[contacts]');
    expect(task.status).toBe('done');
    expect(
      (await snapshotsOf(task))[0]?.records.every(({ requisites }) => requisites[0]?.bankDetails.length === 1),
    ).toBe(true);
    expect([readsOf('crm.requisite.list'), readsOf('crm.requisite.bankdetail.list')]).toEqual([1, 1]);
  });

  test('is read to the end of every list', async () => {
    const anna = bench.portal.addContact({ silent: true });
    const dealId = bench.portal.addDeal({ stageId: 'LOSE', silent: true, contactIds: [anna] });
    const deals = Array.from({ length: 120 }, () => bench.portal.addDeal({ silent: true, contactIds: [anna] }));
    for (let count = 0; count < 51; count += 1) bench.portal.addRequisite(3, anna, { NAME: `R${count}` });
    const [snapshot] = await snapshotsOf(await tidy(dealId, '[contacts]'));
    expect(snapshot?.owners.map(({ id }) => id).toSorted((a, b) => a - b)).toEqual([dealId, ...deals]);
    expect(snapshot?.records[0]?.requisites).toHaveLength(51);
  });

  test('of an item of a smart process without product rows is taken although they are refused', async () => {
    const pipeline = bench.portal.addType({ entityTypeId: process, title: 'Project' });
    const id = bench.portal.addItem(process, { stageId: `DT${process}_${pipeline}:FAIL`, silent: true });
    await bench.pushFile(rule(process, '[item]'));
    bench.portal.faults.add({
      when: { method: 'crm.item.productrow.list' },
      give: { type: 'error', error: 'ACCESS_DENIED', description: 'Access denied' },
    });
    const taskId = await bench.taskOf({ entityTypeId: process, id }, 'tidy');
    await bench.workFor(30);
    expect((await bench.task(taskId)).status).toBe('done');
  });

  test('with snapshot: ids keeps which records and links there were, and no field', async () => {
    const { dealId, anna, boris } = furnish();
    const task = await tidy(dealId, '[contacts]', 'snapshot: ids');
    const [snapshot] = await snapshotsOf(task);
    expect(snapshot).toMatchObject({
      depth: 'ids',
      records: [
        { id: anna, fields: {} },
        { id: boris, fields: {} },
      ],
    });
    expect(snapshot?.owners.length).toBeGreaterThan(2);
    expect(JSON.stringify(snapshot)).not.toMatch(/Anna|555|XL|Example|Bern/);
    expect(readsOf('crm.requisite.list')).toBe(0);
  });
});

describe('what cannot be read', () => {
  test.each([
    'crm.requisite.list',
    'crm.requisite.bankdetail.list',
    'crm.address.list',
    'crm.company.contact.items.get',
  ])('by %s stops the deletion, and when it can be read again the task goes on', async (method) => {
    const { dealId, anna } = furnish();
    let isBroken = true;
    const rest = through(bench, {
      after: ({ commands }, answer) => (isBroken && commands.has(method) ? spoiled(answer, method) : answer),
    });
    await bench.pushFile(rule('deal', '[contacts]'));
    const taskId = await bench.taskOf({ entityTypeId: 2, id: dealId }, 'tidy');
    await bench.workFor(3, { rest });
    expect(bench.portal.item(3, anna)).toBeDefined();
    expect(await bench.task(taskId)).toMatchObject({ status: 'open' });
    isBroken = false;
    await bench.workFor(60, { rest });
    expect(await bench.task(taskId)).toMatchObject({ status: 'done' });
  });
});

/** Every row of the answer to such a command is no row any more. */
function spoiled(answer: unknown, method: string): unknown {
  const { result } = answer as { result: { result: Record<string, unknown> } };
  const key =
    { 'crm.requisite.list': 'requisites', 'crm.requisite.bankdetail.list': 'banks', 'crm.address.list': 'addresses' }[
      method
    ] ?? 'contacts4';
  for (const name of Object.keys(result.result)) if (name.startsWith(key)) result.result[name] = [{ ODD: 'row' }];
  return answer;
}
