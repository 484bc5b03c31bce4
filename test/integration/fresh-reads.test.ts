import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Deployment } from './support/deployment.ts';
import { addDeal, enforce, furnish, installApp, lostStage, pushRules } from './support/scenario.ts';

const second = 1000;

describe('nothing is deleted on an old read', () => {
  let deployment: Deployment;
  let deal: number;

  beforeEach(async () => {
    deployment = await Deployment.start();
    furnish(deployment);
    await installApp(deployment);
    await pushRules(deployment);
    await enforce(deployment);
    deal = addDeal(deployment);
    await deployment.run();
  });
  afterEach(async () => {
    await deployment.close();
  });

  const deletions = () =>
    deployment.portal.requests
      .flatMap(({ commands }) => commands)
      .filter(({ method }) => method.endsWith('items.delete'));

  test('a deal that is reopened while its read takes longer than a minute keeps its contacts', async () => {
    const { portal } = deployment;
    portal.faults.add({
      when: { method: 'crm.deal.contact.items.get' },
      give: {
        type: 'hook',
        work: 'after',
        run: () => {
          jest.setSystemTime(Date.now() + 61 * second);
          portal.moveDeal(deal, 'C5:NEW');
        },
      },
    });

    portal.moveDeal(deal, lostStage);
    await deployment.run();
    await deployment.pass(60 * second);

    expect(deletions()).toEqual([]);
    expect(portal.contactsOf(deal)).toHaveLength(3);
    expect(await deployment.taskOf(deal)).toMatchObject({ status: 'cancelled', reason: 'no-longer-lost' });
  });

  test('a token that has to be refreshed before the deletion does not make the read any younger', async () => {
    const { portal } = deployment;
    portal.faults.add({
      when: { method: 'crm.deal.contact.items.get' },
      give: { type: 'hook', work: 'after', run: () => portal.expireAccessTokens() },
    });
    portal.faults.add({
      when: { method: 'oauth/token' },
      give: {
        type: 'hook',
        work: 'after',
        run: () => {
          jest.setSystemTime(Date.now() + 61 * second);
          portal.moveDeal(deal, 'C5:NEW');
        },
      },
    });

    portal.moveDeal(deal, lostStage);
    await deployment.run();
    await deployment.pass(60 * second);

    expect(deletions()).toEqual([]);
    expect(portal.contactsOf(deal)).toHaveLength(3);
    expect(await deployment.taskOf(deal)).toMatchObject({ status: 'cancelled', reason: 'no-longer-lost' });
  });

  test('a read of 59 seconds is young enough', async () => {
    const { portal } = deployment;
    portal.faults.add({
      when: { method: 'crm.deal.contact.items.get' },
      give: {
        type: 'hook',
        work: 'after',
        run: () => {
          jest.setSystemTime(Date.now() + 59 * second);
        },
      },
    });

    portal.moveDeal(deal, lostStage);
    await deployment.run();

    expect(portal.contactsOf(deal)).toEqual([]);
    expect(
      deployment.portal.requests.filter(({ commands }) =>
        commands.some(({ method }) => method === 'crm.deal.contact.items.get'),
      ),
    ).toHaveLength(1);
  });
});
