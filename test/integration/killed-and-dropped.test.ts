import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Deployment } from './support/deployment.ts';
import { addDeal, enforce, furnish, installApp, lostStage, pushRules } from './support/scenario.ts';

const minute = 60_000;
const hour = 60 * minute;

describe('what dies or gets lost in the middle', () => {
  let deployment: Deployment;

  beforeEach(async () => {
    deployment = await Deployment.start();
    furnish(deployment);
  });
  afterEach(async () => {
    await deployment.close();
  });

  test('a worker killed between the deletion and its record leaves a task that is done after redelivery', async () => {
    const deal = await connected(deployment);
    const { portal, aws } = deployment;
    portal.moveDeal(deal, lostStage);
    await deployment.simulator.settle();
    while (await deployment.runOnce('events'));

    const worker = spawn(process.execPath, ['test/fixtures/processes/worker-process.ts'], {
      env: { ...process.env, ...aws.environment },
      stdio: 'ignore',
    });
    const killed = once(worker, 'exit');
    portal.faults.add({
      when: { method: 'crm.deal.contact.items.delete', inBatch: 'command' },
      give: {
        type: 'hook',
        work: 'after',
        run: async () => {
          worker.kill('SIGKILL');
          await killed;
        },
      },
    });
    const [, signal] = await killed;
    expect(signal).toBe('SIGKILL');
    expect(portal.contactsOf(deal)).toEqual([]);
    const before = await deployment.taskOf(deal);
    expect(before.status).toBe('open');

    await deployment.pass(6 * minute); // The message's visibility ends after 330 s.
    await deployment.run();

    const task = await deployment.taskOf(deal);
    expect(task.status).toBe('done');
    expect(task.deletions).toHaveLength(1);
    expect(task.deletions?.[0]?.outcome?.result).toBe('already-gone');
    const snapshots = await deployment.snapshots.get(task.taskId);
    expect(snapshots.map(({ dealContacts }) => dealContacts[0]?.links.length)).toEqual([3]);
    expect(await deployment.deadLetters('DELETIONS_DLQ_URL')).toEqual([]);
    expect(await deployment.dueRows()).toEqual([]);
  });

  test('a lost message of the deletions queue costs a quarter of an hour and no task', async () => {
    const deal = await connected(deployment);
    deployment.portal.moveDeal(deal, lostStage);
    await deployment.simulator.settle();
    while (await deployment.runOnce('events'));
    expect(await deployment.lose('deletions')).toBe(1);

    await deployment.pass(16 * minute);

    expect(await deployment.taskOf(deal)).toMatchObject({ status: 'done' });
    expect(deployment.portal.contactsOf(deal)).toEqual([]);
  });

  test('a lost message that asks for an unread record to be read costs a quarter of an hour and no task', async () => {
    const deal = await connected(deployment);
    const { portal } = deployment;
    portal.faults.add({ when: { method: 'batch' }, give: { type: 'html', status: 502 } });
    portal.moveDeal(deal, lostStage);
    await deployment.simulator.settle();
    while (await deployment.runOnce('events')); // Not read: the portal is down.
    expect(await deployment.dueRows()).toHaveLength(1);
    await deployment.releaseOnly(2 * minute);
    expect(await deployment.lose('events')).toBe(1);

    await deployment.pass(16 * minute);

    expect(await deployment.taskOf(deal)).toMatchObject({ status: 'done' });
    expect(await deployment.dueRows()).toEqual([]);
  });

  test('a lost message about a portal costs a quarter of an hour and no installation', async () => {
    await connected(deployment);
    const { portal, credentials, front } = deployment;
    const app = portal.createApp({ installUrl: `${front.url}/bitrix24/install` });
    await credentials.setApp(portal.memberId, { clientId: app.clientId, clientSecret: app.clientSecret }, Date.now());
    portal.installApp(app);
    await deployment.simulator.settle();
    expect(await deployment.lose('reconcile')).toBe(1);
    const digests = (await deployment.portals.get(portal.memberId))?.tokenDigests.length ?? 0;

    await deployment.pass(2 * minute);

    expect((await deployment.portals.get(portal.memberId))?.tokenDigests).toHaveLength(digests + 1);
    expect((await deployment.credentials.pending(portal.memberId))?.installations).toEqual([]);
  });

  test('an event that was accepted and then lost is found by reconciliation within its period', async () => {
    const deal = await connected(deployment);
    const { portal } = deployment;
    portal.moveDeal(deal, lostStage);
    await deployment.simulator.settle();
    expect(await deployment.lose('events')).toBe(1);

    await deployment.pass(16 * minute);

    expect(await deployment.taskOf(deal)).toMatchObject({ status: 'done', source: 'reconcile' });
  });

  test('a deal whose event Bitrix24 never sent is found by reconciliation, and one lost before the connection is left alone', async () => {
    const lostBefore = addDeal(deployment);
    deployment.portal.moveDeal(lostBefore, lostStage);
    await deployment.pass(5 * minute);
    const deal = await connected(deployment);
    const { portal } = deployment;
    portal.dropEvents(1);
    portal.moveDeal(deal, lostStage);
    await deployment.run();
    expect(portal.contactsOf(deal)).toHaveLength(3);

    await deployment.pass(16 * minute);

    expect(await deployment.taskOf(deal)).toMatchObject({ status: 'done', source: 'reconcile' });
    expect(portal.contactsOf(lostBefore)).toHaveLength(3);
    await expect(deployment.taskOf(lostBefore)).rejects.toThrow('has 0 tasks');
  });

  test('every message of every queue dropped once, and every deal is unlinked in the end', async () => {
    const deal = await connected(deployment);
    const { portal } = deployment;
    const deals = [deal, addDeal(deployment), addDeal(deployment), addDeal(deployment)];
    await deployment.run();
    for (const id of deals) portal.moveDeal(id, lostStage);
    await deployment.simulator.settle();
    expect(await deployment.lose('events')).toBe(deals.length);
    await deployment.releaseOnly(16 * minute);
    expect(await deployment.lose('reconcile')).toBe(1);
    await deployment.releaseOnly(16 * minute);
    while (await deployment.runOnce('reconcile'));
    portal.faults.add({ when: { method: 'batch' }, give: { type: 'html', status: 503 } });
    while (await deployment.runOnce('events')); // Unread now: every event waits in the table.
    await deployment.releaseOnly(2 * minute);
    expect(await deployment.lose('events')).toBe(deals.length);
    await deployment.releaseOnly(16 * minute);
    while (await deployment.runOnce('events'));
    expect(await deployment.lose('deletions')).toBeGreaterThan(0);

    await deployment.pass(hour);

    for (const id of deals) {
      expect(portal.contactsOf(id)).toEqual([]);
      expect(await deployment.taskOf(id)).toMatchObject({ status: 'done' });
    }
    expect(await deployment.dueRows()).toEqual([]);
    expect(await deployment.deadLetters('DELETIONS_DLQ_URL')).toEqual([]);
    expect(await deployment.deadLetters('EVENTS_DLQ_URL')).toEqual([]);
  });
});

/** A portal that enforces, and an open deal. */
async function connected(deployment: Deployment): Promise<number> {
  await installApp(deployment);
  await pushRules(deployment);
  await enforce(deployment);
  const deal = addDeal(deployment);
  await deployment.run();
  return deal;
}
