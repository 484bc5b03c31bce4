import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { SimulatedPortal } from '../../../simulator/portal.ts';
import { type Simulator, startSimulator } from '../../../simulator/simulator.ts';
import { type Answer, postJson, resultOf } from './portal-client.ts';

const [lead, deal, contact, company, invoice, repair] = [1, 2, 3, 4, 31, 177];

let simulator: Simulator;
let portal: SimulatedPortal;
let hook: string;
let now: number;

beforeEach(async () => {
  now = Date.UTC(2026, 6, 29, 8);
  simulator = await startSimulator({ clock: () => now, portal: { limits: { burst: Number.POSITIVE_INFINITY } } });
  portal = simulator.portal;
  portal.addType({ entityTypeId: repair, title: 'Repairs' });
  hook = portal.createWebhook();
});
afterEach(() => simulator.close());

type Row = Readonly<Record<string, unknown>>;

const call = (method: string, params: object): Promise<Answer> => postJson(`${hook}${method}`, params);
const get = async (entityTypeId: number, id: number, more: object = {}): Promise<Row> =>
  ((await resultOf(call('crm.item.get', { entityTypeId, id, ...more }))) as { item: Row }).item;
const list = async (entityTypeId: number, params: object = {}): Promise<Row[]> =>
  ((await resultOf(call('crm.item.list', { entityTypeId, ...params }))) as { items: Row[] }).items;
const idsOf = async (entityTypeId: number, filter: object, more: object = {}): Promise<unknown[]> =>
  (await list(entityTypeId, { filter, select: ['id'], ...more })).map((row) => row['id']);

describe('a record of its type', () => {
  const stages: readonly [string, number, string, string][] = [
    ['a lead', lead, 'JUNK', 'NEW'],
    ['a deal', deal, 'LOSE', 'NEW'],
    ['an invoice', invoice, 'DT31_1:D', 'DT31_1:N'],
    ['an item of a smart process', repair, 'DT177_2:FAIL', 'DT177_2:NEW'],
  ];

  test.each(stages)('%s has a stage, and when and by whom it came there', async (_name, type, lost, first) => {
    const id = portal.addItem(type, { title: 'One' });
    now += 60_000;
    const user = portal.addUser({ admin: true });
    portal.updateItem(type, id, { stageId: lost, by: user.id });

    const item = await get(type, id);

    const moved = { movedTime: '2026-07-29T10:01:00+02:00', movedBy: user.id };
    expect(item).toMatchObject({ entityTypeId: type, stageId: lost, ...moved });
    expect(item['createdTime']).toBe('2026-07-29T10:00:00+02:00');
    if (type === lead || type === deal) expect(item).toMatchObject({ stageSemanticId: 'F' });
    else expect(item).not.toHaveProperty('stageSemanticId');
    if (type === lead) expect(item).not.toHaveProperty('previousStageId');
    else expect(item).toMatchObject({ previousStageId: first });
    expect('categoryId' in item).toBe(type !== lead);
  });

  test('a contact and a company have no stage', async () => {
    for (const type of [contact, company]) {
      expect(await get(type, portal.addItem(type))).not.toHaveProperty('stageId');
    }
  });

  test('the phone numbers and addresses come with all fields, the first of each also by name', async () => {
    const fm = [
      { typeId: 'PHONE', valueType: 'MOBILE', value: '+49 30 1' },
      { typeId: 'EMAIL', valueType: 'WORK', value: 'anna@example.com' },
    ];
    const id = portal.addContact({ name: 'Anna', fields: { fm } });
    portal.addContact({ name: 'Boris' });

    expect(await get(contact, id)).toMatchObject({ hasPhone: 'Y', hasImol: 'N', fm });
    expect(await list(contact, { select: ['name', 'fm', 'phone', 'email', 'hasEmail'] })).toEqual([
      { name: 'Anna', phone: '+49 30 1', email: 'anna@example.com', hasEmail: 'Y' },
      { name: 'Boris', phone: null, email: null, hasEmail: 'N' },
    ]);
    expect((await call('crm.item.list', { entityTypeId: contact, filter: { fm: 1 } })).status).toBe(400);
  });
});

