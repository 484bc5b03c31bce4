import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { TableUnavailable } from '../../../lib/aws/table.ts';
import { tokenDigest } from '../../../lib/bitrix24/token-digest.ts';
import type { App, Installation } from '../../../lib/portals/credentials.ts';
import { type ProofResult, provePortal } from '../../../lib/portals/prove.ts';
import { proveInstallation } from '../../../lib/tasks/chores.ts';
import { choreId } from '../../../lib/tasks/due-ids.ts';
import type { PortalOptions } from '../../../simulator/options.ts';
import type { SimulatedApp } from '../../../simulator/portal-apps.ts';
import { type Simulator, startSimulator } from '../../../simulator/simulator.ts';
import { Database, dyingAt, Notes, type Parts, partsOf, portalOf, TestTime, watched } from './parts.ts';

const eventsUrl = 'http://127.0.0.1:4310/bitrix24/events';
const installUrl = 'http://127.0.0.1:4310/bitrix24/install';

let database: Database;
let simulator: Simulator;
let time: TestTime;
let notes: Notes;
let parts: Parts;
let app: SimulatedApp;
let memberId: string;
let seed = 1_000;

beforeAll(async () => {
  database = await Database.start();
});
afterAll(async () => {
  await database.close();
});
beforeEach(async () => {
  await startPortal();
});
afterEach(async () => {
  await simulator.close();
});

async function startPortal(portal: PortalOptions = {}): Promise<void> {
  time = new TestTime();
  notes = new Notes();
  parts = partsOf(database.tables, { time, notes });
  seed += 1;
  simulator = await startSimulator({ seed, clock: time.clock, portal });
  memberId = simulator.portal.memberId;
  app = simulator.portal.createApp();
}

const own = (): App => ({ clientId: app.clientId, clientSecret: app.clientSecret });
const prove = (from: Parts = parts, leftMs = 300_000): Promise<ProofResult> =>
  provePortal(from, memberId, time.now + leftMs);
const stored = async () => ({
  portal: await parts.portals.get(memberId),
  credentials: await parts.credentials.get(memberId),
});

const installation = (refreshToken: string, changed: Partial<Installation> = {}): Installation => ({
  id: tokenDigest(refreshToken),
  refreshToken,
  tokenUrl: simulator.portal.tokenUrl,
  tokenDigest: tokenDigest(`application token with ${refreshToken}`),
  domain: simulator.portal.domain,
  eventsUrl,
  receivedAt: time.now,
  ...changed,
});

/** The administrator installs the app; what comes is kept. Gives the digest of its application token. */
async function install({ withApp = true } = {}): Promise<string> {
  const tokens = simulator.portal.installApp(app);
  const digest = tokenDigest(tokens.applicationToken);
  await parts.credentials.addInstallation(memberId, installation(tokens.refreshToken, { tokenDigest: digest }));
  if (withApp) await parts.credentials.setApp(memberId, own(), time.now);
  return digest;
}

/** Anybody can post an ONAPPINSTALL with any member id. */
const forge = (name = 'forged refresh token', changed: Partial<Installation> = {}) =>
  parts.credentials.addInstallation(memberId, installation(name, changed));

/** The events that are bound at the portal, as the portal itself tells. */
async function bound(): Promise<{ event: string; handler: string }[]> {
  const { accessToken } = simulator.portal.issueTokens(app);
  const access = { endpoint: simulator.portal.endpoint, token: accessToken };
  const { result } = await parts.rest.call(access, 'event.get', {}, { write: false, deadline: time.now + 60_000 });
  return result as { event: string; handler: string }[];
}

