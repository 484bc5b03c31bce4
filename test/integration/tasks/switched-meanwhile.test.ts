import { beforeEach, describe, expect, test } from '@jest/globals';
import { type Bench, eachTestHas, deletion } from './bench.ts';

let bench: Bench;
let dealId: number;
let taskId: string;

eachTestHas((fresh) => {
  bench = fresh;
});
beforeEach(async () => {
  dealId = bench.addLostDeal(2);
  taskId = await bench.createTask(dealId);
});

/** A person acts while the portal is still answering the look. */
function whileLooking(run: () => Promise<unknown>): void {
  bench.portal.faults.add({
    when: { method: 'crm.deal.contact.items.get' },
    give: {
      type: 'hook',
      work: 'after',
      run: async () => {
        await run();
      },
    },
  });
}

/** Works until the message is finished. */
async function work(): Promise<void> {
  for (let receives = 1; receives < 5; receives += 1) {
    const again = await bench.work([taskId], { receives });
    if (again === undefined) return;
    bench.time.now = Math.max(again, bench.time.now + 1);
  }
  throw new Error('The message does not end');
}

describe('between the look and the deletion', () => {
  test('the portal is switched to observe: nothing is deleted, what would have been is written down', async () => {
    whileLooking(() => bench.parts.portals.change(bench.memberId, { mode: 'observe' }));
    await work();
    expect(bench.sent(deletion)).toBe(0);
    expect(bench.portal.contactsOf(dealId)).toHaveLength(2);
    expect(await bench.task(taskId)).toMatchObject({ status: 'observed', reason: 'portal-observes' });
  });

  test('the portal is paused: nothing is deleted until it is resumed', async () => {
    whileLooking(() => bench.parts.portals.pause(bench.memberId, { code: 'by-hand', reason: 'stop!' }));
    await work();
    expect(bench.sent(deletion)).toBe(0);
    expect(await bench.task(taskId)).toMatchObject({ status: 'open', attempts: 0 });
    await bench.resume();
    await work();
    expect(bench.portal.contactsOf(dealId)).toEqual([]);
    expect(await bench.task(taskId)).toMatchObject({ status: 'done' });
  });

  test('the portal is disconnected: nothing is deleted', async () => {
    whileLooking(() => bench.parts.portals.change(bench.memberId, { state: 'disconnected' }));
    await work();
    expect(bench.sent(deletion)).toBe(0);
    expect(await bench.task(taskId)).toMatchObject({ status: 'cancelled', reason: 'portal-disconnected' });
  });

  test('the rule is taken out: nothing is deleted', async () => {
    whileLooking(() => bench.pushRules(['another']));
    await work();
    expect(bench.sent(deletion)).toBe(0);
    expect(await bench.task(taskId)).toMatchObject({ status: 'cancelled', reason: 'rule-removed' });
  });

  test('enforcing begins anew: a loss from before is only observed', async () => {
    whileLooking(() => bench.parts.portals.change(bench.memberId, { enforcedAt: bench.time.now + 1 }));
    await work();
    expect(bench.sent(deletion)).toBe(0);
    expect(await bench.task(taskId)).toMatchObject({ status: 'observed', reason: 'lost-before-enforcement' });
  });
});
