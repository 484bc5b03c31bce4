import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { SimulatedPortal } from '../../../simulator/portal.ts';
import { type Simulator, startSimulator } from '../../../simulator/simulator.ts';
import { postJson, resultOf } from './portal-client.ts';

const [deal, contact, company, repair] = [2, 3, 4, 177];

let simulator: Simulator;
let portal: SimulatedPortal;
let hook: string;

beforeEach(async () => {
  simulator = await startSimulator({ portal: { limits: { burst: Number.POSITIVE_INFINITY } } });
  portal = simulator.portal;
  hook = portal.createWebhook();
});
afterEach(() => simulator.close());

const call = (method: string, params: object): Promise<unknown> => resultOf(postJson(`${hook}${method}`, params));

describe('the recycle bin', () => {
  test('gives a record back under a new id, with what belonged to it, and nothing names it', async () => {
    const firm = portal.addCompany({ title: 'Northwind' });
    const anna = portal.addContact({
      name: 'Anna',
      companyId: firm,
      fields: { fm: [{ typeId: 'PHONE', value: '+1 555 01' }] },
    });
    portal.addBankDetail(portal.addRequisite(contact, anna, { RQ_NAME: 'Anna Example' }), { RQ_ACC_NUM: '12' });
    const id = portal.addDeal({ contactIds: [anna] });

    await call('crm.item.delete', { entityTypeId: contact, id: anna });
    expect(portal.snapshotState()).toMatchObject({ requisites: [], bankDetails: [] });
    const again = portal.restoreFromBin(contact, anna);

    expect(again).toBeGreaterThan(anna);
    expect(portal.item(contact, again)).toMatchObject({
      name: 'Anna',
      companyIds: [firm],
      fm: [{ value: '+1 555 01' }],
    });
    expect(portal.contactsOf(id)).toEqual([]);
    expect(
      await call('crm.requisite.list', { filter: { ENTITY_TYPE_ID: contact, '@ENTITY_ID': [again] } }),
    ).toMatchObject([{ ENTITY_ID: String(again), RQ_NAME: 'Anna Example' }]);
    expect(() => portal.restoreFromBin(contact, anna)).toThrow('not in the recycle bin');
  });

  test('is off for a smart process until an administrator switches it on', async () => {
    portal.addType({ entityTypeId: repair, title: 'Repairs' });
    const [first, second] = [portal.addItem(repair), portal.addItem(repair)];
    portal.removeItem(repair, first);
    portal.switchRecycleBin(repair, true);
    portal.removeItem(repair, second);

    expect(() => portal.restoreFromBin(repair, first)).toThrow('not in the recycle bin');
    expect(portal.restoreFromBin(repair, second)).toBe(second + 1);
    expect(await call('crm.type.list', {})).toMatchObject({ types: [{ isRecyclebinEnabled: 'Y' }] });
  });
});

describe('what belongs to records', () => {
  test('requisites with bank details and addresses are added and listed for many records at once', async () => {
    const [anna, firm, other] = [portal.addContact(), portal.addCompany(), portal.addCompany()];
    const add = (entityTypeId: number, id: number) =>
      call('crm.requisite.add', {
        fields: { ENTITY_TYPE_ID: entityTypeId, ENTITY_ID: id, PRESET_ID: 1, NAME: `of ${id}` },
      });
    const [one, two] = [await add(company, firm), await add(company, other)];
    await add(contact, anna);
    await call('crm.requisite.bankdetail.add', { fields: { ENTITY_ID: two, NAME: 'Giro', RQ_ACC_NUM: '77' } });
    await call('crm.address.add', { fields: { TYPE_ID: 1, ENTITY_TYPE_ID: 8, ENTITY_ID: one, CITY: 'Bern' } });

    const filter = { ENTITY_TYPE_ID: company, '@ENTITY_ID': [firm, other] };
    expect(await call('crm.requisite.list', { filter })).toMatchObject([
      { NAME: `of ${firm}` },
      { NAME: `of ${other}` },
    ]);
    expect(await call('crm.requisite.bankdetail.list', { filter: { '@ENTITY_ID': [one, two] } })).toMatchObject([
      { ENTITY_ID: String(two), RQ_ACC_NUM: '77' },
    ]);
    expect(await call('crm.address.list', { filter: { ANCHOR_TYPE_ID: company, '@ANCHOR_ID': [firm] } })).toMatchObject(
      [{ ENTITY_ID: String(one), CITY: 'Bern' }],
    );
    const twice = await postJson(`${hook}crm.address.add`, {
      fields: { TYPE_ID: 1, ENTITY_TYPE_ID: 8, ENTITY_ID: one },
    });
    expect(twice.body).toMatchObject({ error: '', error_description: 'TypeAddress exists.' });
  });

  test('product rows are replaced as a whole and listed for one owner', async () => {
    const id = portal.addDeal();
    const productRows = [
      { productName: 'Setup', price: 100, quantity: 2, sort: 20 },
      { productName: 'Licence', price: 50, sort: 10 },
    ];
    await call('crm.item.productrow.set', { ownerType: 'D', ownerId: id, productRows });
    const filter = { '=ownerType': 'D', '=ownerId': id };
    expect(await call('crm.item.productrow.list', { filter })).toMatchObject({
      productRows: [
        { productName: 'Licence', ownerId: id },
        { productName: 'Setup', quantity: 2 },
      ],
    });
    expect((await postJson(`${hook}crm.item.productrow.list`, { filter: {} })).body).toMatchObject({
      error: 'REQUIRED_ARG_MISSING',
    });
  });

  test('the companies of a contact are read and set from its side', async () => {
    const [firm, other] = [portal.addCompany(), portal.addCompany()];
    const anna = portal.addContact();
    const items = [{ COMPANY_ID: firm }, { COMPANY_ID: other, IS_PRIMARY: 'Y' }];
    await call('crm.contact.company.items.set', { id: anna, items });
    expect(await call('crm.contact.company.items.get', { id: anna })).toMatchObject([
      { COMPANY_ID: firm, IS_PRIMARY: 'N' },
      { COMPANY_ID: other, IS_PRIMARY: 'Y' },
    ]);
    expect(portal.contactsOfCompany(other)).toEqual([anna]);
  });

  test('who has a telephone number is found however it is written, and nobody is an empty list', async () => {
    const anna = portal.addContact({ fields: { fm: [{ typeId: 'PHONE', value: '+1 555 01' }] } });
    expect(
      await call('crm.duplicate.findbycomm', { type: 'PHONE', values: ['155501'], entity_type: 'CONTACT' }),
    ).toEqual({ CONTACT: [anna] });
    expect(await call('crm.duplicate.findbycomm', { type: 'EMAIL', values: ['a@b.test'] })).toEqual([]);
  });

  test('what comes by form is kept with the type of its field', async () => {
    portal.addField(deal, { name: 'UF_CRM_SCORE', type: 'integer', multiple: true });
    const fields = { title: 'T', opportunity: '12.5', observers: ['3', '4'], comments: '', ufCrmScore: ['1', '2'] };
    const { item } = (await call('crm.item.add', { entityTypeId: deal, fields })) as { item: Record<string, unknown> };
    expect(item).toMatchObject({ opportunity: 12.5, observers: [3, 4], comments: null, ufCrmScore: [1, 2] });
  });
});
