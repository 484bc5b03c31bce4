import { describe, expect, test } from '@jest/globals';
import { type Bench, eachTestHas, hour } from './bench.ts';

let bench: Bench;

eachTestHas((fresh) => {
  bench = fresh;
});

/** The user of the webhook sees his own records only, or everything again. */
const setAdmin = (admin: boolean) => bench.portal.changeUser(1, { admin, rights: admin ? 'all' : 'own' });
/** A lost deal of a colleague, whose card the user does not see without rights. */
function addHiddenDeal(): number {
  const dealId = bench.addLostDeal();
  bench.portal.updateDeal(dealId, { assignedById: bench.portal.addUser().id, silent: true });
  return dealId;
}
const pauseCode = async () => (await bench.row()).pause?.code;

describe('a portal whose user is no administrator any more', () => {
  test('is paused by planning: the record waits and is planned when it is resumed', async () => {
    const dealId = addHiddenDeal();
    setAdmin(false);
    await bench.plan([bench.event(dealId)]);
    expect(await pauseCode()).toBe('not-administrator');
    expect(await bench.tasks()).toEqual([]);
    const wish = await bench.wish(dealId);
    expect(wish).toMatchObject({ attempts: 0 });

    setAdmin(true);
    await bench.resume();
    await bench.plan([wish ?? bench.event(0)]);
    expect((await bench.tasks()).map(({ record }) => record.id)).toEqual([dealId]);
  });

  test('who cannot be asked who he is, is not believed that a deal is gone: it is read again', async () => {
    const dealId = addHiddenDeal();
    setAdmin(false);
    const give = { type: 'error', error: 'SOMETHING_ODD' } as const;
    const fault = bench.portal.faults.add({ when: { method: 'profile', inBatch: 'command' }, give });

    await bench.plan([bench.event(dealId)]);

    expect(fault.hits).toBe(1);
    expect(await bench.wish(dealId)).toMatchObject({ attempts: 1 });
  });

  test('is paused by reconciliation: the watermark stays, and what was lost is found when it is resumed', async () => {
    await bench.reconcile();
    const { reconciledUntil } = await bench.row();
    bench.time.now += hour;
    const dealId = addHiddenDeal();
    setAdmin(false);
    await bench.reconcile();
    expect(await pauseCode()).toBe('not-administrator');
    expect((await bench.row()).reconciledUntil).toBe(reconciledUntil);
    bench.time.now += hour;
    await bench.reconcile();
    expect(bench.found()).toEqual([]);

    setAdmin(true);
    await bench.resume();
    await bench.reconcile();
    expect(bench.found()).toEqual([dealId]);
    expect((await bench.row()).reconciledUntil).toBe(bench.time.now);
  });

  test('is paused by the worker: the task does not count the deal as gone, and is done when it is resumed', async () => {
    const dealId = addHiddenDeal();
    const taskId = await bench.createTask(dealId);
    setAdmin(false);
    await bench.work([taskId]);
    expect(await pauseCode()).toBe('not-administrator');
    expect(await bench.task(taskId)).toMatchObject({ status: 'open', attempts: 0 });

    setAdmin(true);
    await bench.resume();
    await bench.work([taskId]);
    expect(await bench.task(taskId)).toMatchObject({ status: 'done' });
    expect(bench.portal.contactsOf(dealId)).toEqual([]);
  });

  test('and that only observes is not paused: it deletes nothing, whatever it does not see', async () => {
    await bench.parts.portals.change(bench.memberId, { mode: 'observe' });
    setAdmin(false);
    const dealId = bench.addLostDeal();
    await bench.plan([bench.event(dealId)]);
    await bench.reconcile();
    expect(await pauseCode()).toBeUndefined();
    expect(await bench.tasks()).toHaveLength(1);
  });
});
