import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { deletionDenied } from '../../../simulator/faults/fault-presets.ts';
import type { SimulatedPortal } from '../../../simulator/portal.ts';
import { type Simulator, startSimulator } from '../../../simulator/simulator.ts';
import { openInbox } from './event-inbox.ts';
import { type Answer, postJson, resultOf } from './portal-client.ts';

const [lead, deal, contact, company, invoice, repair] = [1, 2, 3, 4, 31, 177];

let simulator: Simulator;
let portal: SimulatedPortal;
let hook: string;

beforeEach(async () => {
  simulator = await startSimulator({ portal: { limits: { burst: Number.POSITIVE_INFINITY } } });
  portal = simulator.portal;
  portal.addType({ entityTypeId: repair, title: 'Repairs' });
  hook = portal.createWebhook();
});
afterEach(() => simulator.close());

const call = (method: string, params: object): Promise<Answer> => postJson(`${hook}${method}`, params);
const remove = (entityTypeId: number, id: number): Promise<unknown> =>
  resultOf(call('crm.item.delete', { entityTypeId, id }));

describe('what a deletion leaves', () => {
  test('of a deal: its contacts, its company, and its children without a parent', async () => {
    const [anna, firm] = [portal.addContact(), portal.addCompany()];
    const id = portal.addDeal({ contactIds: [anna], companyId: firm });
    const child = portal.addItem(repair, { parents: { 2: id } });
    const bill = portal.addItem(invoice, { parents: { 2: id } });

    expect(await remove(deal, id)).toEqual([]);

    expect(portal.deal(id)).toBeUndefined();
    expect(portal.item(contact, anna)).toMatchObject({ id: anna });
    expect(portal.item(company, firm)).toMatchObject({ id: firm });
    expect(portal.item(repair, child)).toMatchObject({ parentId2: 0 });
    expect(portal.item(invoice, bill)).toMatchObject({ parentId2: 0 });
  });

  test('of a company: everything that named it, naming none', async () => {
    const [firm, other] = [portal.addCompany(), portal.addCompany()];
    const anna = portal.addContact({ companyIds: [firm, other] });
    const named = [deal, lead, invoice, repair].map(
      (type) => [type, portal.addItem(type, { companyId: firm })] as const,
    );

    await remove(company, firm);

    expect(portal.item(contact, anna)).toMatchObject({ companyId: other, companyIds: [other] });
    for (const [type, id] of named) expect(portal.item(type, id)).toMatchObject({ companyId: 0 });
  });

  test.each(['crm.item.delete', 'crm.contact.delete'])('of a contact by %s: no link to it anywhere', async (method) => {
    const [anna, boris] = [portal.addContact(), portal.addContact()];
    const firm = portal.addCompany();
    portal.updateItem(contact, anna, { companyId: firm });
    const linked = [deal, lead, invoice, repair].map(
      (type) => [type, portal.addItem(type, { contactIds: [anna, boris] })] as const,
    );

    await resultOf(call(method, { id: anna, entityTypeId: contact }));

    for (const [type, id] of linked)
      expect(portal.item(type, id)).toMatchObject({ contactIds: [boris], contactId: boris });
    expect(portal.contactsOfCompany(firm)).toEqual([]);
    expect(JSON.stringify(portal.snapshotState().links)).not.toContain(`"contactId":${anna},`);
  });

  test('of a lead: its deal, without it', async () => {
    const source = portal.addLead();
    const id = portal.addDeal({ leadId: source });

    await remove(lead, source);

    expect(portal.deal(id)).toMatchObject({ leadId: 0 });
  });

  test('by the unlinking methods: every record, and the other links', async () => {
    const [anna, firm] = [portal.addContact(), portal.addCompany()];
    portal.updateItem(contact, anna, { companyId: firm });
    const [first, second] = [portal.addDeal({ contactIds: [anna] }), portal.addDeal({ contactIds: [anna] })];
    const { records } = portal.snapshotState();

    expect(await resultOf(call('crm.deal.contact.items.delete', { id: first }))).toBe(true);
    expect([portal.contactsOf(first), portal.contactsOf(second)]).toEqual([[], [anna]]);
    expect(portal.snapshotState().records).toEqual(records);
    expect(await resultOf(call('crm.company.contact.items.delete', { id: firm }))).toBe(true);
    expect(portal.contactsOfCompany(firm)).toEqual([]);
  });
});

