import { beforeEach, describe, expect, test } from '@jest/globals';
import type { EventMessage } from '../../../lib/tasks/messages.ts';
import { memoryDatabase } from '../support/memory-tables.ts';
import { type Bench, day, eachTestHas, hour, minute } from './bench.ts';

let bench: Bench;
const smart = 1044;
const rules = (types: readonly string[]) => `
version: 1
rules:${types
  .map(
    (type, index) => `
  - { id: rule-${index}, when: { type: ${type}, stages: all-lost }, wait: 0m, delete: [${ownDeletion(type)}] }`,
  )
  .join('')}
`;
const ownDeletion = (type: string) => (type === 'deal' ? 'deal-contacts' : type === 'lead' ? 'lead' : 'item');

eachTestHas(
  (fresh) => {
    bench = fresh;
  },
  { portal: { timePerCall: { '*': 0.001 } } },
  // What reconciliation makes of thousands of records is the matter here.
  async () => memoryDatabase(),
);
beforeEach(async () => {
  bench.portal.addType({ entityTypeId: smart, title: 'Projects' });
  bench.portal.addInvoices();
  await bench.pushFile(rules(['deal', 'lead', String(smart), '31']));
});

const lostStage = (type: number) => {
  const pipeline = Array.from({ length: 60 }, (_, id) => id).find((id) =>
    bench.portal.stages(id, type).some(({ semantics }) => semantics === 'F'),
  );
  return bench.portal.stages(pipeline ?? 0, type).find(({ semantics }) => semantics === 'F')?.id ?? '';
};
const lose = (type: number, count: number, contact = false) => {
  const stageId = lostStage(type);
  return Array.from({ length: count }, () => {
    const contactIds = contact ? [bench.portal.addContact({ silent: true })] : [];
    return bench.portal.addItem(type, { stageId, silent: true, contactIds });
  });
};
const found = () => bench.events.bodies<EventMessage>();
const foundOf = (type: number) =>
  found()
    .filter(({ entityTypeId }) => entityTypeId === type)
    .map(({ id }) => id);
const until = async (type: number) => (await bench.parts.portals.watermarks.get(bench.memberId, type)).until;

test('with every webhook dropped every lost record is found and handled once: 1,000 deals, leads, invoices, items', async () => {
  const deals = lose(2, 1_000, true);
  const [leads, items, invoices] = [lose(1, 60), lose(smart, 60), lose(31, 20)];

  await bench.reconcile();
  const events = found();
  for (let start = 0; start < events.length; start += 500) await bench.plan(events.slice(start, start + 500));
  // Most of them wait for their turn.
  const open = (await bench.openRows()).map(({ taskId }) => taskId);
  for (let start = 0; start < open.length; start += 48) {
    for (let receives = 1; receives < 40; receives += 1) {
      const again = await bench.work(open.slice(start, start + 48), { receives });
      if (again === undefined) break;
      bench.time.now = Math.max(bench.time.now + 1, again);
    }
  }

  const unlinked = bench.portal.calls('crm.deal.contact.items.delete').map(({ params }) => Number(params['id']));
  expect(unlinked.toSorted((a, b) => a - b)).toEqual(deals);
  const removed = bench.portal
    .calls('crm.item.delete')
    .map(({ params }) => `${Number(params['entityTypeId'])}:${Number(params['id'])}`);
  const expected = [
    ...leads.map((id) => `1:${id}`),
    ...items.map((id) => `${smart}:${id}`),
    ...invoices.map((id) => `31:${id}`),
  ];
  expect(removed.toSorted()).toEqual(expected.toSorted());
}, 60_000);

describe('a round', () => {
  test('looks for each type that an enabled rule names, and moves each one’s watermark', async () => {
    const [deals, leads, items] = [lose(2, 60), lose(1, 55), lose(smart, 3)];
    await bench.reconcile();
    expect([foundOf(2), foundOf(1), foundOf(smart), foundOf(31)]).toEqual([deals, leads, items, []]);
    expect(await Promise.all([2, 1, smart, 31].map(until))).toEqual(Array(4).fill(bench.time.now));
    expect((await bench.row()).reconciledUntil).toBe(bench.time.now);
  });

  test('does not find a record of a smart process that is in progress or won', async () => {
    const [pipeline = ''] = lostStage(smart).split(':');
    for (const stage of ['NEW', 'SUCCESS']) {
      bench.portal.addItem(smart, { stageId: `${pipeline}:${stage}`, silent: true });
    }
    await bench.reconcile();
    expect(foundOf(smart)).toEqual([]);
  });

  test('of a type newly named begins with the rule and not with the oldest record', async () => {
    await bench.pushFile(rules(['deal']));
    const early = lose(1, 2);
    bench.time.now += day;
    await bench.reconcile();
    await bench.pushFile(rules(['deal', 'lead']));
    bench.time.now += hour;
    const late = lose(1, 2);
    await bench.reconcile();
    expect(early).toHaveLength(2);
    expect(foundOf(1)).toEqual(late);
  });

  test('goes on with the other types when one cannot be read, and holds the portal’s watermark back', async () => {
    const [deals, leads] = [lose(2, 2), lose(1, 2)];
    const items = lose(smart, 60);
    bench.portal.faults.add({
      when: { method: 'crm.item.list', nth: 4 },
      give: { type: 'error', status: 500, error: 'INTERNAL_SERVER_ERROR' },
    });
    await bench.reconcile();
    expect([foundOf(1), foundOf(2), foundOf(smart)]).toEqual([leads, deals, []]);
    expect((await bench.row()).reconciledUntil).toBeUndefined();
    expect(await bench.choreAt('reconcile')).toBe(bench.time.now + minute);

    bench.events.sent.length = 0;
    bench.time.now += minute;
    await bench.reconcile();
    expect([foundOf(1), foundOf(2), foundOf(smart)]).toEqual([[], [], items]);
    expect((await bench.row()).reconciledUntil).toBeDefined();
  });

  test.each(['crm.category.list', 'crm.status.list'])(
    'without the stages of smart processes (%s) finds deals and leads, and the items when they can be read',
    async (method) => {
      const [deals, leads, items] = [lose(2, 2), lose(1, 2), lose(smart, 2)];
      bench.portal.faults.add({
        when: { method, inBatch: 'command' },
        times: 20,
        give: { type: 'error', status: 500, error: 'INTERNAL_SERVER_ERROR' },
      });
      await bench.reconcile();
      expect([foundOf(1), foundOf(2), foundOf(smart)]).toEqual([leads, deals, []]);
      bench.portal.faults.clear();
      bench.time.now += minute;
      await bench.reconcile();
      expect(foundOf(smart)).toEqual(items);
    },
  );

  test('goes on in the type and at the id where it had to stop', async () => {
    const deals = lose(2, 120);
    bench.portal.faults.add({
      when: { method: 'crm.item.list', nth: 4 },
      give: { type: 'error', status: 503, error: 'QUERY_LIMIT_EXCEEDED' },
    });
    await bench.reconcile();
    expect(await until(1)).toBeDefined();
    expect(await bench.parts.portals.watermarks.get(bench.memberId, 2)).toMatchObject({
      round: { afterId: deals[99] },
    });
    bench.time.now += minute;
    await bench.reconcile();
    expect(foundOf(2)).toEqual(deals);
  });
});
