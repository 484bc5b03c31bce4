import { expect } from '@jest/globals';
import type { Task } from '../../../lib/tasks/task.ts';
import { createUndo, lookAtUndo } from '../../../lib/tasks/undo/begin-undo.ts';
import type { WorkOptions } from '../../../lib/tasks/run.ts';
import type { PortalSnapshot } from '../../../simulator/portal-snapshot.ts';
import type { Bench } from '../tasks/bench.ts';

export const project = 1044;

/** A lost deal with all there is: contacts that are elsewhere too, a company, items, requisites, products. */
export function furnish({ portal }: Bench) {
  portal.addField(3, { name: 'UF_CRM_SIZE', type: 'string' });
  const pipeline = portal.addType({ entityTypeId: project, title: 'Projects' });
  const other = portal.addCompany({ title: 'Contoso', silent: true });
  const company = portal.addCompany({
    title: 'Northwind',
    silent: true,
    fields: { fm: [{ typeId: 'EMAIL', value: 'office@northwind.test', valueType: 'WORK' }], industry: 'IT' },
  });
  const anna = portal.addContact({
    name: 'Anna',
    lastName: 'Example',
    silent: true,
    companyIds: [company, other],
    fields: {
      fm: [
        { typeId: 'PHONE', value: '+1 555 0101', valueType: 'WORK' },
        { typeId: 'EMAIL', value: 'anna@northwind.test', valueType: 'HOME' },
      ],
      UF_CRM_SIZE: 'XL',
      originatorId: 'erp',
      originId: '77',
    },
  });
  const boris = portal.addContact({ name: 'Boris', silent: true, companyIds: [other] });
  const clara = portal.addContact({ name: 'Clara', silent: true });
  const lead = portal.addLead({ title: 'Fair', silent: true, contactIds: [clara, anna], companyId: company });
  const deal = portal.addDeal({
    title: 'Support',
    stageId: 'LOSE',
    silent: true,
    companyId: company,
    contactIds: [anna, boris],
    leadId: lead,
    fields: { opportunity: 150, comments: 'as agreed', observers: [1] },
  });
  const second = portal.addDeal({ title: 'Next', silent: true, companyId: company, contactIds: [boris, anna, clara] });
  const items = ['Set-up', 'Training'].map((title) =>
    portal.addItem(project, {
      title,
      silent: true,
      categoryId: pipeline,
      parents: { 2: deal },
      contactIds: [anna],
      companyId: company,
    }),
  );
  const requisite = portal.addRequisite(3, anna, { NAME: 'Anna', RQ_LAST_NAME: 'Example' });
  portal.addBankDetail(requisite, { NAME: 'Giro', RQ_ACC_NUM: '40 12' });
  portal.addBankDetail(requisite, { NAME: 'Savings', RQ_ACC_NUM: '40 13' });
  portal.addAddress(requisite, 1, { CITY: 'Bern' });
  portal.addRequisite(4, company, { NAME: 'Northwind', RQ_VAT_ID: 'CHE-1' });
  portal.setProductRows(2, deal, [
    { productName: 'Licence', price: 50, quantity: 3, sort: 10 },
    { productName: 'Hours', price: 10, quantity: 1, sort: 20 },
  ]);
  return { company, other, anna, boris, clara, lead, deal, second, items };
}

/** Otherwise what is linked elsewhere would be kept. */
const guardsOff =
  'guards: { open-deals: off, won-deals: off, open-leads: off, open-items: off, quotes: off, invoices: off }';

/** Carries out what the rule says about the record, and gives the task as it ended. */
export async function tidy(
  bench: Bench,
  record: { entityTypeId: number; id: number },
  deletions: string,
  more = '',
): Promise<Task> {
  const type = record.entityTypeId === 2 ? 'deal' : record.entityTypeId === 1 ? 'lead' : record.entityTypeId;
  await bench.pushFile(`
version: 1
rules:
  - id: tidy
    when: { type: ${type}, stages: all-lost }
    wait: 0m
    ${more}
    ${/contacts|company/.test(deletions.replaceAll('deal-contacts', '')) ? guardsOff : ''}
    delete: ${deletions}
`);
  const taskId = await bench.taskOf(record, 'tidy');
  await bench.workFor(60);
  const task = await bench.task(taskId);
  expect(task.status).toBe('done');
  return task;
}