describe('a list', () => {
  test('refuses what the type does not have', async () => {
    const refused = [
      [repair, 'stageSemanticId'],
      [invoice, 'stageSemanticId'],
      [lead, 'categoryId'],
      [contact, 'stageId'],
      [deal, 'entityTypeId'],
      [deal, 'contacts'],
      [deal, 'ufCrmNever'],
      [deal, 'parentId999'],
    ] as const;
    for (const [entityTypeId, field] of refused) {
      const { body } = await call('crm.item.list', { entityTypeId, filter: { [`=${field}`]: 'F' } });
      const description = `Invalid filter: field '${field}' is not allowed in filter`;
      expect(body).toEqual({ error: 'INVALID_ARG_VALUE', error_description: description });
    }
  });

  test('finds a deal by any of its contacts, and items by their company and parent', async () => {
    const [anna, boris] = [portal.addContact(), portal.addContact()];
    const firm = portal.addCompany();
    const first = portal.addDeal({ contactIds: [anna, boris], companyId: firm });
    portal.addDeal({ contactIds: [anna] });
    const child = portal.addItem(repair, { parents: { 2: first }, contactIds: [boris], companyId: firm });
    portal.addItem(repair, {});

    expect(await idsOf(deal, { contactIds: boris })).toEqual([first]);
    expect(await idsOf(deal, { '@contactIds': [boris, 99] })).toEqual([first]);
    expect(await idsOf(deal, { companyId: firm })).toEqual([first]);
    expect(await idsOf(repair, { parentId2: first })).toEqual([child]);
    expect(await idsOf(repair, { '@parentId2': [first, 99] })).toEqual([child]);
    expect(await idsOf(repair, { contactIds: boris, companyId: firm })).toEqual([child]);
    expect(await list(repair, { select: ['id', 'parentId2'] })).toEqual([
      { id: child, parentId2: first },
      { id: child + 1, parentId2: 0 },
    ]);
  });

  test('of a portal that cannot filter deals by contacts says so', async () => {
    const old = await simulator.addPortal({ dealsFilterByContacts: false });

    const { body } = await postJson(`${old.createWebhook()}crm.item.list`, {
      entityTypeId: deal,
      filter: { contactIds: 1 },
    });

    expect(body['error']).toBe('INVALID_ARG_VALUE');
  });

  test('filters and orders by times with a zone', async () => {
    const early = portal.addItem(repair);
    now += 3_600_000;
    const late = portal.addItem(repair);

    expect(await idsOf(repair, { '>createdTime': '2026-07-29T08:00:00Z' })).toEqual([late]);
    expect(await idsOf(repair, { '<=movedTime': '2026-07-29T11:00:00+03:00' })).toEqual([early]);
    expect(await idsOf(repair, { '>=lastActivityTime': '2026-07-29T09:00:00+00:00' })).toEqual([late]);
    expect(await idsOf(repair, { '!createdTime': '2026-07-29T08:00:00Z' })).toEqual([late]);
    expect(await idsOf(repair, {}, { order: { movedTime: 'DESC' } })).toEqual([late, early]);
    expect(await idsOf(repair, {}, { order: { id: 'DESC' }, start: -1 })).toEqual([late, early]);
  });

  test('filters by sums and sources, by parts of texts, by either of two conditions', async () => {
    portal.addLead({ title: 'Fair in Bonn', fields: { opportunity: 5000, sourceId: 'WEB', currencyId: 'USD' } });
    portal.addLead({ title: 'Call', fields: { opportunity: 19_000, sourceId: 'ADVERTISING' } });

    expect(await idsOf(lead, { '>opportunity': 5000 })).toEqual([2]);
    expect(await idsOf(lead, { '<opportunity': '19000', '@sourceId': ['WEB', 'CALL'] })).toEqual([1]);
    expect(await idsOf(lead, { '!currencyId': 'USD' })).toEqual([2]);
    expect(await idsOf(lead, { '%title': 'BONN' })).toEqual([1]);
    expect(await idsOf(lead, { '=%title': 'fair%' })).toEqual([1]);
    expect(await idsOf(lead, { '!=%title': 'fair%' })).toEqual([2]);
    const either = { 0: { logic: 'OR', 0: { '=sourceId': 'WEB' }, 1: { '>=opportunity': 19_000 } }, '>id': 1 };
    expect(await idsOf(lead, either)).toEqual([2]);
  });

  test('refuses a direction that is none', async () => {
    const { body } = await call('crm.item.list', { entityTypeId: deal, order: { id: 'down' } });

    expect(body['error']).toBe('INVALID_ARG_VALUE');
  });
});

describe('the last activity', () => {
  test('moves with activities, not with changes, and nobody hears of it', async () => {
    const id = portal.addDeal();
    now += 60_000;
    portal.updateDeal(id, { title: 'Changed' });
    expect(await get(deal, id)).toMatchObject({ lastActivityTime: '2026-07-29T10:00:00+02:00', lastActivityBy: 1 });

    const user = portal.addUser();
    portal.addActivity(deal, id, { by: user.id });
    const touched = { lastActivityTime: '2026-07-29T10:01:00+02:00', lastActivityBy: user.id };
    expect(await get(deal, id)).toMatchObject({ ...touched, updatedBy: 1 });

    portal.touchActivity(deal, id, Date.UTC(2025, 0, 1));
    expect(await idsOf(deal, { '<lastActivityTime': '2025-01-01T02:00:01+02:00' })).toEqual([id]);
  });
});
