import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { maxAttempts } from '../../../lib/tasks/backoff.ts';
import { Deployment } from '../support/deployment.ts';
import { addDeal, enforce, furnish, installApp, lostStage, pushRules } from '../support/scenario.ts';
import { always, deletion, minute } from './bench.ts';

let deployment: Deployment;

beforeEach(async () => {
  deployment = await Deployment.start();
  furnish(deployment);
  await installApp(deployment);
  await pushRules(deployment);
  await enforce(deployment);
});
afterEach(async () => {
  await deployment.close();
});

test('an event of a portal whose row cannot be read comes again alone; those beside it are planned', async () => {
  const dealId = addDeal(deployment);
  await deployment.run();
  const memberId = 'f'.repeat(32);
  await deployment.tables.portals.put({ memberId, sk: 'portal', state: 'strange' });
  const poison = { v: 1, memberId, entityTypeId: 2, id: 1, source: 'app', receivedAt: Date.now() };
  await deployment.send('events', JSON.stringify(poison), memberId);
  deployment.portal.moveDeal(dealId, lostStage);
  await deployment.run();
  expect(deployment.portal.contactsOf(dealId)).toEqual([]);
  expect(deployment.crashes).toEqual([]);
  expect(await deployment.hidden('events')).toBe(1);
});

test('a portal that refuses the token of each command, but not of the batch, is left to a person in the end', async () => {
  const dealId = addDeal(deployment);
  await deployment.run();
  deployment.portal.faults.add({
    when: { method: deletion, inBatch: 'command' },
    times: always,
    give: { type: 'error', error: 'NO_AUTH_FOUND', description: 'Wrong authorization data' },
  });
  deployment.portal.moveDeal(dealId, lostStage);
  await deployment.run();
  for (let tries = 0; tries < 2 * maxAttempts; tries += 1) await deployment.pass(20 * minute);
  expect((await deployment.portals.get(deployment.portal.memberId))?.pause).toMatchObject({ code: 'no-auth-found' });
  expect(await deployment.taskOf(dealId)).toMatchObject({ status: 'open' });
  expect((await deployment.taskOf(dealId)).attempts).toBeLessThan(maxAttempts);
  expect(await deployment.deadLetters('DELETIONS_DLQ_URL')).toEqual([]);
});
