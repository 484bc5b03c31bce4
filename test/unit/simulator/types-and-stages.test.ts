import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
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
});
afterEach(() => simulator.close());

const call = (method: string, params: object = {}): Promise<Answer> => postJson(`${hook}${method}`, params);
const stagesIn = async (directory: string): Promise<unknown[]> => {
  const params = { filter: { ENTITY_ID: directory }, order: { SORT: 'ASC' } };
  const rows = (await resultOf(call('crm.status.list', params))) as Record<string, unknown>[];
  return rows.map((row) => [row['STATUS_ID'], row['SEMANTICS'], 'EXTRA' in row]);
};

describe('types', () => {
  test('are listed with what is switched on for them, and without the invoice', async () => {
    portal.addType({ entityTypeId: 177, title: 'Repairs' });
    portal.addType({ entityTypeId: 1032, title: 'Files', stages: false, categories: false });

    expect(await resultOf(call('crm.type.list', { order: { id: 'DESC' } }))).toMatchObject({
      types: [
        { entityTypeId: 1032, isStagesEnabled: 'N', isCategoriesEnabled: 'N' },
        { entityTypeId: 177, isStagesEnabled: 'Y', isCategoriesEnabled: 'Y' },
      ],
    });
    expect(await resultOf(call('crm.type.list', { filter: { isStagesEnabled: 'Y' } }))).toMatchObject({
      types: [{ entityTypeId: 177 }],
    });
    const owners = (await resultOf(call('crm.enum.ownertype'))) as { ID: number; SYMBOL_CODE_SHORT: string }[];
    expect(owners.map((type) => [type.ID, type.SYMBOL_CODE_SHORT])).toEqual(
      expect.arrayContaining([
        [1, 'L'],
        [31, 'SI'],
        [177, 'Tb1'],
      ]),
    );
  });

  test('are for administrators', async () => {
    hook = portal.createWebhook({ userId: portal.addUser({ rights: 'all' }).id });

    expect((await call('crm.type.list')).body['error']).toBe('ACCESS_DENIED');
  });

  test('without stages have records without', async () => {
    portal.addType({ entityTypeId: 1032, title: 'Files', stages: false });
    const id = portal.addItem(1032);

    const item = (await resultOf(call('crm.item.get', { entityTypeId: 1032, id }))) as { item: object };

    expect(item.item).toMatchObject({ stageId: null });
    expect(() => portal.updateItem(1032, id, { stageId: 'DT1032_2:FAIL' })).toThrow('has no stage');
  });
});

describe('pipelines', () => {
  test('belong to deals, invoices and smart processes', async () => {
    const categoryId = portal.addType({ entityTypeId: 177, title: 'Repairs' });
    portal.addPipeline({ id: 12, name: 'Abroad', entityTypeId: 177 });

    const pipelinesOf = async (entityTypeId: number): Promise<unknown[]> => {
      const { categories } = (await resultOf(call('crm.category.list', { entityTypeId }))) as {
        categories: { id: number; isDefault: string }[];
      };
      return categories.map((pipeline) => [pipeline.id, pipeline.isDefault]);
    };
    expect(await pipelinesOf(177)).toEqual([
      [categoryId, 'Y'],
      [12, 'N'],
    ]);
    expect(await pipelinesOf(31)).toEqual([[1, 'Y']]);
    expect(await pipelinesOf(2)).toEqual([[0, 'Y']]);
  });

  test('do not belong to leads, nor to types that are not there', async () => {
    expect((await call('crm.category.list', { entityTypeId: 1 })).body).toEqual({
      error: 'ENTITY_TYPE_NOT_SUPPORTED',
      error_description: 'Entity type LEAD is not supported',
    });
    expect((await call('crm.category.list', { entityTypeId: 999 })).body['error']).toBe('NOT_FOUND');
  });
});

describe('stages', () => {
  test('stand in the directory of their type and pipeline', async () => {
    portal.addPipeline({ id: 5, name: 'Renewals' });
    portal.addType({ entityTypeId: 177, title: 'Repairs' });

    expect((await stagesIn('STATUS')).slice(-2)).toEqual([
      ['CONVERTED', 'S', true],
      ['JUNK', 'F', true],
    ]);
    expect((await stagesIn('DEAL_STAGE_5')).slice(-3)).toEqual([
      ['C5:WON', 'S', true],
      ['C5:LOSE', 'F', true],
      ['C5:APOLOGY', 'F', true],
    ]);
    expect(await stagesIn('DYNAMIC_177_STAGE_2')).toEqual([
      ['DT177_2:NEW', null, false],
      ['DT177_2:PREPARATION', null, false],
      ['DT177_2:CLIENT', null, false],
      ['DT177_2:SUCCESS', 'S', false],
      ['DT177_2:FAIL', 'F', false],
    ]);
    expect(await stagesIn('SMART_INVOICE_STAGE_1')).toEqual([
      ['DT31_1:N', null, false],
      ['DT31_1:S', null, false],
      ['DT31_1:P', 'S', false],
      ['DT31_1:D', 'F', false],
    ]);
    expect(await stagesIn('DYNAMIC_177_STAGE_9')).toEqual([]);
  });

  test('sorted past success mean lost, and no record has moved', async () => {
    const webhook = portal.addOutgoingWebhook({ url: 'http://127.0.0.1:9/', events: ['ONCRMDEALUPDATE'] });
    const id = portal.addDeal({ stageId: 'EXECUTING', silent: true });
    const before = portal.snapshotState();
    expect(portal.deal(id)).toMatchObject({ stageSemanticId: 'P' });

    portal.sortStage(0, 'EXECUTING', 500);

    expect(portal.deal(id)).toMatchObject({ stageSemanticId: 'F', closed: 'Y' });
    expect(portal.snapshotState()).toEqual(before);
    await simulator.settle();
    expect([webhook.events, portal.postedEvents]).toEqual([['ONCRMDEALUPDATE'], []]);
    portal.sortStage(0, 'EXECUTING', 25);
    expect(portal.deal(id)).toMatchObject({ stageSemanticId: 'P' });
  });

  test('go, with their records still in them, but the success stage stays', async () => {
    portal.addType({ entityTypeId: 177, title: 'Repairs' });
    const id = portal.addItem(177, { stageId: 'DT177_2:CLIENT' });

    portal.removeStage(2, 'CLIENT', 177);

    expect(await stagesIn('DYNAMIC_177_STAGE_2')).toHaveLength(4);
    expect(portal.item(177, id)).toMatchObject({ stageId: 'DT177_2:CLIENT' });
    expect(() => portal.removeStage(2, 'SUCCESS', 177)).toThrow('cannot be removed');
    expect(() => portal.sortStage(2, 'NONE', 5, 177)).toThrow('has no stage NONE');
  });
});
