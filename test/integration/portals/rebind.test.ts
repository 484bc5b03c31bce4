import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { tokenDigest } from '../../../lib/bitrix24/token-digest.ts';
import type { RuleScope } from '../../../lib/portals/bindings.ts';
import { provePortal } from '../../../lib/portals/prove.ts';
import { rebind } from '../../../lib/portals/rebind.ts';
import { loadRules } from '../../../lib/rules/load.ts';
import type { RecordType } from '../../../lib/rules/schema.ts';
import { nextVersion } from '../../../lib/rules/version.ts';
import type { SimulatedApp } from '../../../simulator/portal-apps.ts';
import { type Simulator, startSimulator } from '../../../simulator/simulator.ts';
import { Database, failureOf, type Parts, partsOf, TestTime } from './parts.ts';

const eventsUrl = 'http://127.0.0.1:4310/bitrix24/events';
const installUrl = 'http://127.0.0.1:4310/bitrix24/install';
const own = ['ONAPPPAYMENT', 'ONAPPUNINSTALL', 'ONAPPUPDATE'].map((event) => `${event} ${installUrl}`);
const ofDeals = ['ONCRMDEALADD', 'ONCRMDEALMOVETOCATEGORY', 'ONCRMDEALUPDATE'].map((event) => `${event} ${eventsUrl}`);
const ofLeads = ['ONCRMLEADADD', 'ONCRMLEADUPDATE'].map((event) => `${event} ${eventsUrl}`);

let database: Database;
let simulator: Simulator;
let time: TestTime;
let parts: Parts;
let app: SimulatedApp;
let memberId: string;
let seed = 31_000;

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
  simulator = await startSimulator({ seed, clock: time.clock });
  memberId = simulator.portal.memberId;
  app = simulator.portal.createApp();
  const { refreshToken, applicationToken } = simulator.portal.installApp(app);
  await parts.credentials.setApp(memberId, { clientId: app.clientId, clientSecret: app.clientSecret }, time.now);
  await parts.credentials.addInstallation(memberId, {
    id: tokenDigest(refreshToken),
    refreshToken,
    tokenUrl: simulator.portal.tokenUrl,
    tokenDigest: tokenDigest(applicationToken),
    domain: simulator.portal.domain,
    eventsUrl,
    receivedAt: time.now,
  });
  expect(await provePortal(parts, memberId, time.now + 300_000)).toMatchObject({ result: 'active' });
});
afterEach(async () => {
  await simulator.close();
});

/** As another part of the same app would call. */
async function call(method: string, params: Record<string, unknown> = {}): Promise<unknown> {
  const access = { endpoint: simulator.portal.endpoint, token: simulator.portal.issueTokens(app).accessToken };
  return (await parts.rest.call(access, method, params, { write: false, deadline: time.now + 60_000 })).result;
}
const bound = async () =>
  ((await call('event.get')) as { event: string; handler: string }[])
    .map(({ event, handler }) => `${event} ${handler}`)
    .toSorted();
const rules = (...types: RecordType[]): RuleScope[] => types.map((type) => ({ enabled: true, when: { type } }));
const bindFor = async (some: RuleScope[]) => {
  const portal = await parts.portals.get(memberId);
  if (!portal) throw new Error('No portal');
  return rebind(parts, portal, some);
};
const all = (...lists: string[][]) => lists.flat().toSorted();

describe('what a portal is asked to send', () => {
  test('follows the rules: bound with the first push, exchanged with another, and unbound with the last rule', async () => {
    expect(await bound()).toEqual(own);
    expect(await bindFor(rules('deal'))).toEqual({ result: 'bound', missing: [] });
    expect(await bound()).toEqual(all(own, ofDeals));
    await bindFor(rules('lead', 'lead'));
    expect(await bound()).toEqual(all(own, ofLeads));
    await bindFor(rules('deal', 'lead', 177));
    const ofItems = ['ONCRMDYNAMICITEMADD', 'ONCRMDYNAMICITEMUPDATE'].map((event) => `${event} ${eventsUrl}`);
    expect(await bound()).toEqual(all(own, ofDeals, ofLeads, ofItems));
    await bindFor([{ enabled: false, when: { type: 'deal' } }]);
    expect(await bound()).toEqual(own);
  });

  test('is not touched where it is as it should be', async () => {
    await bindFor(rules('deal'));
    const calls = () => simulator.portal.calls('event.bind').length + simulator.portal.calls('event.unbind').length;
    const before = calls();
    await bindFor(rules('deal'));
    expect(calls()).toBe(before);
  });

  test('no longer goes to an address of before, and other handlers of the same app keep what they hear', async () => {
    const strangers = ['https://mine.example/hook', 'https://mine.example/bitrix24/events/mine'];
    for (const handler of strangers) await call('event.bind', { event: 'ONCRMDEALUPDATE', handler });
    for (const path of ['events', 'install']) {
      await call('event.bind', { event: 'ONCRMDEALUPDATE', handler: `https://old.example/bitrix24/${path}` });
    }
    await bindFor(rules('deal'));
    expect(await bound()).toEqual(
      all(
        own,
        ofDeals,
        strangers.map((handler) => `ONCRMDEALUPDATE ${handler}`),
      ),
    );
  });

  test('is bound before the rest is unbound, so that a portal that fails in between loses nothing', async () => {
    await bindFor(rules('deal'));
    simulator.portal.faults.add({ when: { method: 'event.unbind' }, give: { type: 'html', status: 502 } });
    expect(await failureOf(bindFor(rules('lead')))).toBeDefined();
    expect(await bound()).toEqual(all(own, ofDeals, ofLeads));
    await bindFor(rules('lead'));
    expect(await bound()).toEqual(all(own, ofLeads));
  });

  test('names what the portal does not let us listen to, and binds the others', async () => {
    simulator.portal.faults.add({
      when: { method: 'event.bind' },
      give: { type: 'error', error: 'ERROR_EVENT_NOT_FOUND', description: 'Event not found' },
    });
    expect(await bindFor(rules('lead'))).toEqual({ result: 'bound', missing: ['ONCRMLEADUPDATE'] });
    expect(await bound()).toEqual(all(own, [`ONCRMLEADADD ${eventsUrl}`]));
  });

  test('is a person’s business where the portal is connected by webhooks, and nobody’s where it is disconnected', async () => {
    await parts.portals.change(memberId, { connection: 'webhook' });
    expect(await bindFor(rules('deal'))).toEqual({ result: 'by-webhook' });
    await parts.portals.change(memberId, { connection: 'oauth', state: 'disconnected' });
    expect(await bindFor(rules('deal'))).toEqual({ result: 'not-active' });
    expect(await bound()).toEqual(own);
  });

  test('is bound by a new installation as the rules in force say', async () => {
    const file =
      'version: 1\nrules:\n  - { id: unlink, when: { type: deal, stages: all-lost }, delete: [deal-contacts] }';
    await parts.portals.pushRules(memberId, nextVersion(undefined, loadRules(file), file, time.now, 'test'));
    time.now += 100_000;
    const { refreshToken, applicationToken } = simulator.portal.reinstall(app);
    await parts.credentials.addInstallation(memberId, {
      id: tokenDigest(refreshToken),
      refreshToken,
      tokenUrl: simulator.portal.tokenUrl,
      tokenDigest: tokenDigest(applicationToken),
      domain: simulator.portal.domain,
      eventsUrl,
      receivedAt: time.now,
    });
    expect(await bound()).toEqual([]);
    await provePortal(parts, memberId, time.now + 300_000);
    expect(await bound()).toEqual(all(own, ofDeals));
  });
});