describe('a genuine installation', () => {
  test('makes the portal active and observing, its token trusted, the app’s own events bound', async () => {
    const digest = await install();
    expect(await prove()).toEqual({ result: 'active', domain: simulator.portal.domain });
    expect((await stored()).portal).toMatchObject({
      state: 'active',
      mode: 'observe',
      connection: 'oauth',
      domain: simulator.portal.domain,
      tokenDigests: [digest],
      limits: { requestsPerSecond: 2, burst: 50 },
    });
    expect((await bound()).map(({ event, handler }) => `${event} ${handler}`).toSorted()).toEqual(
      ['ONAPPPAYMENT', 'ONAPPUNINSTALL', 'ONAPPUPDATE'].map((event) => `${event} ${installUrl}`),
    );
    expect((await stored()).portal).toMatchObject({ eventsUrl });
    expect((await parts.credentials.pending(memberId))?.installations).toEqual([]);
    expect((await stored()).credentials).not.toHaveProperty('activation');
    expect(await prove()).toEqual({ result: 'nothing-pending' });
  });

  test('waits for the app’s secret and is nothing before it is known', async () => {
    await install({ withApp: false });
    expect(await prove()).toEqual({ result: 'app-unknown' });
    expect(await stored()).toEqual({ portal: undefined, credentials: undefined });
    await parts.credentials.setApp(memberId, own(), time.now);
    expect(await prove()).toMatchObject({ result: 'active' });
  });

  test('is proved with the deployment’s own app', async () => {
    await install({ withApp: false });
    const from = { ...parts, defaultApp: () => Promise.resolve(own()) };
    expect(await prove(from)).toMatchObject({ result: 'active' });
  });

  test.each([
    ['the deployment’s own app', (right: App) => ({ pending: undefined, own: right })],
    ['the app of the tokens that it takes the place of', (right: App) => ({ pending: right, own: undefined })],
  ])('is proved with %s when what was given for it is wrong', async (_name, place) => {
    const wrong = { ...own(), clientSecret: 'mistyped' };
    const { pending, own: ofDeployment } = place(own());
    const from = { ...parts, defaultApp: () => Promise.resolve(ofDeployment) };
    if (pending) {
      await install();
      await prove();
      time.now += 100_000;
    }
    await install({ withApp: false });
    await parts.credentials.setApp(memberId, wrong, time.now);
    expect(await prove(from)).toMatchObject({ result: 'active' });
    expect((await stored()).credentials).toMatchObject({ app: own() });
  });

  test('of an enterprise portal gets its limits; limits that somebody set are kept', async () => {
    await simulator.close();
    await startPortal({ limits: { burst: 250, perSecond: 5 } });
    await install();
    await prove();
    expect((await stored()).portal?.limits).toMatchObject({ requestsPerSecond: 5, burst: 250 });
    const limits = { requestsPerSecond: 1, burst: 10, operatingSeconds: 400, operatingWindowSeconds: 600 };
    await parts.portals.change(memberId, { limits });
    time.now += 100_000;
    await install();
    await prove();
    expect((await stored()).portal?.limits).toEqual(limits);
  });

  test('a second time keeps mode and rules, trusts both tokens, and resumes a portal without credentials', async () => {
    const first = await install();
    await prove();
    await parts.portals.change(memberId, { mode: 'enforce', enforcedAt: time.now, rulesVersion: 3 });
    await parts.portals.pause(memberId, { code: 'credentials-revoked', reason: 'gone' });
    time.now += 100_000;
    const second = await install();
    expect(await prove()).toMatchObject({ result: 'active' });
    const { portal } = await stored();
    expect(portal).toMatchObject({ mode: 'enforce', rulesVersion: 3, tokenDigests: [first, second] });
    expect(portal?.pause).toBeUndefined();
    expect(await bound()).toHaveLength(3);
  });

  test('does not resume a portal that was paused for another reason', async () => {
    await install();
    await prove();
    await parts.portals.pause(memberId, { code: 'by-hand', reason: 'holidays' });
    time.now += 100_000;
    await install();
    await prove();
    expect((await stored()).portal?.pause).toMatchObject({ code: 'by-hand' });
  });

  test('binds no event that is bound already', async () => {
    const tokens = simulator.portal.installApp(app);
    const access = { endpoint: simulator.portal.endpoint, token: tokens.accessToken };
    const bind = { event: 'ONAPPUPDATE', handler: installUrl };
    await parts.rest.call(access, 'event.bind', bind, { write: false, deadline: time.now + 60_000 });
    await parts.credentials.addInstallation(memberId, installation(tokens.refreshToken));
    await parts.credentials.setApp(memberId, own(), time.now);
    expect(await prove()).toMatchObject({ result: 'active' });
    // Bound by hand once, and then the two others.
    expect(simulator.portal.calls('event.bind')).toHaveLength(3);
    expect(await bound()).toHaveLength(3);
  });

  test('takes it for bound when the portal says so: the answer to an earlier try was lost', async () => {
    await install();
    simulator.portal.faults.add({
      when: { method: 'event.bind' },
      give: { type: 'error', error: 'ERROR_CORE', description: 'Unable to set event handler: Handler already binded' },
    });
    expect(await prove()).toMatchObject({ result: 'active' });
  });

  test('is not begun with less than a minute left', async () => {
    await install();
    expect(await prove(parts, 59_999)).toMatchObject({ result: 'later' });
    expect(simulator.portal.refreshes).toEqual([]);
    expect(await prove(parts, 60_000)).toMatchObject({ result: 'active' });
  });

  test('is proved by one function at a time', async () => {
    await install();
    const results = await Promise.all([prove(), prove(), prove()]);
    expect(results.map(({ result }) => result).toSorted()).toEqual(['active', 'later', 'later']);
    expect(simulator.portal.refreshes).toHaveLength(1);
  });
});

