import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DEMO_PROCESS, seedDemoData } from '../../../simulator/seed-data.ts';
import { type Simulator, startSimulator } from '../../../simulator/simulator.ts';

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator({ seed: 77 });
  seedDemoData(simulator.portal);
});
afterAll(async () => {
  await simulator.close();
});

const address = (path: string) => `http://${simulator.portal.domain}/simulator/${path}`;
async function post(path: string, params: Record<string, string> = {}) {
  const response = await fetch(address(path), { method: 'POST', body: new URLSearchParams(params) });
  return { status: response.status, body: (await response.json()) as { id: number } };
}
const get = async (path: string) => (await (await fetch(address(path))).json()) as Record<string, unknown>;

describe('by hand, over HTTP, a person', () => {
  test('is told every address there is', async () => {
    const { routes } = (await get('')) as { routes: string[] };
    expect(routes.length).toBeGreaterThan(25);
    expect(new Set(routes.map((route) => route.split(' - ')[0])).size).toBe(routes.length);
  });

  test('makes a record of any type, with parents and fields, and finds it again', async () => {
    const made = await post(`items/${DEMO_PROCESS}`, { title: 'Another', parentId2: '1', UF_CRM_1_NOTE: 'x' });
    expect(made.body).toMatchObject({ title: 'Another', stageId: expect.stringContaining(`DT${DEMO_PROCESS}_`) });
    const { id } = made.body;
    expect(await get(`items/${DEMO_PROCESS}/${id}`)).toMatchObject({ item: { id, parentId2: 1 } });
  });

  test('edits and moves it, and learns what its stages mean', async () => {
    await post('items/1/1', { title: 'Renamed' });
    await post('items/1/1/move', { stage: 'JUNK' });
    expect(simulator.portal.item(1, 1)).toMatchObject({ title: 'Renamed', stageId: 'JUNK' });
    const { stages } = (await get('stages/1/0')) as { stages: { id: string; semantics: string }[] };
    expect(stages.find(({ id }) => id === 'JUNK')).toMatchObject({ semantics: 'F' });
  });

  test('imports deals by the hundred', async () => {
    const { body } = await post('deals/import', { count: '300', stage: 'LOSE', by: '1' });
    expect(body).toMatchObject({ added: 300 });
  });

  test('lets answers go wrong and right again', async () => {
    const hook = simulator.portal.createWebhook();
    const call = async () => (await fetch(`${hook}profile`, { method: 'POST' })).status;
    await post('faults', { type: 'html', status: '502', times: 'always' });
    expect(await call()).toBe(502);
    await post('faults/clear');
    expect(await call()).toBe(200);
  });

  test('takes a user’s rights away and gives them back', async () => {
    await post('users/1', { admin: 'no' });
    expect(simulator.portal.users[0]?.admin).toBe(false);
    await post('users/1', { admin: 'yes' });
    expect(simulator.portal.users[0]?.admin).toBe(true);
  });

  test('has a handler refuse a deletion, and lets it be again', async () => {
    const hook = simulator.portal.createWebhook();
    const remove = async () => (await fetch(`${hook}crm.item.delete?entityTypeId=3&id=1`, { method: 'POST' })).status;
    await post('items/3/1/forbid', { text: 'The audit' });
    expect(await remove()).toBe(400);
    await post('items/3/1/allow');
    expect(await remove()).toBe(200);
  });

  test('gets values alone, one a line, for the standard input of a command', async () => {
    const body = new URLSearchParams({ installUrl: 'http://127.0.0.1:9/install', as: 'lines' });
    const answer = await (await fetch(address('apps/install'), { method: 'POST', body })).text();
    expect(answer).toMatch(/^local\.\S+\n\S{50}\n$/);
  });

  test('is told what is wrong with what was asked', async () => {
    expect(await post('deals/1/move')).toMatchObject({
      status: 400,
      body: { error: expect.stringContaining('stage') },
    });
    expect(await post('faults', { type: 'nonsense' })).toMatchObject({ status: 400 });
    expect((await post('nowhere')).status).toBe(404);
  });
});
