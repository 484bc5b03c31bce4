import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { choreId } from '../../lib/tasks/due-ids.ts';
import { tokenDigest } from '../../lib/bitrix24/token-digest.ts';
import type { SimulatedApp } from '../../simulator/portal-apps.ts';
import { Deployment } from './support/deployment.ts';
import { addDeal, connectWebhooks, enforce, furnish, installApp, lostStage, pushRules } from './support/scenario.ts';

const minute = 60_000;
const addresses = ['/bitrix24/install', '/bitrix24/events'];

const unlinkInAMonth = `
version: 1
rules:
  - id: unlink-contacts
    when: { type: deal, stages: all-lost }
    wait: 7d
    delete: [deal-contacts]
`;

let deployment: Deployment;
let app: SimulatedApp;

beforeEach(async () => {
  deployment = await Deployment.start();
  furnish(deployment);
  app = await installApp(deployment);
});
afterEach(async () => {
  expect(deployment.crashes).toEqual([]);
  await deployment.close();
});

const stored = () => deployment.portals.get(deployment.portal.memberId);
const held = () => deployment.credentials.get(deployment.portal.memberId);
const pending = async () =>
  (await deployment.credentials.pending(deployment.portal.memberId))?.installations.length ?? 0;
const chore = (name: 'prove' | 'reconcile' | 'uninstall' | 'check-app') =>
  deployment.tables.tasks.get({ taskId: choreId(deployment.portal.memberId, name), sk: 'chore' });
const tokenInForce = () => deployment.portal.issueTokens(app).applicationToken;

/** What a function would have to change in any of the tables. */
async function everything(): Promise<unknown> {
  const scan = async (table: 'portals' | 'credentials' | 'tasks', key: string) =>
    (await deployment.tables[table].scan({ where: `attribute_exists(${key})` })).items
      // Budgets move with every call.
      .filter(({ sk }) => !String(sk).startsWith('budget#'))
      .map((row) => JSON.stringify(row))
      .toSorted();
  return [await scan('portals', '#memberId'), await scan('credentials', '#memberId'), await scan('tasks', '#taskId')];
}

/** Somebody posts an event about the app. */
async function post(address: string, event: string, auth: Record<string, string | undefined>) {
  const { memberId, domain } = deployment.portal;
  const fields = Object.entries({ domain, member_id: memberId, ...auth })
    .filter(([, value]) => value !== undefined)
    .map(([key, value]): [string, string] => [`auth[${key}]`, value ?? '']);
  const { statusCode, body } = await deployment.front.call(address, {
    body: new URLSearchParams([['event', event], ...fields]).toString(),
    isBase64Encoded: false,
    contentType: 'application/x-www-form-urlencoded',
  });
  return `${statusCode} ${body?.trim()}`;
}

/** Three tasks that wait for a month, and a deal that could not be read. */
async function leaveWork(): Promise<void> {
  await pushRules(deployment, unlinkInAMonth);
  await enforce(deployment);
  for (let deal = 0; deal < 3; deal += 1) deployment.portal.moveDeal(addDeal(deployment), lostStage);
  await deployment.run();
  await deployment.tasks.wantRead(deployment.portal.memberId, {
    record: { entityTypeId: 2, id: 999 },
    receivedAt: Date.now(),
    source: 'app',
    nextAt: Date.now() + 3600_000,
  });
}

