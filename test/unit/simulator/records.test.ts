import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { SimulatedPortal } from '../../../simulator/portal.ts';
import { DEMO_LOST_STAGE, seedDemoData } from '../../../simulator/seed-data.ts';
import { type Simulator, startSimulator } from '../../../simulator/simulator.ts';
import { type Answer, postJson, resultOf } from './portal-client.ts';

let simulator: Simulator;
let portal: SimulatedPortal;
let hook: string;
let now: number;

beforeEach(async () => {
  now = Date.UTC(2026, 6, 29, 8, 0, 0, 700);
  simulator = await startSimulator({ clock: () => now, portal: { limits: { burst: Number.POSITIVE_INFINITY } } });
  portal = simulator.portal;
  seedDemoData(portal);
  hook = portal.createWebhook();
});
afterEach(() => simulator.close());

const call = (method: string, params: object = {}): Promise<Answer> => postJson(`${hook}${method}`, params);
const result = (method: string, params: object = {}): Promise<unknown> => resultOf(call(method, params));
const idsOf = async (params: object): Promise<number[]> => {
  const { items } = (await result('crm.item.list', { entityTypeId: 2, select: ['id'], ...params })) as {
    items: { id: number }[];
  };
  return items.map((item) => item.id);
};

describe('a deal', () => {
  test('that is moved is lost by the place of its stage, at a time in the portal’s zone', async () => {
    now += 60_000;
    portal.moveDeal(1, DEMO_LOST_STAGE);

    expect(await result('crm.item.get', { entityTypeId: 2, id: 1 })).toMatchObject({
      item: {
        stageId: DEMO_LOST_STAGE,
        stageSemanticId: 'F',
        closed: 'Y',
        movedTime: '2026-07-29T10:01:00+02:00',
        movedBy: 1,
        createdTime: '2026-07-29T10:00:00+02:00',
      },
    });
    expect(await result('crm.deal.get', { id: 1 })).toMatchObject({
      ID: '1',
      STAGE_SEMANTIC_ID: 'F',
      CATEGORY_ID: '5',
      CLOSED: 'Y',
    });
  });

  test('keeps the history of its stages under growing ids', async () => {
    portal.moveDeal(1, 'C5:WON');
    portal.moveDeal(1, DEMO_LOST_STAGE);
    portal.moveDeal(1, 'NEW');

    const answer = await call('crm.stagehistory.list', {
      entityTypeId: 2,
      filter: { OWNER_ID: 1 },
      order: { ID: 'DESC' },
    });

    const { items } = answer.body['result'] as { items: { ID: number; TYPE_ID: number; STAGE_SEMANTIC_ID: string }[] };
    expect(items.map((row) => [row.TYPE_ID, row.STAGE_SEMANTIC_ID])).toEqual([
      [5, 'P'],
      [3, 'F'],
      [3, 'S'],
      [1, 'P'],
    ]);
    expect(items.map((row) => row.ID)).toEqual(items.map((row) => row.ID).toSorted((a, b) => b - a));
  });

  test('changes its meaning when stages are sorted anew', () => {
    expect(portal.stages(5).at(-1)).toMatchObject({ id: DEMO_LOST_STAGE, semantics: 'F' });

    portal.addStage(5, { id: 'UC_EARLY', name: 'Early', sort: 5 });

    expect(portal.stages(5)[0]).toMatchObject({ id: 'C5:UC_EARLY', semantics: 'P' });
  });

  test('without contacts says so with 0 and []', async () => {
    const id = portal.addDeal();

    expect(await result('crm.item.get', { entityTypeId: 2, id })).toMatchObject({
      item: { companyId: 0, contactId: 0, contactIds: [] },
    });
  });
});

