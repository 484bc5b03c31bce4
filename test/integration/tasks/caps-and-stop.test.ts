import { afterEach, describe, expect, test } from '@jest/globals';
import { type Bench, deletion, eachTestHas, hour, minute } from './bench.ts';

let bench: Bench;
eachTestHas((fresh) => {
  bench = fresh;
});

async function losses(count: number): Promise<string[]> {
  const dealIds = Array.from({ length: count }, () => bench.addLostDeal());
  return Promise.all(dealIds.map((dealId) => bench.createTask(dealId)));
}
const done = async () => (await bench.tasks()).filter(({ status }) => status === 'done').length;
const unlinked = () => bench.sent(deletion);

describe('the caps of a portal', () => {
  test('are used to the last deletion; then the portal is paused, once, with a reason, and nothing more is deleted', async () => {
    await bench.parts.portals.change(bench.memberId, { caps: { hour: 5, day: 100, spike: null } });
    await losses(12);
    await bench.workFor(10);
    expect(unlinked()).toBe(5);
    expect(await done()).toBe(5);
    const { pause } = await bench.row();
    expect(pause?.code).toBe('cap-hour');
    expect(pause?.reason).toContain('--release');
    expect(bench.notes.counts.get('PortalsPausedNow')).toBe(1);
    bench.time.now += 2 * hour;
    await bench.workFor(10);
    expect(unlinked()).toBe(5);
  });

  test('go on after a release, and every task ends', async () => {
    await bench.parts.portals.change(bench.memberId, { caps: { hour: 5, day: 100, spike: null } });
    await losses(12);
    await bench.workFor(10);
    for (let releases = 0; releases < 2; releases += 1) {
      await bench.parts.caps.release(bench.memberId);
      await bench.resume();
      await bench.workFor(10);
    }
    expect(await done()).toBe(12);
    expect(unlinked()).toBe(12);
    expect((await bench.row()).pause).toBeUndefined();
  });

  test('count what nobody knows the outcome of, and not what was surely not sent', async () => {
    await losses(4);
    const reset = { when: { inBatch: 'envelope', method: deletion }, give: { type: 'reset', work: 'after' } } as const;
    bench.portal.faults.add(reset);
    await bench.workFor(10);
    expect((await bench.parts.caps.use(bench.memberId, { hour: 9, day: 9, spike: null })).hour).toBe(4);

    const [taskId = ''] = await losses(1);
    const refuse = { type: 'error', status: 503, error: 'QUERY_LIMIT_EXCEEDED' } as const;
    bench.portal.faults.add({ when: { inBatch: 'envelope', method: deletion }, give: refuse });
    await bench.work([taskId]);
    expect((await bench.parts.caps.use(bench.memberId, { hour: 9, day: 9, spike: null })).hour).toBe(4);
    await bench.workFor(10);
    expect((await bench.parts.caps.use(bench.memberId, { hour: 9, day: 9, spike: null })).hour).toBe(5);
  });

  test('do not stop a portal that observes', async () => {
    const changed = { mode: 'observe' as const, caps: { hour: 1, day: 1, spike: null } };
    await bench.parts.portals.change(bench.memberId, changed);
    await losses(6);
    await bench.workFor(10);
    expect((await bench.tasks()).map(({ status }) => status)).toEqual(Array.from({ length: 6 }, () => 'observed'));
    expect((await bench.row()).pause).toBeUndefined();
  });
});

describe('the kill switch', () => {
  // It is one for all portals of the database.
  afterEach(async () => {
    await bench.parts.killSwitch.start();
  });

  test('lets nothing through while it is thrown, and everything afterwards', async () => {
    const taskIds = await losses(3);
    await bench.parts.killSwitch.stop('ada', 'too much');
    await bench.work(taskIds);
    await bench.workFor(120);
    expect(bench.portal.requests).toEqual([]);
    expect((await bench.tasks())[0]?.history.at(-1)?.text).toContain('stopped');
    await bench.parts.killSwitch.start();
    await bench.parts.tasks.hastenPortal(bench.memberId);
    await bench.workFor(10);
    expect(await done()).toBe(3);
  });

  test('thrown between the look and the deletion keeps the deletion from being sent', async () => {
    const taskIds = await losses(3);
    const stop = async () => {
      await bench.parts.killSwitch.stop('ada', 'too much');
    };
    bench.portal.faults.add({
      when: { inBatch: 'envelope', method: 'crm.item.list' },
      give: { type: 'hook', run: stop },
    });
    await bench.work(taskIds);
    await bench.workFor(60);
    expect(unlinked()).toBe(0);
    expect((await bench.tasks()).every(({ status }) => status === 'open')).toBe(true);
  });

  test('thrown while a batch is on its way lets that batch end and no other begin', async () => {
    const dealIds = Array.from({ length: 120 }, () => bench.addLostDeal());
    const taskIds = await Promise.all(dealIds.map((dealId) => bench.createTask(dealId)));
    const stop = async () => {
      await bench.parts.killSwitch.stop('ada', 'too much');
    };
    bench.portal.faults.add({ when: { inBatch: 'envelope', method: deletion }, give: { type: 'hook', run: stop } });
    await bench.work(taskIds.slice(0, 100));
    await bench.work(taskIds.slice(100));
    bench.time.now += 5 * minute;
    await bench.workFor(10);
    expect(unlinked()).toBeGreaterThan(0);
    expect(unlinked()).toBeLessThanOrEqual(50);
    const ended = (await Promise.all(taskIds.map((taskId) => bench.task(taskId)))).filter(
      ({ status }) => status === 'done',
    );
    expect(ended).toHaveLength(unlinked());
  });

  test('is thrown once, and who threw it stays noted', async () => {
    const { killSwitch } = bench.parts;
    expect([await killSwitch.stop('ada', 'first'), await killSwitch.stop('bob', 'second')]).toEqual([true, false]);
    expect(await killSwitch.stopped()).toMatchObject({ by: 'ada', reason: 'first' });
    expect([await killSwitch.start(), await killSwitch.start()]).toEqual([true, false]);
    expect(await killSwitch.stopped()).toBeUndefined();
  });

  test('whose row nobody can read stops as well', async () => {
    await bench.database.tables.portals.put({ memberId: '_deployment', sk: 'stop', stoppedAt: 'never' });
    expect(await bench.parts.killSwitch.stopped()).toMatchObject({ by: 'unknown' });
  });
});