describe('the removal of the app', () => {
  test('erases tokens, cancels what waits, and leaves the portal disconnected [event/app-uninstall]', async () => {
    const { portal } = deployment;
    await leaveWork();

    portal.uninstallApp(app);
    await deployment.run();
    expect(await stored()).toMatchObject({ state: 'active' });
    await deployment.tick();

    expect(await stored()).toMatchObject({ state: 'disconnected', mode: 'observe', tokenDigests: [] });
    expect(await held()).toBeUndefined();
    const tasks = await deployment.tasksOf();
    expect(tasks.map(({ status, reason }) => `${status} ${reason}`)).toEqual(
      Array(3).fill('cancelled app-uninstalled'),
    );
    expect(tasks[0]?.history.at(-1)).toMatchObject({ what: 'ended', text: expect.stringContaining('removed') });
    expect(await deployment.dueRows()).toEqual([]);
    for (const name of ['uninstall', 'reconcile', 'check-app'] as const) expect(await chore(name)).toBeUndefined();
    const before = await everything();
    await deployment.pass(30 * minute);
    expect(await everything()).toEqual(before);
  });

  test('is believed at both addresses, and a second time changes nothing', async () => {
    for (const address of addresses) {
      const token = tokenInForce();
      expect(await post(address, 'ONAPPUNINSTALL', { application_token: token })).toBe('200 kept');
      await deployment.tick();
      expect(await stored()).toMatchObject({ state: 'disconnected' });
      const before = await everything();
      for (const again of addresses) {
        expect(await post(again, 'ONAPPUNINSTALL', { application_token: token })).toBe('200 not for us');
      }
      await deployment.tick();
      expect(await everything()).toEqual(before);
      deployment.portal.installApp(app);
      await deployment.pass(2 * minute);
      expect(await stored()).toMatchObject({ state: 'active' });
    }
  });

  test.each(addresses)('that is forged changes nothing, at %s [event/app-uninstall/forged]', async (address) => {
    const { portal, portals } = deployment;
    await leaveWork();
    await portals.change(portal.memberId, { robotKeyDigests: [tokenDigest('a-robot-key')] });
    const before = await everything();

    for (const application_token of ['wrong', undefined, 'a-robot-key', tokenInForce().toUpperCase()]) {
      expect(await post(address, 'ONAPPUNINSTALL', { application_token })).toBe('200 not for us');
    }
    const stranger = { member_id: 'b'.repeat(32), application_token: 'any' };
    expect(await post(address, 'ONAPPUNINSTALL', stranger)).toBe('200 not for us');
    await deployment.tick();

    expect(await everything()).toEqual(before);
    expect(deployment.output.join('\n')).not.toContain('a-robot-key');
  });

  test('is kept when the table of portals does not answer, and believed only when it does', async () => {
    const { portal, tasks } = deployment;
    const { appChores } = tasks;
    const forged = { tokenDigest: tokenDigest('forged'), receivedAt: Date.now() };
    const genuine = { tokenDigest: tokenDigest(tokenInForce()), receivedAt: Date.now() };

    await appChores.wantUninstall(portal.memberId, forged, { proved: false });
    await deployment.tick();
    expect(await stored()).toMatchObject({ state: 'active' });
    expect(await chore('uninstall')).toBeUndefined();

    await appChores.wantUninstall(portal.memberId, genuine, { proved: false });
    await appChores.wantUninstall(portal.memberId, forged, { proved: false });
    await deployment.tick();
    expect(await stored()).toMatchObject({ state: 'disconnected' });
  });

  test('of an app says nothing of a portal that is connected by webhooks', async () => {
    const { portal, portals } = deployment;
    await portals.remove(portal.memberId);
    const token = await connectWebhooks(deployment);
    const before = await everything();
    expect(await post('/bitrix24/install', 'ONAPPUNINSTALL', { application_token: token })).toBe('200 not for us');
    await deployment.tick();
    expect(await everything()).toEqual(before);
  });
});

