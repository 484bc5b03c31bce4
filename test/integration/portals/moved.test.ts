import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Command } from '../../../lib/bitrix24/batch.ts';
import type { Portal } from '../../../lib/portals/portal.ts';
import { PortalSession, type SendOptions } from '../../../lib/portals/session.ts';
import { OutOfDate, PortalBusy, PortalStopped } from '../../../lib/portals/waiting.ts';
import type { SimulatedApp } from '../../../simulator/portal-apps.ts';
import { type Simulator, startSimulator } from '../../../simulator/simulator.ts';
import { openDoor, type PortalDoor } from '../support/portal-door.ts';
import { Database, failureOf, newMemberId, type Parts, partsOf, portalOf, TestTime } from './parts.ts';

let database: Database;
let simulator: Simulator;
let before: PortalDoor;
let after: PortalDoor;
let time: TestTime;
let parts: Parts;
let app: SimulatedApp;
let memberId: string;
let seed = 41_000;

beforeAll(async () => {
  database = await Database.start();
});
afterAll(async () => {
  await database.close();
});
beforeEach(async () => {
  time = new TestTime();
  parts = partsOf(database.tables, { time });
  seed += 1;
  memberId = newMemberId();
  simulator = await startSimulator({ seed, clock: time.clock, portal: { memberId } });
  before = await openDoor(simulator.url);
  after = await openDoor(simulator.url);
  app = simulator.portal.createApp();
  const tokens = simulator.portal.installApp(app);
  await parts.portals.create(portalOf(memberId, { domain: before.host }));
  await parts.credentials.put({
    memberId,
    kind: 'oauth',
    generation: 1,
    accessToken: tokens.accessToken,
    refreshToken: tokens.refreshToken,
    accessExpiresAt: tokens.expiresAt,
    clientEndpoint: before.endpoint,
    tokenUrl: `http://${before.host}/oauth/token/`,
    app: { clientId: app.clientId, clientSecret: app.clientSecret },
  });
  before.names = before.endpoint;
});
afterEach(async () => {
  await before.close();
  await after.close();
  await simulator.close();
});

/** The portal has another name: its old address redirects, its authorization server knows. */
function move({ confirmed = true } = {}): void {
  before.redirect = (path) => `http://${after.host}${path}`;
  if (confirmed) before.names = after.endpoint;
}
const stored = async (): Promise<Portal> => {
  const portal = await parts.portals.get(memberId);
  if (!portal) throw new Error('No portal');
  return portal;
};
const endpoint = async () => {
  const held = await parts.credentials.get(memberId);
  return held?.kind === 'oauth' ? held.clientEndpoint : held?.url;
};
const session = async (from: Parts = parts) => new PortalSession(from, await stored(), time.now + 300_000);
const ask = async (method = 'profile', from: Parts = parts) => (await session(from)).call(method, {}, { write: false });
const calls = (door: PortalDoor) => door.requests.filter(({ path }) => path.startsWith('/rest/'));
const atDomain = (connection: PortalDoor) => ({ domain: connection.host });

const deletion = () => {
  const { portal } = simulator;
  const id = portal.addDeal({ contactIds: [portal.addContact()] });
  const [contactId] = portal.contactsOf(id);
  const items = [{ CONTACT_ID: contactId }];
  return new Map<string, Command>([['d1', { method: 'crm.deal.contact.items.delete', params: { id, items } }]]);
};

describe('a portal that has moved, as its authorization server confirms', () => {
  test('is asked the same there: one refresh, the POST with its body, the new address stored [symptom/redirect-elsewhere/new-address]', async () => {
    move();
    const { result } = await (await session()).call('crm.item.list', { entityTypeId: 2 }, { write: false });
    expect(result).toMatchObject({ items: [] });
    const held = await parts.credentials.get(memberId);
    const token = held?.kind === 'oauth' ? held.accessToken : '';
    expect(calls(after)).toEqual([
      { method: 'POST', path: '/rest/crm.item.list', body: JSON.stringify({ entityTypeId: 2, auth: token }) },
    ]);
    expect(await endpoint()).toBe(after.endpoint);
    expect(await stored()).toMatchObject({ ...atDomain(after), mode: 'enforce' });
    expect((await stored()).pause).toBeUndefined();
    expect(simulator.portal.refreshes).toHaveLength(1);
  });

  test('is written to there, because a redirect carries nothing out', async () => {
    const commands = deletion();
    move();
    let asked = 0;
    const stillHolds = async () => {
      asked += 1;
      return true;
    };
    const send: SendOptions = { write: true, freshUntil: time.now + 60_000, stillHolds };
    const answers = await (await session()).batch(commands, send);
    expect(answers.get('d1')).toMatchObject({ kind: 'result' });
    expect(simulator.portal.calls('crm.deal.contact.items.delete')).toHaveLength(1);
    expect(asked).toBe(2);
  });

  test.each([
    ['holds no longer', { stillHolds: (asked: number) => asked === 1 }, PortalBusy],
    ['is too old by then', { refreshTakes: 61_000 }, OutOfDate],
  ] as const)('gets nothing written that %s', async (_, world, expected) => {
    const commands = deletion();
    move();
    let asked = 0;
    const send: SendOptions = {
      write: true,
      freshUntil: time.now + 60_000,
      stillHolds: async () => {
        asked += 1;
        return 'stillHolds' in world ? world.stillHolds(asked) : true;
      },
    };
    const slow: typeof fetch = async (input, init) => {
      const response = await fetch(input, init);
      if ('refreshTakes' in world) time.now += world.refreshTakes;
      return response;
    };
    const failure = await failureOf((await session({ ...parts, fetch: slow })).batch(commands, send));
    expect(failure).toBeInstanceOf(expected);
    expect(calls(after)).toEqual([]);
    expect(await endpoint()).toBe(after.endpoint);
  });

  test('is found there by everybody after one refresh', async () => {
    move();
    await Promise.all([1, 2, 3, 4, 5].map(() => ask()));
    expect(simulator.portal.refreshes).toHaveLength(1);
    expect(calls(after)).toHaveLength(5);
    await ask();
    expect(calls(before)).toHaveLength(5);
  });

  test('is asked there without a refresh of our own when somebody has refreshed meanwhile', async () => {
    const late = await session();
    await late.call('profile', {}, { write: false });
    move();
    await ask();
    expect(simulator.portal.refreshes).toHaveLength(1);
    simulator.portal.clearRequests();
    await late.call('profile', {}, { write: false });
    expect(simulator.portal.refreshes).toHaveLength(1);
  });

  test('is found by an ordinary refresh as well, before it redirects', async () => {
    before.names = after.endpoint;
    simulator.portal.expireAccessTokens();
    await ask();
    expect(calls(after)).toHaveLength(1);
    expect(await stored()).toMatchObject(atDomain(after));
  });

  test('has its new domain stored by the next call when whoever found out died before', async () => {
    const held = await parts.credentials.get(memberId);
    if (held?.kind !== 'oauth') throw new Error('No tokens');
    await parts.credentials.rotate(memberId, 1, { ...held, clientEndpoint: after.endpoint, refreshedAt: time.now });
    expect(await stored()).toMatchObject(atDomain(before));
    await ask();
    expect(await stored()).toMatchObject(atDomain(after));
  });
});

