import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Deployment } from './support/deployment.ts';
import { addDeal, connectWebhooks, enforce, furnish, installApp, lostStage, pushRules } from './support/scenario.ts';

describe('the main job', () => {
  let deployment: Deployment;

  beforeEach(async () => {
    deployment = await Deployment.start();
    furnish(deployment);
  });
  afterEach(async () => {
    await deployment.close();
  });

  test('a deal that is lost after the app was installed loses its contacts, with an expired token in between [event/app-install]', async () => {
    const { portal } = deployment;
    await installApp(deployment);
    await pushRules(deployment);
    await enforce(deployment);
    const lost = addDeal(deployment);
    const kept = addDeal(deployment);
    portal.expireAccessTokens();
    const refreshesBefore = portal.refreshes.length;

    portal.moveDeal(lost, lostStage);
    await deployment.run();

    expect(portal.contactsOf(lost)).toEqual([]);
    expect(portal.contactsOf(kept)).toHaveLength(3);
    expect(portal.refreshes.length - refreshesBefore).toBe(1);
    const task = await deployment.taskOf(lost);
    expect(task).toMatchObject({
      status: 'done',
      deletions: [{ method: 'crm.deal.contact.items.delete', outcome: { result: 'deleted', proof: 'answer' } }],
    });
    const [snapshot] = await deployment.snapshots.get(task.taskId);
    expect(snapshot?.dealContacts[0]?.links).toHaveLength(3);
    expect(deployment.crashes).toEqual([]);
  });

  test('the same with an incoming and an outgoing webhook', async () => {
    const { portal } = deployment;
    await connectWebhooks(deployment);
    await pushRules(deployment);
    await enforce(deployment);
    const lost = addDeal(deployment);

    portal.moveDeal(lost, lostStage);
    await deployment.run();

    expect(portal.contactsOf(lost)).toEqual([]);
    expect(await deployment.taskOf(lost)).toMatchObject({ status: 'done' });
  });

  test('a portal that observes records what it would do and changes nothing', async () => {
    const { portal } = deployment;
    await installApp(deployment);
    await pushRules(deployment);
    const lost = addDeal(deployment);

    portal.moveDeal(lost, lostStage);
    await deployment.run();

    expect(portal.contactsOf(lost)).toHaveLength(3);
    expect(await deployment.taskOf(lost)).toMatchObject({
      status: 'observed',
      reason: 'portal-observes',
      deletions: [{ id: lost }],
    });
    await enforce(deployment);
    await deployment.pass(24 * 3600 * 1000);
    expect(portal.contactsOf(lost)).toHaveLength(3);
  });
});