describe('an app that is installed again', () => {
  test('after its removal observes, whatever was in force before [event/app-install/again]', async () => {
    const { portal } = deployment;
    await leaveWork();
    portal.uninstallApp(app);
    await deployment.run();
    await deployment.tick();

    portal.installApp(app);
    await deployment.pass(2 * minute);

    const portalNow = await stored();
    expect(portalNow).toMatchObject({ state: 'active', mode: 'observe', rulesVersion: 1 });
    expect(portalNow?.tokenDigests).toEqual([tokenDigest(tokenInForce())]);
    await pushRules(deployment);
    portal.moveDeal(addDeal(deployment), lostStage);
    await deployment.run();
    expect((await deployment.tasksOf())[0]).toMatchObject({ status: 'observed' });
  });

  test('before its removal has been dealt with keeps its new tokens, and begins anew', async () => {
    const { portal } = deployment;
    await leaveWork();

    portal.uninstallApp(app);
    await deployment.simulator.settle();
    portal.installApp(app);
    await deployment.run();
    await deployment.pass(2 * minute);

    expect(await stored()).toMatchObject({ state: 'active', mode: 'observe' });
    expect(await chore('uninstall')).toBeUndefined();
    expect((await deployment.tasksOf()).map(({ reason }) => reason)).toEqual(Array(3).fill('app-uninstalled'));
    const tokens = await held();
    await deployment.pass(5 * minute);
    expect(await held()).toEqual(tokens);
    expect(await stored()).toMatchObject({ state: 'active' });
  });

  test('loses nothing when the removal before it arrives after it and before its proof', async () => {
    const { portal } = deployment;
    portal.holdEvents();
    portal.uninstallApp(app);
    portal.installApp(app);
    portal.releaseEvents('reversed');
    await deployment.simulator.settle();
    await deployment.pass(2 * minute);
    await deployment.pass(2 * minute);

    expect(await stored()).toMatchObject({ state: 'active', tokenDigests: [tokenDigest(tokenInForce())] });
    expect(await held()).toMatchObject({ kind: 'oauth' });
  });

  test('is not disconnected by the removal of the installation before, however late it arrives', async () => {
    const { portal } = deployment;
    await leaveWork();
    const old = tokenInForce();
    portal.dropEvents(1);
    portal.uninstallApp(app);
    portal.installApp(app);
    await deployment.pass(2 * minute);
    await deployment.pass(2 * minute);
    expect(await stored()).toMatchObject({ state: 'active', mode: 'enforce' });

    expect(await post('/bitrix24/install', 'ONAPPUNINSTALL', { application_token: old })).toBe('200 kept');
    await deployment.tick();
    expect(await stored()).toMatchObject({ state: 'active', mode: 'enforce' });
    expect(await held()).toBeDefined();
    expect((await deployment.tasksOf()).filter(({ status }) => status === 'open')).toHaveLength(3);
    expect(await chore('uninstall')).toBeUndefined();
  });
});

describe('an update of the app', () => {
  test('with a new application token is proved by its tokens before it is trusted; events are bound again [event/app-update/new-token]', async () => {
    const { portal } = deployment;
    await pushRules(deployment);
    await enforce(deployment);

    const token = portal.updateApp(app);
    await deployment.simulator.settle();
    expect(await pending()).toBe(1);
    expect((await stored())?.tokenDigests).not.toContain(tokenDigest(token));
    await deployment.pass(2 * minute);

    expect((await stored())?.tokenDigests).toContain(tokenDigest(token));
    expect(await stored()).toMatchObject({ state: 'active', mode: 'enforce' });
    const lost = addDeal(deployment);
    portal.moveDeal(lost, lostStage);
    await deployment.run();
    expect(portal.contactsOf(lost)).toEqual([]);
  });

  test.each([true, false])(
    'that keeps the token has its events bound again (with tokens: %s) [event/app-update/same-token]',
    async (withTokens) => {
      const { portal } = deployment;
      await pushRules(deployment);
      await enforce(deployment);
      const tokens = await held();

      portal.updateApp(app, { newToken: false, withTokens });
      await deployment.simulator.settle();
      await deployment.tick();

      expect(await held()).toEqual(tokens);
      expect(await pending()).toBe(0);
      expect(await chore('check-app')).toMatchObject({ nextAt: Date.now() + 24 * 60 * minute });
      // The portal's bucket of requests runs dry again of what looking at the app has cost.
      await deployment.pass(minute);
      const lost = addDeal(deployment);
      portal.moveDeal(lost, lostStage);
      await deployment.run();
      expect(portal.contactsOf(lost)).toEqual([]);
    },
  );

  test('with a new application token and nothing to prove it by is not believed [event/app-update/unproved]', async () => {
    const before = await everything();
    deployment.portal.updateApp(app, { withTokens: false });
    await deployment.simulator.settle();
    await deployment.tick();
    expect(await everything()).toEqual(before);
  });

  test('that is forged is refused by the authorization server, and the portal works on', async () => {
    const { portal } = deployment;
    const before = [await stored(), await held()];
    const forged = {
      application_token: 'forged-application-token',
      refresh_token: 'forged-refresh-token',
      server_endpoint: portal.endpoint,
    };
    expect(await post('/bitrix24/install', 'ONAPPUPDATE', forged)).toBe('200 kept');
    expect(await post('/bitrix24/events', 'ONAPPUPDATE', forged)).toBe('200 not for us');
    await deployment.pass(2 * minute);

    expect([await stored(), await held()]).toEqual(before);
    expect(await pending()).toBe(0);
    expect(deployment.output.join('\n')).not.toContain('forged-');
  });
});