describe('a deletion', () => {
  const gone: readonly [string, object, object][] = [
    ['crm.item.delete', { entityTypeId: repair, id: 9 }, { error: 'NOT_FOUND', error_description: 'Item not found' }],
    ['crm.item.delete', { entityTypeId: 999, id: 1 }, { error: 'NOT_FOUND', error_description: 'SPA not found' }],
    ['crm.item.delete', { entitytypeid: 2, id: 1 }, { error: '100' }],
    ['crm.contact.delete', { id: 9 }, { error: 'ERROR_CORE', error_description: 'Element not found' }],
    ['crm.contact.delete', { id: 0 }, { error: '', error_description: 'ID is not defined or invalid.' }],
    ['crm.deal.contact.items.delete', { id: 9 }, { error: '', error_description: 'Not found' }],
    ['crm.company.contact.items.delete', { id: 0 }, { error: '' }],
  ];

  test.each(gone)('by %s with %j is refused', async (method, params, expected) => {
    const { status, body } = await call(method, params);

    expect(status).toBe(400);
    expect(body).toMatchObject(expected);
  });

  test('is refused a second time, but unlinking is not', async () => {
    const [anna, id] = [portal.addContact(), portal.addDeal()];
    await resultOf(call('crm.contact.delete', { ID: String(anna) }));
    await resultOf(call('crm.deal.contact.items.delete', { id }));
    await resultOf(call('crm.deal.contact.items.delete', { id }));
    await remove(deal, id);

    expect((await call('crm.contact.delete', { id: anna })).body['error']).toBe('ERROR_CORE');
    expect((await call('crm.item.delete', { entityTypeId: deal, id })).body['error']).toBe('NOT_FOUND');
    expect((await call('crm.deal.contact.items.delete', { id })).body['error_description']).toBe('Not found');
  });

  test('speaks the portal’s language, and codes stay', async () => {
    const russian = await simulator.addPortal({ language: 'ru', contactDeleteFate: 'operation' });
    hook = russian.createWebhook();

    expect((await call('crm.contact.delete', { id: 9 })).body).toEqual({
      error: 'ERROR_CORE',
      error_description: 'Элемент не найден',
    });
    expect((await call('crm.item.delete', { entityTypeId: 999, id: 9 })).body).toEqual({
      error: 'NOT_FOUND',
      error_description: 'Смарт-процесс не найден',
    });
  });

  test('can be vetoed for every type, under the code of its method', async () => {
    for (const type of [lead, deal, contact, company, invoice, repair]) {
      const id = portal.addItem(type);
      portal.forbidDeletion(type, id, 'Open orders');
      const expected = { error: 'TERMINATED_BY_EVENT_COMPATIBLE', error_description: 'Open orders' };
      expect((await call('crm.item.delete', { entityTypeId: type, id })).body).toEqual(expected);
      expect(portal.item(type, id)).toBeDefined();
    }
  });

  test('can be denied as other builds deny it', async () => {
    const id = portal.addItem(repair);
    portal.faults.add({ when: { method: 'crm.item.delete' }, give: deletionDenied() });

    expect((await call('crm.item.delete', { entityTypeId: repair, id })).body['error']).toBe(
      'CRM_ITEM_DELETE_ACCESS_DENIED',
    );
    expect(await remove(repair, id)).toEqual([]);
  });

  test('is told by the event of its type, unlinking by none', async () => {
    const inbox = await openInbox();
    const kinds = ['LEAD', 'DEAL', 'CONTACT', 'COMPANY', 'DYNAMICITEM'].flatMap((kind) => [
      `ONCRM${kind}UPDATE`,
      `ONCRM${kind}DELETE`,
    ]);
    portal.addOutgoingWebhook({ url: inbox.url, events: [...kinds, 'ONCRMDYNAMICITEMDELETE_31'] });
    const [anna, firm] = [portal.addContact({ silent: true }), portal.addCompany({ silent: true })];
    const id = portal.addDeal({ contactIds: [anna], companyId: firm, silent: true });
    const bill = portal.addItem(invoice, { parents: { 2: id }, companyId: firm, silent: true });

    await resultOf(call('crm.deal.contact.items.delete', { id }));
    await resultOf(call('crm.company.contact.items.delete', { id: firm }));
    await simulator.settle();
    expect(portal.postedEvents).toEqual([]);
    for (const [type, of] of [
      [contact, anna],
      [company, firm],
      [deal, id],
      [invoice, bill],
    ] as const)
      await remove(type, of);
    await simulator.settle();

    expect(portal.postedEvents.map((posted) => posted.event).toSorted()).toEqual([
      'ONCRMCOMPANYDELETE',
      'ONCRMCONTACTDELETE',
      'ONCRMDEALDELETE',
      'ONCRMDYNAMICITEMDELETE',
      'ONCRMDYNAMICITEMDELETE_31',
    ]);
    await inbox.close();
  });
});