describe('crm.item.list', () => {
  const filters: readonly [string, object, number[]][] = [
    ['ids', { '@id': [1, 3, 99] }, [1, 3]],
    ['ids as text', { '@id': ['2'] }, [2]],
    ['equality', { '=stageId': 'PREPARATION' }, [3]],
    ['a plain field', { categoryId: 5 }, [1, 2]],
    ['a plain list', { stageId: ['PREPARATION', 'C5:WON'] }, [3]],
    ['inequality', { '!categoryId': 5 }, [3]],
    ['bounds', { '>id': 1, '<=id': 2 }, [2]],
    ['a contact', { contactIds: 2 }, [1]],
    ['a moment in another zone', { '>=movedTime': '2026-07-29T08:00:00Z' }, [1, 2, 3]],
    ['a moment without a zone', { '>movedTime': '2026-07-29 10:00:00' }, []],
    ['a moment whose plus sign was lost', { '<=movedTime': '2026-07-29T10:00:00 02:00' }, []],
    ['a number that is none', { '>id': 'x' }, []],
    ['nothing', {}, [1, 2, 3]],
  ];

  test.each(filters)('filters by %s', async (_name, filter, expected) => {
    expect(await idsOf({ filter })).toEqual(expected);
  });

  test('refuses a field it does not know', async () => {
    const answer = await call('crm.item.list', { entityTypeId: 2, filter: { STAGE_ID: 'NEW' } });

    expect([answer.status, answer.body['error']]).toEqual([400, 'INVALID_ARG_VALUE']);
  });

  test('answers fifty to a page, and counts unless told not to', async () => {
    for (let index = 0; index < 60; index += 1) portal.addDeal({ silent: true });

    const first = await call('crm.item.list', { entityTypeId: 2, select: ['id'] });
    const second = await call('crm.item.list', { entityTypeId: 2, select: ['id'], start: 50 });
    const uncounted = await call('crm.item.list', { entityTypeId: 2, select: ['id'], start: -1 });

    expect([first.body['total'], first.body['next']]).toEqual([63, 50]);
    expect([second.body['total'], second.body['next']]).toEqual([63, undefined]);
    expect((second.body['result'] as { items: unknown[] }).items).toHaveLength(13);
    expect(uncounted.body).not.toHaveProperty('total');
    expect(uncounted.body).not.toHaveProperty('next');
  });

  test('orders', async () => {
    expect(await idsOf({ order: { id: 'DESC' } })).toEqual([3, 2, 1]);
  });
});

describe('crm.item.*', () => {
  const refusals: readonly [string, string, object, string, string][] = [
    [
      'a missing argument',
      'crm.item.get',
      { entityTypeId: 2, ID: 1 },
      '100',
      'Could not find value for parameter {id}',
    ],
    ['an unknown type', 'crm.item.get', { entityTypeId: 999, id: 1 }, 'NOT_FOUND', 'SPA not found'],
    ['an unknown record', 'crm.item.delete', { entityTypeId: 2, id: 99 }, 'NOT_FOUND', 'Item not found'],
  ];

  test.each(refusals)('refuses %s', async (_name, method, params, error, description) => {
    const { status, body } = await call(method, params);

    expect([status, body]).toEqual([400, { error, error_description: description }]);
  });

  test('says that something is gone in the portal’s language', async () => {
    const russian = await simulator.addPortal({ language: 'ru' });

    const { body } = await postJson(`${russian.createWebhook()}crm.item.get`, { entityTypeId: 2, id: 1 });

    expect(body).toEqual({ error: 'NOT_FOUND', error_description: 'Элемент не найден' });
  });

  test('answers a deletion with an empty list and takes the contact out of every link', async () => {
    expect(await result('crm.item.delete', { entityTypeId: 3, id: 1 })).toEqual([]);

    expect(portal.contactsOf(1)).toEqual([2, 3]);
    expect(portal.deal(1)).toMatchObject({ contactId: 2 });
    expect(portal.contactsOfCompany(1)).toEqual([2]);
  });

  test('lets a handler forbid a deletion', async () => {
    portal.forbidDeletion(3, 1, 'Has open orders');

    expect((await call('crm.item.delete', { entityTypeId: 3, id: 1 })).body['error']).toBe(
      'TERMINATED_BY_EVENT_COMPATIBLE',
    );
    expect((await call('crm.contact.delete', { id: 1 })).body).toEqual({
      error: 'ERROR_CORE',
      error_description: 'Has open orders',
    });
  });

  test('adds and updates, and refuses a stage of another pipeline', async () => {
    const added = await result('crm.item.add', {
      entityTypeId: 2,
      fields: { categoryId: 5, title: 'New', contactIds: [4] },
    });
    expect(added).toMatchObject({ item: { stageId: 'C5:NEW', contactIds: [4], title: 'New' } });

    const { status, body } = await call('crm.item.update', { entityTypeId: 2, id: 1, fields: { stageId: 'WON' } });
    expect([status, body['error']]).toEqual([400, 'CRM_FIELD_ERROR_VALUE_NOT_VALID']);
  });
});

