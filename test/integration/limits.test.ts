import { afterEach, describe, expect, test } from '@jest/globals';
import { Deployment } from './support/deployment.ts';
import { addDeal, enforce, furnish, installApp, lostStage, pushRules } from './support/scenario.ts';
import type { PortalOptions } from '../../simulator/options.ts';

const second = 1000;
const minute = 60 * second;

describe('the limits of a portal', () => {
  let deployment: Deployment;

  async function start(portal: PortalOptions): Promise<void> {
    deployment = await Deployment.start({ portal });
    furnish(deployment);
    await installApp(deployment);
    await deployment.pass(2 * minute); // Until the portal takes as many requests again as the next step makes.
    await pushRules(deployment);
    await enforce(deployment);
  }
  afterEach(async () => {
    await deployment.close();
  });

  const refusals = (code: string) =>
    deployment.portal.requests.filter(
      ({ error, commands }) => error === code || commands.some((command) => command.error === code),
    );

  /** Lets time pass in small steps until nothing is due any more. Gives the ms that took. */
  async function passUntilDone(step: number, atMost: number): Promise<number> {
    const started = Date.now();
    while (Date.now() - started < atMost) {
      await deployment.pass(step);
      if ((await deployment.dueRows()).length === 0) return Date.now() - started;
    }
    throw new Error(`There is still something due after ${atMost} ms`);
  }

  test('the request rate is kept without ever being refused: the message waits, and with it the group', async () => {
    await start({ limits: { burst: 8, perSecond: 0.1 } });
    const { portal } = deployment;
    // What that took has drained; then the portal is told of its real limits.
    await deployment.pass(3 * minute);
    const before = await deployment.portals.get(portal.memberId);
    if (!before) throw new Error('not connected');
    await deployment.portals.change(portal.memberId, {
      limits: { ...before.limits, requestsPerSecond: 0.1, burst: 4 },
    });
    const deals = Array.from({ length: 6 }, () => addDeal(deployment));
    for (const deal of deals) {
      portal.moveDeal(deal, lostStage);
      await deployment.run(); // One by one: the most requests that can be made of them.
    }
    const pushed = await deployment.hidden('deletions');
    expect(pushed).toBeGreaterThan(0);

    await passUntilDone(5 * second, 30 * minute);

    for (const deal of deals) expect(portal.contactsOf(deal)).toEqual([]);
    expect(refusals('QUERY_LIMIT_EXCEEDED')).toEqual([]);
    expect(await deployment.deadLetters('DELETIONS_DLQ_URL')).toEqual([]);
  });

  test('a refusal for the rate is waited out and costs no attempt', async () => {
    await start({});
    const { portal } = deployment;
    portal.faults.add({
      when: { method: 'batch' },
      times: 3,
      give: { type: 'error', status: 503, error: 'QUERY_LIMIT_EXCEEDED', description: 'Too many requests' },
    });
    const deal = addDeal(deployment);

    portal.moveDeal(deal, lostStage);
    await deployment.run();
    await passUntilDone(2 * second, 5 * minute);

    expect(await deployment.taskOf(deal)).toMatchObject({ status: 'done', attempts: 0 });
  });

  test.each(['nested', 'outer', 'both'] as const)(
    'operating time is kept without ever being refused, however batches are billed (%s)',
    async (batchBilling) => {
      await start({ batchBilling, timePerCall: { 'crm.deal.contact.items.delete': 20 }, limits: { burst: 1_000 } });
      const { portal } = deployment;
      const deals = Array.from({ length: 60 }, () => addDeal(deployment, 1));
      await deployment.run();

      for (const deal of deals) portal.moveDeal(deal, lostStage);
      await deployment.run();
      const took = await passUntilDone(minute, 4 * 60 * minute);

      for (const deal of deals) expect(portal.contactsOf(deal)).toEqual([]);
      expect(refusals('OPERATION_TIME_LIMIT')).toEqual([]);
      // 60 calls of 20 s do not fit into one window of 480 s.
      expect(took).toBeGreaterThan(10 * minute);
      expect(await deployment.deadLetters('DELETIONS_DLQ_URL')).toEqual([]);
    },
    120_000,
  );

  test('a portal that allows less operating time than is set refuses once, and then is kept within what it allows', async () => {
    const timePerCall = { 'crm.deal.contact.items.delete': 20 };
    // Self-hosted portals allow 420 s; the settings say 480 s.
    await start({ timePerCall, limits: { burst: 1_000, operatingSeconds: 420 } });
    const { portal } = deployment;
    const drain = async (): Promise<void> => {
      const deals = Array.from({ length: 30 }, () => addDeal(deployment, 1));
      await deployment.run();
      for (const deal of deals) portal.moveDeal(deal, lostStage);
      await deployment.run();
      await passUntilDone(minute, 4 * 60 * minute);
      for (const deal of deals) expect(portal.contactsOf(deal)).toEqual([]);
    };

    await drain();
    const refused = refusals('OPERATION_TIME_LIMIT');
    expect(refused).toHaveLength(1);
    expect(deployment.output.filter((line) => line.includes('limits tightened'))).toHaveLength(1);
    const { strictness } =
      (await deployment.budgets.operating(portal.memberId)).get('crm.deal.contact.items.delete') ?? {};
    expect(strictness).toMatchObject({ steps: 1 });

    await drain();
    expect(refusals('OPERATION_TIME_LIMIT')).toEqual(refused);

    expect(await deployment.deadLetters('DELETIONS_DLQ_URL')).toEqual([]);
  }, 240_000);

  test('a refusal for operating time blocks that method until its reset and costs no attempt', async () => {
    await start({});
    const { portal } = deployment;
    portal.faults.add({
      when: { method: 'crm.deal.contact.items.delete', inBatch: 'command' },
      give: {
        type: 'error',
        status: 429,
        error: 'OPERATION_TIME_LIMIT',
        description: 'Method is blocked due to operation time limit.',
      },
    });
    const deal = addDeal(deployment);

    portal.moveDeal(deal, lostStage);
    await deployment.run();
    await deployment.pass(30 * second);
    expect(portal.contactsOf(deal)).toHaveLength(3);
    await passUntilDone(30 * second, 15 * minute);

    expect(portal.contactsOf(deal)).toEqual([]);
    expect(await deployment.taskOf(deal)).toMatchObject({ status: 'done', attempts: 0 });
  });
});