describe('a payment for the app', () => {
  test('that has ended pauses the portal [event/app-payment/ended], and one that begins again resumes it [event/app-payment/begun]', async () => {
    const { portal } = deployment;
    await pushRules(deployment);
    await enforce(deployment);
    const lost = addDeal(deployment);

    portal.setAppPayment(app, false);
    await deployment.simulator.settle();
    await deployment.tick();
    expect((await stored())?.pause).toMatchObject({
      code: 'payment-required',
      reason: expect.stringContaining('Renew'),
    });
    portal.moveDeal(lost, lostStage);
    await deployment.pass(20 * minute);
    expect(portal.contactsOf(lost)).toHaveLength(3);

    portal.setAppPayment(app, true);
    await deployment.simulator.settle();
    await deployment.tick();
    expect((await stored())?.pause).toBeUndefined();
    await deployment.pass(16 * minute);
    await deployment.pass(minute);
    expect(portal.contactsOf(lost)).toEqual([]);
  });

  test('is also over when the authorization server or the portal says so to a refresh or a call', async () => {
    const { portal } = deployment;
    portal.expireAccessTokens();
    portal.setAppPayment(app, false);
    await deployment.simulator.settle();
    await deployment.tick();
    expect((await stored())?.pause).toMatchObject({ code: 'payment-required' });

    portal.setAppPayment(app, true);
    await deployment.simulator.settle();
    await deployment.tick();
    expect((await stored())?.pause).toBeUndefined();

    portal.faults.add({
      when: { method: 'app.info' },
      give: { type: 'error', status: 401, error: 'PAYMENT_REQUIRED' },
    });
    portal.setAppPayment(app, true);
    await deployment.simulator.settle();
    await deployment.tick();
    expect((await stored())?.pause).toMatchObject({ code: 'payment-required' });
  });

  test('is only a hint: the portal is asked, once however often it comes, and what it says counts', async () => {
    const { portal } = deployment;
    const before = await stored();
    portal.clearRequests();
    for (let nth = 0; nth < 10; nth += 1) {
      for (const address of addresses) expect(await post(address, 'ONAPPPAYMENT', {})).toBe('200 kept');
    }
    await deployment.tick();
    expect(portal.calls('app.info')).toHaveLength(1);
    expect(await stored()).toEqual({ ...before, health: expect.objectContaining({ installed: true }) });
    expect(await chore('check-app')).toMatchObject({ nextAt: Date.now() + 24 * 60 * minute });
  });

  test('with a wrong token, or of a portal that is not connected, is not even that', async () => {
    const before = await everything();
    for (const address of addresses) {
      expect(await post(address, 'ONAPPPAYMENT', { application_token: 'wrong' })).toBe('200 not for us');
      expect(await post(address, 'ONAPPPAYMENT', { member_id: 'b'.repeat(32) })).toBe('200 not for us');
    }
    expect(await everything()).toEqual(before);
  });

  test('ends no pause that has another reason, and does not disturb it', async () => {
    const { portal, portals } = deployment;
    await portals.pause(portal.memberId, { code: 'overload-block', reason: 'blocked' });
    portal.clearRequests();
    await post('/bitrix24/install', 'ONAPPPAYMENT', {});
    await deployment.pass(minute);
    expect((await stored())?.pause).toMatchObject({ code: 'overload-block' });
    expect(portal.requests).toEqual([]);
  });

  test('is asked about again when the portal did not answer', async () => {
    const { portal } = deployment;
    portal.setAppPayment(app, false);
    const fault = portal.faults.add({ when: { method: 'app.info', nth: 1 }, give: { type: 'html', status: 502 } });
    await deployment.simulator.settle();
    await deployment.tick();
    expect(fault.hits).toBe(1);
    expect((await stored())?.pause).toBeUndefined();
    await deployment.pass(11 * minute);
    expect((await stored())?.pause).toMatchObject({ code: 'payment-required' });
  });
});

test.each([
  ['ONAPPTEST', 'event/app-test'],
  ['ONOFFLINEEVENT', 'event/offline-event'],
])('%s asks for nothing [%s]', async (event) => {
  const before = await everything();
  for (const address of addresses) {
    expect(await post(address, event, { application_token: tokenInForce() })).toBe('200 not needed');
  }
  expect(await everything()).toEqual(before);
});
