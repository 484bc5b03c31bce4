import { describe, expect, test } from '@jest/globals';
import { always, type Bench, eachTestHas, deletion, hour } from './bench.ts';

let bench: Bench;

eachTestHas((fresh) => {
  bench = fresh;
});

/** The portal refuses the whole request, in its own language. */
const denied = {
  type: 'error',
  status: 403,
  error: 'ACCESS_DENIED',
  description: 'REST API доступен только на коммерческих тарифах',
} as const;
const pauseOf = async () => (await bench.row()).pause;

describe('a portal that refuses whole batches', () => {
  test('is paused: its tasks stay open, untried, and are done when it is resumed', async () => {
    const dealIds = Array.from({ length: 6 }, () => bench.addLostDeal());
    const taskIds = await Promise.all(dealIds.map((dealId) => bench.createTask(dealId)));
    const fault = bench.portal.faults.add({ when: { method: 'batch' }, times: always, give: denied });
    expect(await bench.work(taskIds)).toBeUndefined();
    for (const task of await bench.tasks()) expect(task).toMatchObject({ status: 'open', attempts: 0 });
    expect(await pauseOf()).toBeDefined();
    expect(bench.notes.counts.get('PortalsPausedNow')).toBe(1);
    expect(bench.deletionsDlq.sent).toEqual([]);

    fault.remove();
    await bench.resume();
    await bench.work(taskIds);
    expect((await bench.tasks()).map(({ status }) => status)).toEqual(dealIds.map(() => 'done'));
  });

  test('is paused too when it refuses the deletions only', async () => {
    const dealId = bench.addLostDeal();
    const taskId = await bench.createTask(dealId);
    bench.portal.faults.add({ when: { method: deletion, inBatch: 'envelope' }, times: always, give: denied });
    expect(await bench.work([taskId])).toBeUndefined();
    expect(await bench.task(taskId)).toMatchObject({ status: 'open', attempts: 0 });
    expect(await pauseOf()).toBeDefined();
    expect(bench.portal.contactsOf(dealId)).toHaveLength(1);
  });

  test('is paused by planning as well: the records are read when it is resumed', async () => {
    const dealId = bench.addLostDeal();
    const fault = bench.portal.faults.add({ when: { method: 'batch' }, times: always, give: denied });
    expect(await bench.plan([bench.event(dealId)])).toEqual([]);
    expect(await pauseOf()).toBeDefined();
    expect(bench.eventsDlq.sent).toEqual([]);
    fault.remove();
    await bench.resume();
    await bench.plan([(await bench.wish(dealId)) ?? bench.event(0)]);
    expect(await bench.tasks()).toHaveLength(1);
    expect(await bench.wish(dealId)).toBeUndefined();
  });

  test('is asked nothing more while it is paused', async () => {
    const taskId = await bench.createTask(bench.addLostDeal());
    bench.portal.faults.add({ when: { method: 'batch' }, times: always, give: denied });
    await bench.work([taskId]);
    const asked = bench.portal.requests.length;
    for (let hours = 0; hours < 5; hours += 1) {
      bench.time.now += hour;
      await bench.work([taskId]);
      await bench.plan([bench.event(1)]);
      await bench.reconcile();
    }
    expect(bench.portal.requests).toHaveLength(asked);
  });
});

describe('a portal that refuses one record', () => {
  test('is not paused: the others are done', async () => {
    const [bad, good] = [bench.addLostDeal(), bench.addLostDeal()];
    const taskIds = [await bench.createTask(bad), await bench.createTask(good)];
    bench.portal.faults.add({
      when: { method: deletion, inBatch: 'command', id: bad },
      give: { type: 'error', error: 'ACCESS_DENIED', description: 'Access denied' },
    });
    await bench.work(taskIds);
    expect((await bench.tasks()).map(({ status }) => status)).toEqual(['failed', 'done']);
    expect(await pauseOf()).toBeUndefined();
    expect(bench.deletionsDlq.sent).toHaveLength(1);
  });

  test('with a word about the webhook itself is paused, whichever command it answers with that', async () => {
    const taskId = await bench.createTask(bench.addLostDeal());
    bench.portal.faults.add({
      when: { method: deletion, inBatch: 'command' },
      give: { type: 'error', error: 'NO_AUTH_FOUND', description: 'Wrong authorization data' },
    });
    await bench.work([taskId]);
    expect(await bench.task(taskId)).toMatchObject({ status: 'open' });
    expect(await pauseOf()).toMatchObject({ code: 'no-auth-found' });
  });
});
