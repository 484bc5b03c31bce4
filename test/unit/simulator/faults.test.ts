import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { overloadLimit, planEnded, portalDeleted, systemFault } from '../../../simulator/faults/fault-presets.ts';
import type { SimulatedPortal } from '../../../simulator/portal.ts';
import { type Simulator, startSimulator } from '../../../simulator/simulator.ts';
import { postJson, resultOf } from './portal-client.ts';

const UNLINK = 'crm.deal.contact.items.delete';

let simulator: Simulator;
let portal: SimulatedPortal;
let hook: string;

beforeEach(async () => {
  simulator = await startSimulator();
  portal = simulator.portal;
  hook = portal.createWebhook();
  for (let deal = 1; deal <= 3; deal += 1) portal.addDeal({ contactIds: [portal.addContact()] });
});
afterEach(() => simulator.close());

const unlink = (id = 1): ReturnType<typeof postJson> => postJson(`${hook}${UNLINK}`, { id });
const unlinkAll = (): ReturnType<typeof postJson> =>
  postJson(`${hook}batch`, { halt: 0, cmd: { a: `${UNLINK}?id=1`, b: `${UNLINK}?id=2`, c: `${UNLINK}?id=3` } });
const linked = (): number[] => [1, 2, 3].filter((id) => portal.contactsOf(id).length > 0);

describe('a fault on a single call', () => {
  test('happens once unless told otherwise, and is in the log', async () => {
    const fault = portal.faults.add({ when: { method: UNLINK }, give: overloadLimit() });

    expect(await unlink()).toMatchObject({ status: 503, body: { error: 'OVERLOAD_LIMIT' } });
    expect(linked()).toEqual([1, 2, 3]);
    expect(await unlink()).toMatchObject({ status: 200, body: { result: true } });
    expect(fault.hits).toBe(1);
    expect(portal.requests.map((request) => request.fault)).toEqual(['error', undefined]);
  });

  test('is chosen by method, id and turn', async () => {
    portal.faults.add({
      when: { method: /items\.delete$/, id: 2, nth: 2 },
      times: 2,
      give: { type: 'html', status: 502 },
    });

    const statuses: number[] = [];
    for (const id of [2, 1, 2, 2, 2]) statuses.push((await unlink(id)).status);

    expect(statuses).toEqual([200, 200, 502, 502, 200]);
  });

  test('lasts until it is removed', async () => {
    const fault = portal.faults.add({ when: {}, times: Number.POSITIVE_INFINITY, give: portalDeleted(410) });
    expect((await unlink()).status).toBe(410);
    expect((await unlink()).status).toBe(410);

    fault.remove();

    expect((await unlink()).status).toBe(200);
  });

  test('can break the connection before the work', async () => {
    portal.faults.add({ when: { method: UNLINK }, give: { type: 'reset', work: 'before' } });

    await expect(unlink()).rejects.toMatchObject({ code: 'ECONNRESET' });

    expect(linked()).toEqual([1, 2, 3]);
    expect(portal.requests.at(-1)?.status).toBe('reset');
  });

  test('can break the connection after the work', async () => {
    portal.faults.add({ when: { method: UNLINK }, give: { type: 'reset', work: 'after' } });

    await expect(unlink()).rejects.toMatchObject({ code: 'ECONNRESET' });

    expect(linked()).toEqual([2, 3]);
  });

  test('can leave a connection without an answer until the simulator closes', async () => {
    portal.faults.add({ when: { method: UNLINK }, give: { type: 'no-answer', work: 'after' } });
    let ended = false;
    const pending = unlink().catch(() => {
      ended = true;
    });
    await resultOf(postJson(`${hook}profile`, {}));
    expect([linked(), ended]).toEqual([[2, 3], false]);

    await simulator.close();
    await pending;

    expect(ended).toBe(true);
  });

  test('can cut the answer, leave out its time, or send HTML after the work', async () => {
    portal.faults.add({ when: { id: 1 }, give: { type: 'truncated' } });
    portal.faults.add({ when: { id: 2 }, give: { type: 'no-time' } });
    portal.faults.add({ when: { id: 3 }, give: { type: 'html', status: 504, work: 'after' } });

    const [cut, timeless, page] = [await unlink(1), await unlink(2), await unlink(3)];

    expect(cut.status).toBe(200);
    expect(() => JSON.parse(cut.text) as unknown).toThrow();
    expect(timeless.body).toEqual({ result: true });
    expect([page.status, page.text]).toEqual([504, expect.stringContaining('<html>')]);
    expect(linked()).toEqual([]);
  });

  test('can redirect without doing the work', async () => {
    portal.faults.add({ when: {}, give: { type: 'redirect', location: 'https://new.example.com/rest/' } });

    expect((await unlink()).status).toBe(302);
    expect(linked()).toEqual([1, 2, 3]);
  });

  test('can run code of the test just before the work, and then go on', async () => {
    portal.faults.add({
      when: { method: UNLINK },
      give: { type: 'hook', run: ({ params }) => portal.removeDeal(Number(params['id'])) },
    });

    expect((await unlink()).body).toEqual({ error: '', error_description: 'Not found' });
  });

  test('has the status of the chosen source', () => {
    const statuses = (['docs', 'newest', 'source'] as const).map((profile) => [
      overloadLimit(profile),
      planEnded(profile),
      systemFault('INVALID_CREDENTIALS', profile),
    ]);

    expect(statuses.map((row) => row.map((fault) => (fault.type === 'error' ? fault.status : 0)))).toEqual([
      [503, 403, 403],
      [401, 401, 401],
      [401, 401, 401],
    ]);
  });
});

describe('a fault on a batch', () => {
  test('can refuse the envelope and leave every command undone', async () => {
    portal.faults.add({ when: { method: UNLINK, inBatch: 'envelope' }, give: systemFault('INTERNAL_SERVER_ERROR') });

    expect((await unlink(1)).status).toBe(200);
    expect(await unlinkAll()).toMatchObject({ status: 500, body: { error: 'INTERNAL_SERVER_ERROR' } });
    expect(linked()).toEqual([2, 3]);
  });

  test('can refuse one command, with an empty code as well', async () => {
    portal.faults.add({ when: { method: UNLINK, id: 2, inBatch: 'command' }, give: { type: 'error', error: '' } });

    const answer = await resultOf(unlinkAll());

    expect(answer).toMatchObject({
      result: { a: true, c: true },
      result_error: { b: { error: '', error_description: '' } },
    });
    expect(linked()).toEqual([2]);
  });

  test('can die at a command, with those before it done', async () => {
    portal.faults.add({ when: { id: 2, inBatch: 'command' }, give: { type: 'reset', work: 'before' } });

    await expect(unlinkAll()).rejects.toMatchObject({ code: 'ECONNRESET' });

    expect(linked()).toEqual([2, 3]);
  });

  test('can die just after a command', async () => {
    portal.faults.add({ when: { id: 2, inBatch: 'command' }, give: { type: 'html', status: 504, work: 'after' } });

    expect((await unlinkAll()).status).toBe(504);
    expect(linked()).toEqual([3]);
  });

  test('can lose the answer of a batch that was done as a whole', async () => {
    portal.faults.add({ when: { inBatch: 'envelope' }, give: { type: 'reset', work: 'after' } });

    await expect(unlinkAll()).rejects.toMatchObject({ code: 'ECONNRESET' });

    expect(linked()).toEqual([]);
    expect(portal.calls(UNLINK)).toHaveLength(3);
  });
});