/** Asks for the undo and works at it; gives the undo's task. */
export async function undo(
  bench: Bench,
  task: Task,
  { recreate = false, ...changed }: Partial<WorkOptions> & { recreate?: boolean } = {},
): Promise<Task> {
  await lookAtUndo(bench.parts.snapshots, await bench.task(task.taskId));
  const undoId = await createUndo({ tasks: bench.parts.tasks, clock: bench.time.clock }, task, {
    recreate,
    by: 'test',
  });
  await bench.workFor(120, changed);
  return bench.task(undoId);
}

/** Which records came back under which ids: `3:5` to `3:17`. */
export function idsOf({ undo: state }: Task): Map<string, number> {
  return new Map((state?.restored ?? []).map(({ entityTypeId, id, newId }) => [`${entityTypeId}:${id}`, newId]));
}

/**
 * The state of a portal that can be compared with another time's: ids of records that were made anew are the old ones
 * again, and what the undo cannot bring back is left out: who made and moved a record and when, ids of requisites, bank
 * details, product rows and multifields.
 */
export function comparable(state: PortalSnapshot, ids: ReadonlyMap<string, number> = new Map()): unknown {
  const old = new Map([...ids].map(([key, newId]) => [`${key.split(':')[0]}:${newId}`, Number(key.split(':')[1])]));
  const back = (type: number | string, id: number) => old.get(`${type}:${id}`) ?? id;
  const keyOf = (at: string) => `${at.split(':')[0]}:${back(at.split(':')[0] ?? '', Number(at.split(':')[1]))}`;
  const records = Object.entries(state.records).map(([at, record]) => {
    const { id, title, name, lastName, stageId, categoryId, companyId, leadId, parents, assignedById, opened, custom } =
      record;
    const { fm = [], ...fields } = custom as { fm?: object };
    return [
      keyOf(at),
      {
        id: back(record.entityTypeId, id),
        title,
        name,
        lastName,
        stageId,
        categoryId,
        companyId: back(4, companyId),
        leadId: back(1, leadId),
        parents: Object.fromEntries(
          Object.entries(parents).flatMap(([type, parent]) => (parent > 0 ? [[type, back(type, parent)]] : [])),
        ),
        assignedById,
        opened,
        fields: Object.fromEntries(
          Object.entries(fields).filter(([key, value]) => !isEmpty(value) && key !== 'export'),
        ),
        multifields: Object.values(fm).map((one) => {
          const { typeId, value, valueType } = one as Record<string, unknown>;
          return { typeId, value, valueType };
        }),
      },
    ] as const;
  });
  const links = Object.entries(state.links).map(([key, some]) => [
    keyOf(key),
    some.map((link) => ({ ...link, contactId: back(3, link.contactId) })),
  ]);
  const requisites = state.requisites.map(({ id, entityTypeId, entityId, fields }) => ({
    of: `${entityTypeId}:${back(entityTypeId, entityId)}`,
    fields: asText(fields),
    banks: state.bankDetails.filter((one) => one.requisiteId === id).map((one) => asText(one.fields)),
    addresses: state.addresses.filter((one) => one.requisiteId === id).map((one) => [one.typeId, asText(one.fields)]),
  }));
  const products = Object.entries(state.productRows).map(([key, rows]) => [
    keyOf(key),
    rows.map(({ fields }) => asText(fields)),
  ]);
  return {
    records: sorted(Object.fromEntries(records)),
    links: sorted(Object.fromEntries(links)),
    requisites: requisites.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
    products: sorted(Object.fromEntries(products)),
  };
}

/** What a portal gives a field that nobody has written. */
const defaults: ReadonlySet<unknown> = new Set([null, '', 0, 'N', 'EUR']);

function isEmpty(value: unknown): boolean {
  return defaults.has(value) || (Array.isArray(value) && value.length === 0);
}

function asText(fields: Readonly<Record<string, unknown>>): Record<string, string> {
  return sorted(Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, String(value)])));
}

function sorted<T>(map: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(map).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