describe('a redirect that nobody confirms pauses the portal and leads no token anywhere', () => {
  const pause = async () => (await stored()).pause;

  test('when the authorization server still names the address of before', async () => {
    move({ confirmed: false });
    expect(await failureOf(ask())).toBeInstanceOf(PortalStopped);
    expect(await pause()).toMatchObject({
      code: 'portal-moved',
      newDomain: after.host,
      reason: expect.stringContaining(`tidy24 portals move ${before.host} ${after.host}`),
    });
    expect(after.requests).toEqual([]);
    expect(await endpoint()).toBe(before.endpoint);
    expect(await stored()).toMatchObject(atDomain(before));
  });

  test('when it names yet another one', async () => {
    const third = await openDoor(simulator.url);
    move();
    before.names = third.endpoint;
    expect(await failureOf(ask())).toBeInstanceOf(PortalStopped);
    expect(await pause()).toMatchObject({
      reason: expect.stringContaining(`names ${third.host} and not ${after.host}`),
    });
    expect([...after.requests, ...third.requests]).toEqual([]);
    await third.close();
  });

  test('when it leads out of Bitrix24’s zones and the operator’s domains, without a refresh', async () => {
    before.redirect = (path) => `https://portal.elsewhere.example${path}`;
    before.names = 'https://portal.elsewhere.example/rest/';
    expect(await failureOf(ask())).toBeInstanceOf(PortalStopped);
    expect(await pause()).toMatchObject({ code: 'portal-moved', newDomain: 'portal.elsewhere.example' });
    expect(simulator.portal.refreshes).toEqual([]);
  });

  test('when the portal is connected by a webhook: the operator decides', async () => {
    const url = simulator.portal.createWebhook().replace(simulator.portal.domain, before.host);
    await parts.credentials.put({ memberId, kind: 'webhook', url });
    await parts.portals.change(memberId, { connection: 'webhook' });
    move();
    expect(await failureOf(ask())).toBeInstanceOf(PortalStopped);
    expect(await pause()).toMatchObject({ code: 'portal-moved', newDomain: after.host });
    expect(after.requests).toEqual([]);
    expect(JSON.stringify(await pause())).not.toContain(url.split('/').at(-2));
  });

  test.each(['on to a third', 'back to the first'] as const)('when it goes %s: no loop', async (where) => {
    const third = await openDoor(simulator.url);
    move();
    after.redirect = (path) => `http://${where === 'on to a third' ? third.host : before.host}${path}`;
    expect(await failureOf(ask())).toBeInstanceOf(PortalStopped);
    expect(await pause()).toMatchObject({ code: 'redirect-again' });
    expect([calls(before).length, calls(after).length, third.requests.length]).toEqual([1, 1, 0]);
    await third.close();
  });

  test('when it stays on the same host, as with a licence that has ended', async () => {
    before.redirect = () => `http://${before.host}/bitrix/coupon_activation.php`;
    expect(await failureOf(ask())).toBeInstanceOf(PortalStopped);
    expect(await pause()).toMatchObject({ code: 'redirect-same-host' });
    expect(calls(before)).toHaveLength(1);
    expect(simulator.portal.refreshes).toEqual([]);
  });

  test('and a refresh that names such an address keeps the tokens and the address of before', async () => {
    before.names = 'https://portal.elsewhere.example/rest/';
    simulator.portal.expireAccessTokens();
    await ask();
    expect(await endpoint()).toBe(before.endpoint);
    expect(await parts.credentials.get(memberId)).toMatchObject({ generation: 2, refreshedAt: time.now });
  });

  test('and waits when the authorization server does not answer: the next call asks again', async () => {
    move();
    simulator.portal.faults.add({ when: { method: 'oauth/token' }, give: { type: 'html', status: 502 } });
    expect(await failureOf(ask())).toBeInstanceOf(PortalBusy);
    expect(await pause()).toBeUndefined();
    time.now += 60_000;
    await ask();
    expect(await stored()).toMatchObject(atDomain(after));
  });
});