describe('the links of contacts', () => {
  test('are read, deleted as often as one likes, and set again', async () => {
    const rows = await result('crm.deal.contact.items.get', { id: 1 });
    expect(rows).toEqual([
      { CONTACT_ID: 1, SORT: 10, ROLE_ID: 0, IS_PRIMARY: 'Y' },
      { CONTACT_ID: 2, SORT: 20, ROLE_ID: 0, IS_PRIMARY: 'N' },
      { CONTACT_ID: 3, SORT: 30, ROLE_ID: 0, IS_PRIMARY: 'N' },
    ]);

    expect(await result('crm.deal.contact.items.delete', { id: 1 })).toBe(true);
    expect(await result('crm.deal.contact.items.delete', { ID: '1' })).toBe(true);
    expect(await result('crm.deal.contact.items.get', { id: 1 })).toEqual([]);
    expect(portal.item(3, 1)).toMatchObject({ id: 1 });

    expect(await result('crm.deal.contact.items.set', { id: 1, items: rows })).toBe(true);
    expect(await result('crm.deal.contact.items.get', { id: 1 })).toEqual(rows);
  });

  const refusals: readonly [string, object, string][] = [
    ['delete', {}, 'The parameter ownerEntityID is invalid or not defined.'],
    ['delete', { id: 'x' }, 'The parameter ownerEntityID is invalid or not defined.'],
    ['delete', { id: 99 }, 'Not found'],
    ['get', { id: 99 }, 'Not found.'],
    ['set', { id: 1 }, 'The parameter items must be array.'],
  ];

  test.each(refusals)('of a deal refuse %s with %j', async (action, params, description) => {
    const { status, body } = await call(`crm.deal.contact.items.${action}`, params);

    expect([status, body]).toEqual([400, { error: '', error_description: description }]);
  });

  test('of a company that does not exist are deleted with success', async () => {
    expect(await result('crm.company.contact.items.delete', { id: 999 })).toBe(true);
    expect(await result('crm.company.contact.items.get', { id: 999 })).toEqual([]);
  });

  test('of a company, once deleted, leave its contacts their other company', async () => {
    const other = portal.addCompany();
    await result('crm.company.contact.items.set', { id: other, items: [{ CONTACT_ID: 1 }] });
    expect(portal.item(3, 1)).toMatchObject({ companyId: 1, companyIds: [1, other] });

    await result('crm.company.contact.items.delete', { id: 1 });

    expect(portal.item(3, 1)).toMatchObject({ companyId: other, companyIds: [other] });
  });
});

describe('a user who is no administrator', () => {
  beforeEach(() => {
    const user = portal.addUser({ name: 'Sam' });
    portal.addDeal({ assignedById: user.id });
    hook = portal.createWebhook({ userId: user.id });
  });

  test('sees nothing of others in a list, and nobody says so', async () => {
    expect(await idsOf({})).toEqual([4]);
    expect(await idsOf({ filter: { '@id': [1, 2, 4] } })).toEqual([4]);
    expect(await result('profile')).toMatchObject({ ADMIN: false });
  });

  const refusals: readonly [string, object, string, string][] = [
    ['crm.item.get', { entityTypeId: 2, id: 1 }, 'ACCESS_DENIED', 'Access denied'],
    ['crm.item.delete', { entityTypeId: 2, id: 1 }, 'ACCESS_DENIED', 'Access denied'],
    ['crm.deal.get', { id: 1 }, '', 'Access denied.'],
    ['crm.deal.contact.items.delete', { id: 1 }, 'ACCESS_DENIED', 'Access denied!'],
    ['crm.company.contact.items.delete', { id: 999 }, 'ACCESS_DENIED', 'Access denied!'],
    ['crm.contact.delete', { id: 1 }, '', 'Access denied.'],
  ];

  test.each(refusals)('is refused by %s', async (method, params, error, description) => {
    const { status, body } = await call(method, params);

    expect([status, body]).toEqual([400, { error, error_description: description }]);
  });

  test('without any CRM access is refused with an empty code', async () => {
    const nobody = portal.addUser({ rights: 'none' });
    hook = portal.createWebhook({ userId: nobody.id });

    const { body } = await call('crm.deal.contact.items.delete', { id: 1 });

    expect(body).toEqual({ error: '', error_description: 'Access denied' });
  });
});
