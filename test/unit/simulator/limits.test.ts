import { afterEach, describe, expect, test } from '@jest/globals';
import type { PortalOptions } from '../../../simulator/options.ts';
import type { SimulatedPortal } from '../../../simulator/portal.ts';
import { type Simulator, startSimulator } from '../../../simulator/simulator.ts';
import { type Answer, postJson } from './portal-client.ts';

const UNLINK = 'crm.deal.contact.items.delete';

let simulator: Simulator;
let portal: SimulatedPortal;
let hook: string;
let now: number;

async function start(options: PortalOptions): Promise<void> {
  now = Date.UTC(2026, 6, 29, 8);
  simulator = await startSimulator({ clock: () => now, portal: options });
  portal = simulator.portal;
  hook = portal.createWebhook();
  portal.addDeal();
}

afterEach(() => simulator.close());

const call = (method = 'profile', params: object = {}): Promise<Answer> => postJson(`${hook}${method}`, params);
const unlink = (): Promise<Answer> => call(UNLINK, { id: 1 });
const time = (answer: Answer): Readonly<Record<string, number>> => answer.body['time'] as Record<string, number>;

async function statuses(count: number, send: () => Promise<Answer>): Promise<number[]> {
  const seen: number[] = [];
  for (let index = 0; index < count; index += 1) seen.push((await send()).status);
  return seen;
}

describe('the leaky bucket', () => {
  test('takes a burst, refuses what is more, and lets in again what has leaked', async () => {
    await start({ limits: { burst: 5, perSecond: 2 } });

    expect(await statuses(7, () => call())).toEqual([200, 200, 200, 200, 200, 503, 503]);
    now += 1000;
    expect(await statuses(3, () => call())).toEqual([200, 200, 503]);
    expect((await call()).body).toEqual({ error: 'QUERY_LIMIT_EXCEEDED', error_description: 'Too many requests' });
  });

  test('never lets anyone in who keeps knocking, when refused requests fill it', async () => {
    await start({ limits: { burst: 2, perSecond: 1, refusedFill: true } });
    await statuses(6, () => call());
    now += 2000;

    expect(await statuses(2, () => call())).toEqual([503, 503]);
  });

  test('counts a batch as one, and is the portal’s own', async () => {
    await start({ limits: { burst: 2, perSecond: 1 } });
    const other = await simulator.addPortal();
    const cmd = { a: 'profile', b: 'profile', c: 'profile' };

    expect(await statuses(3, () => call('batch', { cmd }))).toEqual([200, 200, 503]);
    expect((await postJson(`${other.createWebhook()}profile`, {})).status).toBe(200);
  });
});

describe('operating time', () => {
  const options = { timePerCall: { [UNLINK]: 100 }, limits: { operatingSeconds: 250 } };

  test('blocks a method after the call that crosses the limit, for its credential alone', async () => {
    await start(options);
    const other = portal.createWebhook();

    expect(await statuses(4, unlink)).toEqual([200, 200, 200, 429]);
    expect((await unlink()).body).toEqual({
      error: 'OPERATION_TIME_LIMIT',
      error_description: 'Method is blocked due to operation time limit.',
    });
    expect((await call()).status).toBe(200);
    expect((await postJson(`${other}${UNLINK}`, { id: 1 })).status).toBe(200);
  });

  test('is reported with the moment at which the oldest basket empties', async () => {
    await start(options);
    const firstAt = Math.floor(now / 1000);
    expect(time(await unlink())).toMatchObject({ operating: 100, operating_reset_at: firstAt + 600, processing: 100 });
    now += 120_000;
    expect(time(await unlink())).toMatchObject({ operating: 200, operating_reset_at: firstAt + 600 });

    now += 480_000;

    expect(time(await unlink())).toMatchObject({ operating: 200, operating_reset_at: firstAt + 720 });
  });

  test('is absent from portals that do not report it', async () => {
    await start({ ...options, reportsOperating: false });

    expect(time(await unlink())).not.toHaveProperty('operating');
  });

  const batch = (): Promise<Answer> => call('batch', { halt: 0, cmd: { a: `${UNLINK}?id=1`, b: `${UNLINK}?id=1` } });

  test('of a batch is billed to its methods, as the documentation says', async () => {
    await start({ ...options, batchBilling: 'nested' });
    await batch();
    await batch();

    expect((await batch()).body['result']).toMatchObject({
      result: [],
      result_error: { a: { error: 'OPERATION_TIME_LIMIT' }, b: { error: 'OPERATION_TIME_LIMIT' } },
    });
    expect((await unlink()).status).toBe(429);
  });

  test('of a batch is billed to the batch, as measured', async () => {
    await start({ ...options, batchBilling: 'outer' });
    const first = await batch();
    await batch();

    expect(time(first)).toMatchObject({ operating: 200 });
    expect(first.body['result']).toMatchObject({ result_time: { a: { operating: 0 } } });
    expect((await batch()).status).toBe(429);
    expect((await unlink()).status).toBe(200);
  });

  test('of a batch is billed to both, and a key that exceeds is banned for 300 s', async () => {
    await start({ ...options, batchBilling: 'both' });
    expect(time(await batch())).toMatchObject({ operating: 100 });
    await batch();
    const blocked = await batch();
    expect(blocked.body['result']).toMatchObject({ result_error: { a: { error: 'OPERATION_TIME_LIMIT' } } });
    now += 299_000;
    expect((await unlink()).status).toBe(429);

    now += 2000;

    expect(time(await unlink())).toMatchObject({ operating: 100 });
  });
});

describe('the gateway', () => {
  test('cuts a request that takes too long, and the portal finishes the work', async () => {
    await start({ limits: { requestSeconds: 0.1 }, delay: { [UNLINK]: 60 } });
    portal.addDeal({ contactIds: [portal.addContact()] });
    portal.addDeal({ contactIds: [portal.addContact()] });

    const cut = await call('batch', { cmd: { a: `${UNLINK}?id=2`, b: `${UNLINK}?id=3` } });
    expect([cut.status, cut.text]).toEqual([504, expect.stringContaining('<html>')]);
    expect([portal.contactsOf(2).length, portal.contactsOf(3).length]).toEqual([0, 1]);

    await new Promise((resolve) => setTimeout(resolve, 80));
    expect(portal.contactsOf(3)).toEqual([]);
  });
});
