import { describe, expect, test } from '@jest/globals';
import { partsOf, watched } from '../portals/parts.ts';
import { type Bench, day, eachTestHas, hour, minute, through } from './bench.ts';

let bench: Bench;

eachTestHas((fresh) => {
  bench = fresh;
});

const mark = (type = 2) => bench.parts.portals.watermarks.get(bench.memberId, type);
const addLostDeals = (count: number) => Array.from({ length: count }, () => bench.addLostDeal(0));
/** The portal behind a list that tells something else. */
const listing = (items: (page: number) => unknown) => {
  let page = 0;
  return through(bench, {
    after: ({ method }, answer) => {
      if (method !== 'crm.item.list') return answer;
      page += 1;
      return { ...answer, result: { items: items(page) } };
    },
  });
};

describe('a round', () => {
  test('finds every deal that was lost since the last one, page by page, and asks for the next', async () => {
    const dealIds = addLostDeals(120);
    await bench.reconcile();
    expect(bench.found()).toEqual(dealIds);
    expect(bench.portal.calls('crm.item.list')).toHaveLength(3);
    expect((await bench.row()).reconciledUntil).toBe(bench.time.now);
    expect(await bench.choreAt('reconcile')).toBe(bench.time.now + 15 * minute);
  });

  test('goes on where the portal refused it, and moves the watermark to where it began', async () => {
    const dealIds = addLostDeals(60);
    const began = bench.time.now;
    bench.portal.faults.add({
      when: { method: 'crm.item.list', nth: 2 },
      give: { type: 'error', status: 503, error: 'QUERY_LIMIT_EXCEEDED' },
    });
    await bench.reconcile();
    expect((await bench.row()).reconciledUntil).toBeUndefined();
    bench.time.now += minute;
    await bench.reconcile();
    expect(bench.found()).toEqual(dealIds);
    expect(await bench.row()).toMatchObject({ reconciledUntil: began });
    expect(await mark()).toEqual({ until: began });
  });

  test('whose time is over goes on at once', async () => {
    addLostDeals(3);
    await bench.reconcile({ leftMs: 19_000 });
    expect(bench.found()).toEqual([]);
    expect(await bench.choreAt('reconcile')).toBe(bench.time.now);
  });

  test('is not over while the queue does not take what it found', async () => {
    addLostDeals(3);
    bench.events.refuse = () => true;
    await bench.reconcile();
    expect((await bench.row()).reconciledUntil).toBeUndefined();
    bench.events.refuse = () => false;
    await bench.reconcile();
    expect(bench.found()).toHaveLength(3);
  });

  test('of a portal that pages by something else than the id does not loop, and moves no watermark', async () => {
    const rest = listing(() => Array.from({ length: 50 }, (_, index) => ({ id: index + 1 })));
    await bench.reconcile({ rest });
    expect(new Set(bench.found()).size).toBe(50);
    expect(bench.found().length).toBeLessThanOrEqual(100);
    expect((await bench.row()).reconciledUntil).toBeUndefined();
    expect(await bench.choreAt('reconcile')).toBe(bench.time.now + minute);
  });

  test('by a clock that was a year ahead hides nothing from the next one', async () => {
    const now = bench.time.now;
    bench.time.now += 365 * day;
    await bench.reconcile();
    expect((await mark()).until).toBe(bench.time.now);
    bench.time.now = now + minute;
    const dealIds = addLostDeals(2);
    bench.time.now += hour;
    await bench.reconcile();
    expect(bench.found()).toEqual(dealIds);
    expect(await mark()).toEqual({ until: bench.time.now });
    expect((await bench.row()).reconciledUntil).toBe(bench.time.now);
  });

  test('of a portal that gives the last ids first moves no watermark, and the next finds the others', async () => {
    const dealIds = addLostDeals(70);
    const backwards = listing(() =>
      dealIds
        .slice(-50)
        .toReversed()
        .map((id) => ({ id })),
    );
    await bench.reconcile({ rest: backwards });
    expect((await mark()).until).toBeUndefined();
    expect((await bench.row()).reconciledUntil).toBeUndefined();
    await bench.reconcile();
    expect(new Set(bench.found())).toEqual(new Set(dealIds));
  });

  test.each([
    ['a row without an id', [{ title: 'x' }]],
    ['a row that is no object', [null]],
    ['no list', 'nothing'],
  ])('that is given %s is not over: the next finds what there is', async (_name, items) => {
    const dealIds = addLostDeals(2);
    await bench.reconcile({ rest: listing(() => items) });
    expect((await bench.row()).reconciledUntil).toBeUndefined();
    expect(await bench.choreAt('reconcile')).toBe(bench.time.now + minute);
    await bench.reconcile();
    expect(bench.found()).toEqual(dealIds);
  });

  test('that ends after a newer one leaves nothing behind that later rounds would start from', async () => {
    addLostDeals(60);
    let nested = false;
    bench.portal.faults.add({
      when: { method: 'crm.item.list', nth: 2 },
      give: {
        type: 'hook',
        run: async () => {
          if (nested) return undefined;
          nested = true;
          bench.time.now += 5;
          await bench.reconcile();
          return { type: 'error', status: 503, error: 'QUERY_LIMIT_EXCEEDED' };
        },
      },
    });
    await bench.reconcile();
    for (let round = 0; round < 3; round += 1) {
      bench.time.now += 15 * minute;
      await bench.reconcile();
    }
    const row = await bench.row();
    expect(await mark()).toEqual({ until: bench.time.now });
    expect(row.reconciledUntil).toBe(bench.time.now);

    bench.time.now += hour;
    bench.portal.moveDeal(1, 'NEW', { silent: true });
    bench.portal.moveDeal(1, 'LOSE', { silent: true });
    bench.events.sent.length = 0;
    await bench.reconcile();
    expect(bench.found()).toEqual([1]);
  });
});

describe('the chore of a portal', () => {
  test('ends when the portal is not active', async () => {
    await bench.parts.tasks.wantChore(bench.memberId, 'reconcile', bench.time.now);
    await bench.parts.portals.change(bench.memberId, { state: 'disconnected' });
    await bench.reconcile();
    expect(await bench.choreAt('reconcile')).toBeUndefined();
  });

  test('goes on while the portal is paused', async () => {
    await bench.parts.portals.pause(bench.memberId, { code: 'by-hand', reason: 'holidays' });
    await bench.reconcile();
    expect(bench.portal.requests).toEqual([]);
    expect(await bench.choreAt('reconcile')).toBe(bench.time.now + 15 * minute);
  });

  test('that a proof asks for while an old round ends is kept', async () => {
    await bench.parts.portals.change(bench.memberId, { state: 'pending' });
    const portals = watched(bench.database.tables.portals, {
      after: async (operation) => {
        if (operation !== 'get') return;
        bench.time.now += 5;
        await bench.parts.portals.change(bench.memberId, { state: 'active' });
        await bench.parts.tasks.wantChore(bench.memberId, 'reconcile', bench.time.now + 15 * minute);
        bench.time.now += 5;
      },
    });
    await bench.reconcile({ portals: partsOf({ ...bench.database.tables, portals }, { time: bench.time }).portals });
    expect(await bench.choreAt('reconcile')).toBeDefined();
  });
});
