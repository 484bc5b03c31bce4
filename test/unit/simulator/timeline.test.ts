import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { SimulatedPortal } from '../../../simulator/portal.ts';
import { type Simulator, startSimulator } from '../../../simulator/simulator.ts';
import { type Answer, postJson, resultOf } from './portal-client.ts';

let simulator: Simulator;
let portal: SimulatedPortal;
let hook: string;
let now: number;

beforeEach(async () => {
  now = Date.UTC(2026, 6, 29, 8, 0, 0);
  simulator = await startSimulator({ clock: () => now, portal: { limits: { burst: Number.POSITIVE_INFINITY } } });
  portal = simulator.portal;
  hook = portal.createWebhook();
});
afterEach(() => simulator.close());

const call = (method: string, params: object = {}): Promise<Answer> => postJson(`${hook}${method}`, params);
const add = (fields: object) => call('crm.timeline.comment.add', { fields });
const list = (filter: object, more: object = {}) => call('crm.timeline.comment.list', { filter, ...more });

test('a comment is listed, the newest first where that is asked for, and goes with its record', async () => {
  const id = portal.addDeal();
  const owner = { ENTITY_ID: id, ENTITY_TYPE: 'deal' };
  const first = await resultOf(add({ ...owner, COMMENT: 'one' }));
  const second = await resultOf(add({ ...owner, ENTITY_TYPE: 'DEAL', COMMENT: 'two' }));
  expect(await resultOf(list(owner, { select: ['ID', 'COMMENT'], order: { ID: 'DESC' } }))).toEqual([
    { ID: String(second), COMMENT: 'two' },
    { ID: String(first), COMMENT: 'one' },
  ]);
  expect(portal.commentsOf(2, id)).toEqual(['one', 'two']);
  portal.removeDeal(id);
  expect(portal.commentsOf(2, id)).toEqual([]);
});

test('a comment is an activity of its record, and neither an update nor an event', async () => {
  const id = portal.addDeal();
  const before = portal.item(2, id);
  now += 3_600_000;
  await add({ ENTITY_ID: id, ENTITY_TYPE: 'deal', COMMENT: 'one' });
  const after = portal.item(2, id);
  expect(after?.['lastActivityTime']).not.toBe(before?.['lastActivityTime']);
  expect(after?.['updatedTime']).toBe(before?.['updatedTime']);
});

test('items of a smart process are named by their type', async () => {
  portal.addType({ entityTypeId: 1044, title: 'Project' });
  const id = portal.addItem(1044);
  expect(await resultOf(add({ ENTITY_ID: id, ENTITY_TYPE: 'DYNAMIC_1044', COMMENT: 'one' }))).toEqual(
    expect.any(Number),
  );
  expect(portal.commentsOf(1044, id)).toEqual(['one']);
});

test.each([
  ['without a type', { ENTITY_ID: 1, COMMENT: 'x' }, '100'],
  ['without a text', { ENTITY_ID: 1, ENTITY_TYPE: 'deal', COMMENT: ' ' }, 'INVALID_ARG_VALUE'],
  ['of a type that is not there', { ENTITY_ID: 1, ENTITY_TYPE: 'DYNAMIC_1044', COMMENT: 'x' }, 'OWNER_NOT_FOUND'],
  ['of a record that is not there', { ENTITY_ID: 77, ENTITY_TYPE: 'deal', COMMENT: 'x' }, 'NOT_FOUND'],
])('a comment %s is refused', async (_, fields, error) => {
  portal.addDeal({ id: 1 });
  const { status, body } = await add(fields);
  expect([status, body['error']]).toEqual([400, error]);
});

test('of a record that has to be named, comments are listed; of one that is gone there are none', async () => {
  expect((await list({ ENTITY_TYPE: 'deal' })).body['error']).toBe('');
  expect(await resultOf(list({ ENTITY_ID: 77, ENTITY_TYPE: 'deal' }))).toEqual([]);
});
