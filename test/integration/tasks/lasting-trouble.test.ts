import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { always, type Bench, eachTestHas } from './bench.ts';
import { Deployment } from '../support/deployment.ts';
import { addDeal, enforce, furnish, installApp, lostStage, pushRules } from '../support/scenario.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

describe('a portal whose every answer is a page', () => {
  let bench: Bench;
  eachTestHas((fresh) => {
    bench = fresh;
  });
  const pages = (status: number) =>
    bench.portal.faults.add({ when: {}, times: always, give: { type: 'html', status } });

  test('that forbids is left to a person after a few tries of planning or reconciling, not after days', async () => {
    pages(403);
    const dealId = bench.addLostDeal();
    for (let tries = 0; tries < 4 && !(await bench.row()).pause; tries += 1) {
      await bench.plan([bench.event(dealId)]);
      bench.time.now += 3 * minute;
    }
    expect((await bench.row()).pause).toMatchObject({ code: 'page-403' });
  });

  test('that forbids three requests of one second is not given up for that', async () => {
    pages(403);
    const dealId = bench.addLostDeal();
    for (let tries = 0; tries < 4; tries += 1) await bench.plan([bench.event(dealId)]);
    expect((await bench.row()).pause).toBeUndefined();
  });

  test('of maintenance is left to a person after a day, by whatever asks it', async () => {
    pages(503);
    for (let hours = 0; hours < 30 && !(await bench.row()).pause; hours += 1) {
      await bench.reconcile();
      bench.time.now += hour;
    }
    expect((await bench.row()).pause).toMatchObject({ code: 'page-429-503' });
  });

  test('is forgotten with the first good answer', async () => {
    const fault = pages(503);
    await bench.reconcile();
    bench.time.now += 20 * hour;
    expect((await bench.row()).trouble).toMatchObject({ name: 'page-429-503', count: 1 });
    fault.remove();
    bench.time.now += hour;
    await bench.reconcile();
    expect((await bench.row()).trouble).toBeUndefined();
    pages(503);
    bench.time.now += 20 * hour;
    await bench.reconcile();
    expect((await bench.row()).pause).toBeUndefined();
  });
});

describe('a portal that was said to be deleted', () => {
  let deployment: Deployment;
  beforeEach(async () => {
    deployment = await Deployment.start();
    furnish(deployment);
    await installApp(deployment);
    await pushRules(deployment);
    await enforce(deployment);
  });
  afterEach(async () => {
    expect(deployment.crashes).toEqual([]);
    await deployment.close();
  });

  test('is looked at each day, and its tasks go on when it is there again [answer/portal-deleted/next-day]', async () => {
    const { portal, portals } = deployment;
    const paused = async () => (await portals.get(portal.memberId))?.pause?.code;
    const gone = { type: 'error', status: 410, error: 'PORTAL_DELETED' } as const;
    const fault = portal.faults.add({ when: {}, times: always, give: gone });
    const dealId = addDeal(deployment);
    portal.moveDeal(dealId, lostStage);
    await deployment.run();
    expect(await paused()).toBe('portal-deleted');
    for (let days = 0; days < 3; days += 1) await deployment.pass(day);
    expect(await paused()).toBe('portal-deleted');
    fault.remove();
    await deployment.pass(day + hour);
    await deployment.tick();
    expect(await paused()).toBeUndefined();
    expect(portal.contactsOf(dealId)).toEqual([]);
  });
});
