import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { camelName, originalName } from '../../../simulator/crm/field-names.ts';
import type { SimulatedPortal } from '../../../simulator/portal.ts';
import { type Simulator, startSimulator } from '../../../simulator/simulator.ts';
import { type Answer, postJson, resultOf } from './portal-client.ts';

let simulator: Simulator;
let portal: SimulatedPortal;
let hook: string;

beforeEach(async () => {
  simulator = await startSimulator({ portal: { limits: { burst: Number.POSITIVE_INFINITY } } });
  portal = simulator.portal;
  hook = portal.createWebhook();
  portal.addField(2, {
    name: 'UF_CRM_LOST_REASON',
    type: 'enumeration',
    title: 'Why',
    items: [{ id: 7, value: 'Price' }],
  });
  portal.addField(2, { name: 'UF_CRM_1723', type: 'string', multiple: true });
});
afterEach(() => simulator.close());

const call = (method: string, params: object): Promise<Answer> => postJson(`${hook}${method}`, params);
const list = async (params: object): Promise<unknown> =>
  ((await resultOf(call('crm.item.list', { entityTypeId: 2, ...params }))) as { items: unknown }).items;

describe('the name of a custom field', () => {
  const pairs: readonly [string, string][] = [
    ['UF_CRM_LOST_REASON', 'ufCrmLostReason'],
    ['UF_CRM_1747309879', 'ufCrm_1747309879'],
    ['UF_CRM_3_1747309727', 'ufCrm3_1747309727'],
    ['UF_CRM_3_DIGIT', 'ufCrm3Digit'],
    ['UF_CRM_3_DIGIT10', 'ufCrm_3_DIGIT10'],
    ['UF_CRM_3_DIGIT_10', 'ufCrm_3_DIGIT_10'],
  ];

  test.each(pairs)('%s is %s, and back', (original, camel) => {
    expect(camelName(original)).toBe(camel);
    expect(originalName(camel)).toBe(original);
  });
});

describe('a custom field', () => {
  test('is written under either name and read under the one that was asked for', async () => {
    const first = portal.addDeal({ fields: { UF_CRM_LOST_REASON: 7 } });
    const second = portal.addDeal({ fields: { ufCrmLostReason: 8, ufCrm_1723: ['a', 'b'] } });

    expect(await list({ select: ['id', 'ufCrmLostReason'] })).toEqual([
      { id: first, ufCrmLostReason: 7 },
      { id: second, ufCrmLostReason: 8 },
    ]);
    const original = { useOriginalUfNames: 'Y' };
    expect(await list({ select: ['id', 'uf_*'], ...original })).toEqual([
      { id: first, UF_CRM_LOST_REASON: 7, UF_CRM_1723: [] },
      { id: second, UF_CRM_LOST_REASON: 8, UF_CRM_1723: ['a', 'b'] },
    ]);
    expect(await list({ select: ['id'], filter: { '@UF_CRM_LOST_REASON': [7] }, ...original })).toEqual([
      { id: first },
    ]);
    expect(await list({ select: ['id'], filter: { ufCrm_1723: 'b' } })).toEqual([{ id: second }]);
    expect(await list({ select: ['id'], filter: { '!ufCrm_1723': '' } })).toEqual([{ id: second }]);
    expect((await call('crm.item.list', { entityTypeId: 2, filter: { UF_CRM_LOST_REASON: 7 } })).status).toBe(400);
  });

  test('is changed by crm.item.update', async () => {
    const id = portal.addDeal();
    const fields = { ufCrmLostReason: 7 };

    const item = await resultOf(call('crm.item.update', { entityTypeId: 2, id, fields, useOriginalUfNames: 'Y' }));

    expect(item).toMatchObject({ item: { UF_CRM_LOST_REASON: 7 } });
    expect(portal.deal(id)).toMatchObject({ ufCrmLostReason: 7 });
  });

  test('that nobody defined comes to be with its first value', async () => {
    const id = portal.addDeal({ fields: { ufCrmKeepUntil: '2027-01-01' } });

    expect(await list({ select: ['id'], filter: { '>=ufCrmKeepUntil': '2026-12-31' } })).toEqual([{ id }]);
    const { fields } = (await resultOf(call('crm.item.fields', { entityTypeId: 2 }))) as { fields: object };
    expect(fields).toMatchObject({ ufCrmKeepUntil: { type: 'string', upperName: 'UF_CRM_KEEP_UNTIL' } });
  });

  test('cannot be defined twice, nor under a name that is none', () => {
    expect(() => portal.addField(2, { name: 'UF_CRM_1723', type: 'string' })).toThrow('has a field');
    expect(() => portal.addField(2, { name: 'reason', type: 'string' })).toThrow('no name');
  });
});

describe('crm.item.fields', () => {
  const fieldsOf = async (entityTypeId: number, more: object = {}): Promise<Record<string, unknown>> =>
    ((await resultOf(call('crm.item.fields', { entityTypeId, ...more }))) as { fields: Record<string, unknown> })
      .fields;
  const flags = { isRequired: false, isReadOnly: false, isImmutable: false, isMultiple: false, isDynamic: false };

  test('describes system and custom fields', async () => {
    const fields = await fieldsOf(2);

    expect(fields['movedTime']).toEqual({
      ...flags,
      type: 'datetime',
      isReadOnly: true,
      title: 'movedTime',
      upperName: 'MOVED_TIME',
    });
    expect(fields['opportunity']).toMatchObject({ type: 'double', isReadOnly: false });
    expect(fields['stageId']).toMatchObject({ type: 'crm_status', statusType: 'DEAL_STAGE' });
    expect(fields['contactIds']).toMatchObject({ type: 'crm_contact', isMultiple: true });
    expect(fields['ufCrm_1723']).toMatchObject({ type: 'string', isMultiple: true, isDynamic: true });
    expect(fields['ufCrmLostReason']).toEqual({
      ...flags,
      type: 'enumeration',
      isDynamic: true,
      title: 'Why',
      items: [{ ID: '7', VALUE: 'Price' }],
      upperName: 'UF_CRM_LOST_REASON',
    });
    expect(Object.keys(await fieldsOf(2, { useOriginalUfNames: 'Y' }))).toContain('UF_CRM_LOST_REASON');
  });

  test('knows every type, what its parents are, and nothing of stages where there are none', async () => {
    portal.addType({ entityTypeId: 177, title: 'Repairs' });
    portal.addType({ entityTypeId: 1032, title: 'Files', stages: false });

    expect(await fieldsOf(1)).toMatchObject({
      stageSemanticId: { type: 'string' },
      parentId177: { type: 'crm_entity' },
    });
    expect(await fieldsOf(3)).toMatchObject({ fm: { type: 'crm_multifield' }, companyIds: { isMultiple: true } });
    expect(await fieldsOf(4)).toMatchObject({ isMyCompany: { isImmutable: true } });
    expect(await fieldsOf(31)).toMatchObject({ stageId: { statusType: 'SMART_INVOICE_STAGE_1' } });
    expect(await fieldsOf(177)).toMatchObject({ parentId2: { type: 'crm_entity' }, previousStageId: {} });
    expect(await fieldsOf(177)).not.toHaveProperty('stageSemanticId');
    expect(await fieldsOf(1032)).not.toHaveProperty('stageId');
    expect((await call('crm.item.fields', { entityTypeId: 999 })).body['error']).toBe('NOT_FOUND');
  });
});