describe('an authorization server that does not confirm', () => {
  test.each([
    ['is down', { type: 'html', status: 502 }],
    ['answers with an unknown error', { type: 'error', status: 400, error: 'SOMETHING_NEW' }],
  ] as const)('because it %s: the installation waits', async (_name, give) => {
    await install();
    simulator.portal.faults.add({ when: { method: 'oauth/token' }, give });
    expect(await prove()).toMatchObject({ result: 'later', until: time.now + 60_000 });
    expect(await stored()).toEqual({ portal: undefined, credentials: undefined });
    expect(await prove()).toMatchObject({ result: 'active' });
  });

  test('because a person has to act: it is asked again in an hour, and the installation is kept', async () => {
    await install();
    simulator.portal.faults.add({
      when: { method: 'oauth/token' },
      give: { type: 'error', status: 401, error: 'PAYMENT_REQUIRED', description: 'Payment required' },
    });
    expect(await prove()).toMatchObject({ result: 'later', until: time.now + 3_600_000 });
    expect((await parts.credentials.pending(memberId))?.installations).toHaveLength(1);
    expect(await prove()).toMatchObject({ result: 'active' });
  });

  test.each([
    ['secret is wrong', { clientSecret: 'mistyped' }],
    ['id is wrong', { clientId: 'local.mistyped' }],
  ])('because the app’s %s: it waits for the right one', async (_name, changed) => {
    await install({ withApp: false });
    await parts.credentials.setApp(memberId, { ...own(), ...changed }, time.now);
    expect(await prove()).toMatchObject({ result: 'later', reason: expect.stringMatching(/client id/) });
    await parts.credentials.setApp(memberId, own(), time.now);
    expect(await prove()).toMatchObject({ result: 'active' });
  });

  test('because it names another portal: nothing of it is stored, and the installation is forgotten', async () => {
    const other = await simulator.addPortal();
    const foreign = other.createApp(own());
    const { refreshToken } = other.installApp(foreign);
    await forge(refreshToken, { tokenUrl: other.tokenUrl });
    await parts.credentials.setApp(memberId, own(), time.now);
    expect(await prove()).toMatchObject({ result: 'refused' });
    expect(await stored()).toEqual({ portal: undefined, credentials: undefined });
    expect((await parts.credentials.pending(memberId))?.installations).toEqual([]);
  });

  test('because the portal has no https address: outside of a local run it is refused', async () => {
    await install();
    expect(await prove({ ...parts, allowLoopback: false as never })).toMatchObject({ result: 'refused' });
    expect(await stored()).toEqual({ portal: undefined, credentials: undefined });
  });
});

describe('a forged installation', () => {
  test('never makes a portal', async () => {
    simulator.portal.installApp(app);
    await forge();
    await parts.credentials.setApp(memberId, own(), time.now);
    expect(await prove()).toMatchObject({ result: 'refused' });
    expect(await stored()).toEqual({ portal: undefined, credentials: undefined });
    expect(notes.lines).toContainEqual(expect.objectContaining({ level: 'error', message: 'installation refused' }));
  });

  test('changes nothing of a portal that is active, which works on', async () => {
    await install();
    await prove();
    await parts.portals.change(memberId, { mode: 'enforce', enforcedAt: time.now });
    const before = await stored();
    await forge();
    time.now += 100_000;
    expect(await prove()).toMatchObject({ result: 'refused' });
    expect(await stored()).toEqual(before);
  });

  test('sends the app’s secret nowhere but to the authorization server it names, which was checked when it came', async () => {
    await forge('forged', { tokenUrl: simulator.portal.tokenUrl });
    await parts.credentials.setApp(memberId, own(), time.now);
    const asked: string[] = [];
    const fetch: typeof globalThis.fetch = (url, init) => {
      asked.push(String(url instanceof Request ? url.url : url));
      return globalThis.fetch(url, init);
    };
    await prove({ ...parts, fetch });
    expect(asked).toEqual([simulator.portal.tokenUrl]);
  });

  test('that came after a genuine one does not keep that from being proved by the clock', async () => {
    await install();
    await forge();
    await parts.tasks.wantChore(memberId, 'prove', time.now);
    for (let tick = 0; tick < 5; tick += 1) {
      const chore = await database.tables.tasks.get({ taskId: choreId(memberId, 'prove'), sk: 'chore' });
      if (!chore) break;
      time.now += 3_600_000;
      await proveInstallation(parts, memberId, time.now + 300_000);
    }
    expect((await stored()).portal?.state).toBe('active');
  });

  test('does not push a genuine one out that waits for the app’s secret, however many come', async () => {
    await install({ withApp: false });
    for (let index = 0; index < 6; index += 1) await forge(`forged ${index}`);
    await parts.credentials.setApp(memberId, own(), time.now);
    const results: string[] = [];
    for (let tick = 0; tick < 8; tick += 1) {
      time.now += 100_000;
      results.push((await prove()).result);
    }
    expect(results).toContain('active');
  });
});

