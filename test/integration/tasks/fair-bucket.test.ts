import { expect, test } from '@jest/globals';
import { ordinaryLimits } from '../../../lib/bitrix24/limits.ts';
import { type Bench, deletion, eachTestHas } from './bench.ts';

let bench: Bench;

eachTestHas((fresh) => {
  bench = fresh;
});

test('events that never end do not keep the worker from the portal', async () => {
  const limits = { ...ordinaryLimits, requestsPerSecond: 0.5, burst: 12 };
  await bench.parts.portals.change(bench.memberId, { limits });
  const deals = Array.from({ length: 3 }, () => bench.addLostDeal());
  const ids: string[] = [];
  for (const id of deals) ids.push(await bench.createTask(id));
  const quiet = bench.portal.addDeal({ stageId: 'NEW', silent: true });

  // Each second somebody changes a deal: whatever the portal has left would go for reading it.
  let again: number | undefined = bench.time.now;
  for (let second = 0; second < 60 && again !== undefined; second += 1) {
    bench.time.now += 1_000;
    await bench.plan([bench.event(quiet)]);
    if (second > 30 && bench.time.now >= again) again = await bench.work(ids);
  }
  expect(again).toBeUndefined();
  expect(bench.sizes(deletion)).toEqual([3]);
  // It is not that nothing was read.
  expect(bench.portal.calls('crm.item.list').length).toBeGreaterThan(10);
});
