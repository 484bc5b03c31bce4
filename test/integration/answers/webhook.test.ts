import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { expectDone, expectKept, expectStopped } from './reactions.ts';
import { Stage } from './stage.ts';
import { answered } from './to-whole-batches.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open({ by: 'webhooks' });
});
afterAll(async () => {
  await stage.close();
});

test('a webhook that the portal does not know stops it at once: there is nothing to refresh [answer/no-auth-found/webhook]', async () => {
  await stage.fresh();
  const [lost, reopened] = [stage.addDeal(), stage.addDeal()];
  const give = { type: 'error', status: 401, error: 'NO_AUTH_FOUND', description: 'Wrong authorization data' } as const;
  const fault = stage.portal.faults.add(answered('deleting', lost, give));
  stage.lose(lost, reopened);
  await stage.deployment.run();
  expect(fault.hits).toBe(1);
  await expectStopped(stage, 'no-auth-found');
  stage.reopen(reopened);
  fault.remove();
  await stage.resume();
  await stage.deployment.tick();
  await expectDone(stage, lost, 'none');
  await expectKept(stage, reopened);
  await stage.expectNothingElseTouched();
});

test('a webhook that was deleted stops the portal until there is another [answer/invalid-credentials/webhook]', async () => {
  const { portal, deployment } = stage;
  await stage.fresh();
  const [lost, reopened] = [stage.addDeal(), stage.addDeal()];
  portal.revokeWebhooks();
  stage.lose(lost, reopened);
  await deployment.run();
  await expectStopped(stage, 'invalid-credentials');
  stage.reopen(reopened);
  await deployment.credentials.put({ memberId: portal.memberId, kind: 'webhook', url: portal.createWebhook() });
  await stage.resume();
  await deployment.tick();
  await expectDone(stage, lost, 'none');
  await expectKept(stage, reopened);
  await stage.expectNothingElseTouched();
});