describe('a function that dies in the middle', () => {
  test.each(['before', 'after'] as const)('%s any of its writes: a repeat makes the portal active', async (when) => {
    let deaths = 0;
    for (let write = 1; ; write += 1) {
      await simulator.close();
      await startPortal();
      const digest = await install();
      const dying = dyingAt(database.tables, write, when);
      await prove(partsOf(dying.tables, { time })).catch(() => {});
      // Long enough for every lease to run out.
      time.now += 100_000;
      const repeated = await prove();
      if (!dying.died()) {
        expect(repeated).toEqual({ result: 'nothing-pending' });
        break;
      }
      deaths += 1;
      const rotated = simulator.portal.refreshes[0]?.outcome === 'rotated';
      const lost = rotated && (await stored()).portal?.state !== 'active';
      // Between the rotation and the write that stores the pair there is nothing to go on from: once, and only there.
      expect(lost).toBe(when === 'before' && write === 2);
      if (lost) continue;
      expect((await stored()).portal).toMatchObject({ state: 'active', mode: 'observe', tokenDigests: [digest] });
      expect(await bound()).toHaveLength(3);
      expect((await parts.credentials.pending(memberId))?.installations).toEqual([]);
    }
    expect(deaths).toBeGreaterThan(5);
  });

  test('between its last two writes: a refresh token that was used is not shown to the server again', async () => {
    await install();
    const dying = watched(database.tables.credentials, {
      after: (_operation, args) => {
        if (JSON.stringify(args).includes('REMOVE #activation')) throw new TableUnavailable('killed here');
      },
    });
    await prove(partsOf({ ...database.tables, credentials: dying }, { time })).catch(() => {});
    time.now += 100_000;
    await prove();
    expect((await stored()).portal?.state).toBe('active');
    expect(simulator.portal.refreshes.map(({ outcome }) => outcome)).toEqual(['rotated']);
  });

  test('before the portal answered: it is tried again, and the pair is not asked for twice', async () => {
    await install();
    simulator.portal.faults.add({ when: { method: 'event.bind' }, give: { type: 'html', status: 502 } });
    expect(await prove()).toMatchObject({ result: 'later' });
    expect((await stored()).portal).toMatchObject({ state: 'pending', tokenDigests: [] });
    expect(await prove()).toMatchObject({ result: 'active' });
    expect(simulator.portal.refreshes).toHaveLength(1);
    expect(await bound()).toHaveLength(3);
  });

  test('and whose tokens are worth nothing afterwards: installing the app again mends it', async () => {
    await install();
    simulator.portal.faults.add({ when: { method: 'app.info' }, give: { type: 'html', status: 502 } });
    expect(await prove()).toMatchObject({ result: 'later' });
    simulator.portal.uninstallApp(app);
    time.now += 100_000;
    await install();
    for (let tick = 0; tick < 5; tick += 1) {
      await prove();
      time.now += 100_000;
    }
    expect((await stored()).portal?.state).toBe('active');
  });
});

test('an installation that arrives while another is being proved does not end that lease', async () => {
  await install();
  const { credentials } = database.tables;
  const racing = partsOf(
    {
      ...database.tables,
      credentials: {
        ...credentials,
        get: async (key) => {
          const row = await credentials.get(key);
          await parts.credentials.leasePending(memberId, { by: 'prover', until: time.now + 90_000 }, time.now);
          return row;
        },
      },
    },
    { time },
  );
  await racing.credentials.addInstallation(memberId, installation('another'));
  expect((await parts.credentials.pending(memberId))?.lease).toMatchObject({ by: 'prover' });
});

test('a portal that was disconnected while it enforced observes when it is installed again', async () => {
  await parts.portals.create(portalOf(memberId, { state: 'disconnected', mode: 'enforce' }));
  await install();
  expect(await prove()).toMatchObject({ result: 'active' });
  expect((await stored()).portal).toMatchObject({ mode: 'observe' });
});

test('whatever happened, no secret was logged or told', async () => {
  await install();
  simulator.portal.faults.add({ when: { method: 'app.info' }, give: { type: 'error', error: 'X', description: 'Y' } });
  const told = [await prove(), await prove()];
  await forge('canary of a forged one');
  time.now += 100_000;
  told.push(await prove());
  const seen = inspect([told, notes.lines], { depth: 20 });
  for (const secret of [...simulator.portal.secrets(), 'canary of a forged one']) expect(seen).not.toContain(secret);
});
