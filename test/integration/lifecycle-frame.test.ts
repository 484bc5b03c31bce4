import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { SimulatedApp } from '../../simulator/portal-apps.ts';
import { Deployment } from './support/deployment.ts';
import { addDeal, enforce, furnish, lostStage, pushRules } from './support/scenario.ts';

let deployment: Deployment;
let app: SimulatedApp;

beforeEach(async () => {
  deployment = await Deployment.start();
  furnish(deployment);
  const installUrl = `${deployment.front.url}/bitrix24/install`;
  app = deployment.portal.createApp({ installUrl, hasInterface: true });
});
afterEach(async () => {
  expect(deployment.crashes).toEqual([]);
  await deployment.close();
});

const stored = () => deployment.portals.get(deployment.portal.memberId);
const waiting = async () =>
  (await deployment.credentials.pending(deployment.portal.memberId))?.installations.length ?? 0;
const held = async () => {
  const credentials = await deployment.credentials.get(deployment.portal.memberId);
  return credentials?.kind === 'oauth' ? credentials.refreshToken : undefined;
};

async function giveSecret(): Promise<void> {
  const { credentials, tasks, portal } = deployment;
  await credentials.setApp(portal.memberId, { clientId: app.clientId, clientSecret: app.clientSecret }, Date.now());
  await tasks.wantChore(portal.memberId, 'prove', Date.now());
  await deployment.tick();
}

async function install(): Promise<void> {
  deployment.portal.installApp(app);
  await deployment.portal.openApp(app);
  await giveSecret();
}

describe('an app with an interface', () => {
  test('is installed by its first opening, and from then on hears of lost deals [event/app-install/frame]', async () => {
    const { portal } = deployment;
    portal.installApp(app);

    const page = await portal.openApp(app);
    await deployment.run();

    expect(page).toMatchObject({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } });
    expect(page.headers['content-security-policy']).toContain(`frame-ancestors http://${portal.domain}`);
    expect(page.body).toContain(portal.domain);
    expect(portal.secrets().filter((secret) => page.body.includes(secret))).toEqual([]);
    expect(await waiting()).toBe(1);
    await giveSecret();
    expect(await stored()).toMatchObject({ state: 'active', mode: 'observe', domain: portal.domain });

    await pushRules(deployment);
    await enforce(deployment);
    const lost = addDeal(deployment);
    portal.moveDeal(lost, lostStage);
    await deployment.run();
    expect(portal.contactsOf(lost)).toEqual([]);
  });

  test('that is opened again, by anybody, changes nothing', async () => {
    const { portal } = deployment;
    await install();
    const before = [await stored(), await held()];
    const visitor = portal.addUser({ admin: false, name: 'Vera', lastName: 'Visitor' });

    const page = await portal.openApp(app, visitor.id);
    await deployment.pass(120_000);

    expect(page.status).toBe(200);
    expect([await stored(), await held()]).toEqual(before);
    expect(await waiting()).toBe(0);
  });

  test('that others open before its secret is known acts for who installed it', async () => {
    const { portal } = deployment;
    portal.installApp(app);
    await portal.openApp(app);
    const visitor = portal.addUser({ admin: false, name: 'Vera', lastName: 'Visitor' });
    await portal.openApp(app, visitor.id);
    expect(await waiting()).toBe(1);

    await giveSecret();

    expect(portal.refreshes.map(({ userId }) => userId)).toEqual([1]);
  });

  test('that is opened while the portal lacks credentials mends it', async () => {
    const { portal } = deployment;
    await install();
    portal.revokeTokens(app);
    await deployment.portals.pause(portal.memberId, { code: 'credentials-revoked', reason: 'refused' });

    await portal.openApp(app);
    await deployment.pass(100_000);

    expect((await stored())?.pause).toBeUndefined();
    expect(await waiting()).toBe(0);
  });

  test('that is opened by a visitor while the portal lacks credentials goes on lacking an administrator’s', async () => {
    const { portal } = deployment;
    await install();
    portal.revokeTokens(app);
    await deployment.portals.pause(portal.memberId, { code: 'credentials-revoked', reason: 'refused' });
    const visitor = portal.addUser({ admin: false, name: 'Vera', lastName: 'Visitor' });

    await portal.openApp(app, visitor.id);
    await deployment.pass(100_000);
    expect((await stored())?.pause).toMatchObject({ code: 'credentials-revoked' });

    await portal.openApp(app);
    await deployment.pass(100_000);
    expect((await stored())?.pause).toBeUndefined();
  });

  test('that is opened while the portal is paused for another reason leaves it so', async () => {
    const { portal } = deployment;
    await install();
    const before = await held();
    await deployment.portals.pause(portal.memberId, { code: 'overload-block', reason: 'blocked' });

    await portal.openApp(app);
    await deployment.pass(100_000);

    expect((await stored())?.pause).toMatchObject({ code: 'overload-block' });
    expect(await held()).toBe(before);
  });

  test('that is installed again has a new application token, which is proved and trusted', async () => {
    const { portal } = deployment;
    await install();
    await pushRules(deployment);
    await enforce(deployment);

    portal.installApp(app);
    await portal.openApp(app);
    await deployment.pass(100_000);

    expect((await stored())?.tokenDigests).toHaveLength(2);
    const lost = addDeal(deployment);
    portal.moveDeal(lost, lostStage);
    await deployment.run();
    expect(portal.contactsOf(lost)).toEqual([]);
  });
});

test('a form that names another authorization server, or nothing, is refused in plain text', async () => {
  const { front } = deployment;
  const call = (fields: Record<string, string>) =>
    front.call('/bitrix24/install', {
      body: new URLSearchParams(fields).toString(),
      isBase64Encoded: false,
      contentType: 'application/x-www-form-urlencoded',
    });
  expect(await call({ AUTH_ID: 'canary' })).toMatchObject({ statusCode: 400, body: expect.stringContaining('DOMAIN') });
  expect(deployment.output.join('\n')).not.toContain('canary');
});
