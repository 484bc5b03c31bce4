import { createHook } from 'node:async_hooks';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { SimulatedPortal } from '../../../simulator/portal.ts';
import type { SimulatorOptions } from '../../../simulator/options.ts';
import { type Simulator, startSimulator } from '../../../simulator/simulator.ts';
import { postJson, resultOf } from './portal-client.ts';

let simulator: Simulator;
let portal: SimulatedPortal;
let now: number;

beforeEach(async () => {
  now = Date.UTC(2026, 6, 29, 8);
  const limits = { burst: Number.POSITIVE_INFINITY, operatingSeconds: Number.POSITIVE_INFINITY };
  simulator = await startSimulator({ clock: () => now, portal: { limits } });
  portal = simulator.portal;
});
afterEach(() => simulator.close());

describe('deals that are imported', () => {
  test('are lost at once, by whoever imports, and listed page by page without one missing', async () => {
    const importer = portal.addUser({ admin: true });
    now += 3_600_000;
    const people = Array.from({ length: 100 }, () => portal.addContact({ silent: true }));
    const common = { stageId: 'LOSE', by: importer.id, silent: true };
    const ids = portal.importDeals(20_000, common, (index) => ({ contactIds: [people[index % 100] ?? 0] }));
    const hook = portal.createWebhook();

    const seen: number[] = [];
    for (;;) {
      const filter = { '>id': seen.at(-1) ?? 0, stageSemanticId: 'F', '>=movedTime': '2026-07-29T09:00:00Z' };
      const params = { entityTypeId: 2, filter, order: { id: 'ASC' }, select: ['id'], start: -1 };
      const page = (await resultOf(postJson(`${hook}crm.item.list`, params))) as { items: { id: number }[] };
      if (page.items.length === 0) break;
      seen.push(...page.items.map((item) => item.id));
    }

    expect(seen).toEqual(ids);
    expect(portal.deal(777)).toMatchObject({ movedBy: importer.id, movedTime: '2026-07-29T11:00:00+02:00' });
    expect(portal.postedEvents).toEqual([]);
  });

  test('are told one by one, unless silent', async () => {
    portal.addOutgoingWebhook({ url: 'http://127.0.0.1:9/', events: ['ONCRMDEALADD', 'ONCRMDEALUPDATE'] });

    portal.importDeals(3, { stageId: 'LOSE' });
    await simulator.settle();

    expect(portal.postedEvents.map((posted) => [posted.event, posted.id])).toEqual([
      ['ONCRMDEALADD', 1],
      ['ONCRMDEALADD', 2],
      ['ONCRMDEALADD', 3],
    ]);
  });

  test('are found by id on either side, whatever was deleted between', async () => {
    portal.importDeals(10, { silent: true });
    for (const id of [4, 5, 10]) portal.removeDeal(id);
    portal.addDeal({ id: 20 });
    portal.addDeal({ id: 15 });
    const hook = portal.createWebhook();
    const idsOf = async (filter: object): Promise<number[]> => {
      const params = { entityTypeId: 2, filter, select: ['id'], start: -1 };
      const page = (await resultOf(postJson(`${hook}crm.item.list`, params))) as { items: { id: number }[] };
      return page.items.map((item) => item.id);
    };

    expect(await idsOf({ '>id': 3 })).toEqual([6, 7, 8, 9, 15, 20]);
    expect(await idsOf({ '>=id': '6', '<id': 15 })).toEqual([6, 7, 8, 9]);
    expect(await idsOf({ '>id': 6, '<=id': 15 })).toEqual([7, 8, 9, 15]);
    expect(await idsOf({ '<id': 3 })).toEqual([1, 2]);
    expect(await idsOf({ '>id': 'x' })).toEqual([]);
    expect(await idsOf({ logic: 'OR', '<id': 2, '>id': 15 })).toEqual([1, 20]);
  });
});

describe('the state of a portal', () => {
  test('is compared as a whole, and what was taken once does not change', () => {
    const anna = portal.addContact();
    const id = portal.addDeal({ contactIds: [anna], fields: { ufCrmKeep: ['a'] } });
    const before = portal.snapshotState();
    expect(before.records['2:1']).toMatchObject({ stageId: 'NEW' });
    expect(before.links).toEqual({ '2:1': [{ contactId: anna, sort: 10, primary: true }] });

    portal.updateDeal(id, { contactIds: [], title: 'Other', fields: { ufCrmKeep: ['b'] } });

    expect(portal.snapshotState()).not.toEqual(before);
    expect(before.records['2:1']).toMatchObject({ title: '', custom: { ufCrmKeep: ['a'] } });
  });

  test('begins anew in silence, and no id comes again', () => {
    const first = portal.addDeal({ contactIds: [portal.addContact()] });

    portal.clearRecords();

    expect(portal.snapshotState()).toEqual({
      records: {},
      links: {},
      productRows: {},
      requisites: [],
      bankDetails: [],
      addresses: [],
    });
    expect(portal.addDeal()).toBe(first + 1);
    expect(portal.contactsOf(first + 1)).toEqual([]);
  });

  test('touches no disk without a data file', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'portal-'));

    expect(await diskRequests({ dataFile: join(directory, 'portal.json') })).toBeGreaterThan(0);
    expect(await diskRequests({})).toBe(0);
    await rm(directory, { recursive: true });
  });
});

/** Requests to the file system while a simulator starts, works and ends. */
async function diskRequests(options: SimulatorOptions): Promise<number> {
  let count = 0;
  const hook = createHook({
    init: (_id, type) => {
      if (/^(FSREQ|FILEHANDLE)/.test(type)) count += 1;
    },
  }).enable();
  const other = await startSimulator(options);
  other.portal.importDeals(10, { stageId: 'LOSE' });
  await other.close();
  hook.disable();
  return count;
}
