import { describe, expect, test } from '@jest/globals';
import { RestClient } from '../../../lib/bitrix24/rest-client.ts';
import { planEvents } from '../../../lib/tasks/plan.ts';
import { Bench, eachTestHas, deletion, through } from './bench.ts';

let bench: Bench;

eachTestHas((fresh) => {
  bench = fresh;
});

const links = 'crm.deal.contact.items.get';
const gatewayTimeout = () => new Response('<html>504 Gateway Time-out</html>', { status: 504 });

describe('a portal that is cut by its gateway at 60 s', () => {
  /** Manages two of these commands in its minute; larger batches get the page of the gateway. */
  function slowAt(method: string, sizes: number[]) {
    return through(bench, {
      before: ({ commands, ids }) => {
        const size = commands.get(method) ?? 0;
        if (size === 0) return undefined;
        sizes.push(size);
        if (size <= 2) return undefined;
        bench.time.now += 60_000;
        if (method === deletion) {
          for (const id of ids.slice(0, 2)) bench.portal.updateDeal(id, { contactIds: [], silent: true });
        }
        return gatewayTimeout();
      },
    });
  }

  test.each([
    ['reading', links],
    ['deleting', deletion],
  ])('while %s gets smaller batches until they fit: every task is done', async (_name, method) => {
    const dealIds = Array.from({ length: 24 }, () => bench.addLostDeal());
    await Promise.all(dealIds.map((dealId) => bench.createTask(dealId)));
    const sizes: number[] = [];
    await bench.workFor(120, { rest: slowAt(method, sizes) });
    const tasks = await bench.tasks();
    expect(tasks.filter(({ status }) => status !== 'done')).toEqual([]);
    expect(dealIds.flatMap((dealId) => bench.portal.contactsOf(dealId))).toEqual([]);
    expect(bench.deletionsDlq.sent).toEqual([]);
    expect(sizes[0]).toBeGreaterThan(20);
    expect(sizes.at(-1)).toBeLessThanOrEqual(2);
  });

  test('finds the one record that brings every batch down, and gives up that one only', async () => {
    const dealIds = Array.from({ length: 20 }, () => bench.addLostDeal());
    const [bad = 0] = dealIds;
    await Promise.all(dealIds.map((dealId) => bench.createTask(dealId)));
    const rest = through(bench, { before: ({ ids }) => (ids.includes(bad) ? gatewayTimeout() : undefined) });
    await bench.workFor(180, { rest });
    const tasks = await bench.tasks();
    expect(tasks.filter(({ status }) => status !== 'done').map(({ record }) => record.id)).toEqual([bad]);
    expect(bench.deletionsDlq.sent).toHaveLength(1);
  });

  test('finds it as well when the answer is a kind that is given up after three tries', async () => {
    const dealIds = Array.from({ length: 20 }, () => bench.addLostDeal());
    const [bad = 0] = dealIds;
    await Promise.all(dealIds.map((dealId) => bench.createTask(dealId)));
    const page = () => new Response('<html>a page of a proxy</html>', { status: 200 });
    const rest = through(bench, { before: ({ ids }) => (ids.includes(bad) ? page() : undefined) });
    await bench.workFor(180, { rest });
    const tasks = await bench.tasks();
    expect(tasks.filter(({ status }) => status !== 'done').map(({ record }) => record.id)).toEqual([bad]);
    expect(bench.deletionsDlq.sent).toHaveLength(1);
  });

  test('is charged the time that it worked in vain', async () => {
    const dealIds = Array.from({ length: 6 }, () => bench.addLostDeal());
    const taskIds = await Promise.all(dealIds.map((dealId) => bench.createTask(dealId)));
    await bench.work(taskIds, { rest: slowAt(deletion, []) });
    const use = (await bench.parts.budgets.operating(bench.memberId)).get(deletion);
    expect(use).toMatchObject({ operating: 60, perCall: 10 });
  });
});

describe('planning', () => {
  test('reads two portals side by side: one that hangs does not take the time of the other', async () => {
    const other = await Bench.start(bench.database);
    const [mine, others] = [bench.addLostDeal(), other.addLostDeal()];
    const both = Promise.withResolvers<void>();
    let asked = 0;
    // Neither is answered before both have been asked.
    const fetchTogether: typeof fetch = async (input, init) => {
      asked += 1;
      if (asked === 2) both.resolve();
      await both.promise;
      return fetch(input, init);
    };
    const rest = new RestClient({ clock: bench.time.clock, fetch: fetchTogether });
    expect(await bench.plan([bench.event(mine), other.event(others)], { rest })).toEqual([]);
    expect([await bench.tasks(), await other.tasks()].map((tasks) => tasks.length)).toEqual([1, 1]);
    await other.close();
  });

  test('begins no read that there is no time for: the record is due again at once', async () => {
    const dealId = bench.addLostDeal();
    const { parts, deletions, eventsDlq, time } = bench;
    await planEvents({ ...parts, deletions, eventsDlq }, [bench.event(dealId)], time.now + 44_000);
    expect(bench.portal.requests).toEqual([]);
    expect(await bench.wish(dealId)).toMatchObject({ attempts: 0 });
    await bench.plan([(await bench.wish(dealId)) ?? bench.event(0)]);
    expect(await bench.tasks()).toHaveLength(1);
  });
});
