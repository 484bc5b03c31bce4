import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { TableUnavailable } from '../../../lib/aws/table.ts';
import type { App, OAuthCredentials } from '../../../lib/portals/credentials.ts';
import { CredentialsRevoked, refreshCredentials } from '../../../lib/portals/refresh.ts';
import { PortalBusy } from '../../../lib/portals/waiting.ts';
import type { SimulatedApp } from '../../../simulator/portal-apps.ts';
import { type Simulator, startSimulator } from '../../../simulator/simulator.ts';
import { Database, failureOf, type Parts, partsOf, TestTime, watched, writes } from './parts.ts';

let database: Database;
let simulator: Simulator;
let app: SimulatedApp;
let time: TestTime;
let parts: Parts;
let seed = 0;

beforeAll(async () => {
  database = await Database.start();
});
afterAll(async () => {
  await database.close();
});
beforeEach(async () => {
  time = new TestTime();
  seed += 1;
  // Rotation is strict: a refresh token that was used once is dead. Each seed is a portal of its own.
  simulator = await startSimulator({ seed, clock: time.clock });
  parts = partsOf(database.tables, { time });
  app = simulator.portal.createApp();
});
afterEach(async () => {
  await simulator.close();
});

/** Credentials of generation 1 whose access token is about to end. */
async function connect(changed: Partial<OAuthCredentials> = {}): Promise<OAuthCredentials> {
  const { portal } = simulator;
  const tokens = portal.installApp(app);
  const credentials: OAuthCredentials = {
    memberId: portal.memberId,
    kind: 'oauth',
    generation: 1,
    accessToken: tokens.accessToken,
    refreshToken: tokens.refreshToken,
    accessExpiresAt: time.now + 30_000,
    clientEndpoint: portal.endpoint,
    tokenUrl: portal.tokenUrl,
    app,
    ...changed,
  };
  await parts.credentials.put(credentials);
  return credentials;
}

const refresh = (
  from: Parts = parts,
  { leftMs = 300_000, stale = 1, proving }: { leftMs?: number; stale?: number; proving?: App } = {},
) =>
  refreshCredentials(from, {
    memberId: simulator.portal.memberId,
    stale,
    deadline: from.clock() + leftMs,
    ...(proving && { app: proving }),
  });
const stored = () => parts.credentials.get(simulator.portal.memberId) as Promise<OAuthCredentials>;
const outcomes = () => simulator.portal.refreshes.map(({ outcome }) => outcome);
/** Whether the portal takes the access token. */
const works = async ({ clientEndpoint, accessToken }: OAuthCredentials) =>
  parts.rest.call(
    { endpoint: clientEndpoint, token: accessToken },
    'profile',
    {},
    { write: false, deadline: time.now + 300_000 },
  );
const withCredentialTable = (hooks: Parameters<typeof watched>[1], of: { time?: TestTime } = { time }) =>
  partsOf({ ...database.tables, credentials: watched(database.tables.credentials, hooks) }, of);

describe('one refresh', () => {
  test('stores the pair before it is used, a generation on, and gives the lease back', async () => {
    await connect();
    const fresh = await refresh();
    expect(fresh).toMatchObject({ generation: 2, accessExpiresAt: time.now + 3_600_000 });
    const now = await stored();
    expect(now).toMatchObject({ generation: 2, accessToken: fresh.accessToken, refreshToken: fresh.refreshToken });
    expect(now.lease).toBeUndefined();
    await works(now);
  });

  test('goes on from generation to generation', async () => {
    await connect();
    for (let stale = 1; stale <= 3; stale += 1) await refresh(parts, { stale });
    expect(outcomes()).toEqual(['rotated', 'rotated', 'rotated']);
    expect((await stored()).generation).toBe(4);
  });

  test('is not made when somebody else has rotated meanwhile', async () => {
    await connect({ generation: 5 });
    expect(await refresh(parts, { stale: 4 })).toMatchObject({ generation: 5 });
    expect(outcomes()).toEqual([]);
  });

  test('takes the deployment’s own app where the portal has none', async () => {
    await connect({ app: undefined });
    expect(await refresh({ ...parts, defaultApp: () => Promise.resolve(app) })).toMatchObject({ generation: 2 });
  });

  test('cannot be made without an app: that is for a person', async () => {
    await connect({ app: undefined });
    const error = await failureOf(refresh());
    expect(error).toBeInstanceOf(CredentialsRevoked);
    expect((error as CredentialsRevoked).mend).toMatch(/portals credentials/);
    expect(outcomes()).toEqual([]);
  });

  test('cannot be made for a webhook or for nobody', async () => {
    expect(await failureOf(refresh())).toBeInstanceOf(CredentialsRevoked);
    await parts.credentials.put({
      memberId: simulator.portal.memberId,
      kind: 'webhook',
      url: simulator.portal.createWebhook(),
    });
    expect(await failureOf(refresh())).toBeInstanceOf(CredentialsRevoked);
  });
});

describe('many at once', () => {
  test('fifty callers with one expired token make one refresh and fifty successes', async () => {
    await connect();
    const real = partsOf(database.tables);
    const all = await Promise.all(Array.from({ length: 50 }, () => refresh(real)));
    expect(outcomes()).toEqual(['rotated']);
    expect(new Set(all.map(({ accessToken }) => accessToken)).size).toBe(1);
    expect(all.every(({ generation }) => generation === 2)).toBe(true);
    await works(await stored());
  });

  test('whoever waits takes what the other has stored, and asks nobody', async () => {
    const credentials = await connect();
    await parts.credentials.lease(credentials.memberId, 1, { by: 'other', until: time.now + 90_000 }, time.now);
    let polls = 0;
    const waiting = withCredentialTable({
      after: async (operation) => {
        if (operation === 'get') polls += 1;
        if (polls !== 3) return;
        polls += 1;
        await parts.credentials.rotate(credentials.memberId, 1, {
          ...credentials,
          accessToken: 'of the other',
          refreshedAt: time.now,
        });
      },
    });
    expect(await refresh(waiting)).toMatchObject({ generation: 2, accessToken: 'of the other' });
    expect(outcomes()).toEqual([]);
  });

  test('whoever cannot wait is told until when the lease goes', async () => {
    const { memberId } = await connect();
    const until = time.now + 90_000;
    await parts.credentials.lease(memberId, 1, { by: 'other', until }, time.now);
    const error = await failureOf(refresh(parts, { leftMs: 61_000 }));
    expect(error).toMatchObject({ name: 'PortalBusy', until });
    expect(outcomes()).toEqual([]);
  });

  test('a lease whose holder died is taken over when it has run out', async () => {
    const { memberId } = await connect();
    await parts.credentials.lease(memberId, 1, { by: 'dead', until: time.now + 90_000 }, time.now);
    const started = time.now;
    expect(await refresh()).toMatchObject({ generation: 2 });
    expect(time.now - started).toBeGreaterThanOrEqual(90_000);
    expect(outcomes()).toEqual(['rotated']);
  });
});

describe('too little time', () => {
  test.each([
    [59_999, []],
    [60_000, ['rotated']],
  ])('with %i ms left the server is asked %j', async (leftMs, expected) => {
    await connect();
    const error = await failureOf(refresh(parts, { leftMs }));
    expect(outcomes()).toEqual(expected);
    if (expected.length > 0) return;
    expect(error).toBeInstanceOf(PortalBusy);
    expect((await stored()).lease).toBeUndefined();
  });
});

describe('the refresh token is refused', () => {
  test('at first it is waited until the lease has run out, then the credentials are worth nothing', async () => {
    await connect();
    simulator.portal.revokeTokens(app);
    const until = time.now + 90_000;
    expect(await failureOf(refresh())).toMatchObject({ name: 'PortalBusy', until });
    expect(await stored()).toMatchObject({ generation: 1, refused: 1, lease: { until } });

    time.now = until - 1;
    expect(await failureOf(refresh(parts, { leftMs: 2_000 }))).toMatchObject({ name: 'PortalBusy' });
    time.now = until;
    expect(await failureOf(refresh())).toBeInstanceOf(CredentialsRevoked);
    expect(outcomes()).toEqual(['invalid_grant']);
  });

  test('and whoever had rotated before and stored late saves the chain [auth/invalid-grant/other-won]', async () => {
    const credentials = await connect();
    const pair = simulator.portal.issueTokens(app);
    simulator.portal.faults.add({
      when: { method: 'oauth/token' },
      give: { type: 'error', status: 400, error: 'invalid_grant' },
    });
    await failureOf(refresh());
    await parts.credentials.rotate(credentials.memberId, 1, {
      ...credentials,
      ...pair,
      refreshedAt: time.now,
      accessExpiresAt: pair.expiresAt,
    });
    time.now += 90_000;
    expect(await refresh()).toMatchObject({ generation: 2, refreshToken: pair.refreshToken });
    expect((await stored()).refused).toBeUndefined();
  });

  test('fifty callers find out together, with one question to the server', async () => {
    await connect();
    simulator.portal.revokeTokens(app);
    const patient = { ...parts, sleep: () => delay(20) };
    const all = Promise.all(Array.from({ length: 50 }, () => failureOf(refresh(patient))));
    while ((await stored()).refused === undefined) await delay(20);
    time.now += 90_000;
    const names = (await all).map((error) => (error instanceof Error ? error.name : 'none'));
    expect(names.filter((name) => name === 'PortalBusy')).toHaveLength(1);
    expect(names.filter((name) => name === 'CredentialsRevoked')).toHaveLength(49);
    expect(outcomes()).toEqual(['invalid_grant']);
  });

  test.each([
    ['the secret is wrong', { clientSecret: 'not the secret' }, 'invalid_client'],
    ['the server does not know the app', { clientId: 'local.unknown' }, 'wrong_client'],
  ])('because %s: a person is needed at once, and the lease is free', async (_name, changed, outcome) => {
    await connect({ app: { ...app, ...changed } });
    const error = await failureOf(refresh());
    expect(error).toBeInstanceOf(CredentialsRevoked);
    expect(outcomes()).toEqual([outcome]);
    expect((await stored()).lease).toBeUndefined();
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(app.clientSecret);
    expect(await refresh(parts, { proving: app })).toMatchObject({ generation: 2 });
    expect(await stored()).toMatchObject({ app });
  });

  test('because the secret was changed: the deployment’s own app is taken where it has the new one', async () => {
    await connect({ app: { ...app, clientSecret: 'the secret of before' } });
    const from = { ...parts, defaultApp: () => Promise.resolve(app) };
    expect(await refresh(from)).toMatchObject({ generation: 2 });
    expect(outcomes()).toEqual(['invalid_client', 'rotated']);
    expect(await stored()).toMatchObject({ app });
  });

  test.each([
    ['is as old', async () => ({ ...app, clientSecret: 'the secret of before' })],
    ['cannot be read', () => Promise.reject(new Error('no such parameter'))],
  ])(
    'because the secret was changed, and the deployment’s own app %s: it is refused once',
    async (_name, defaultApp) => {
      await connect({ app: { ...app, clientSecret: 'the secret of before' } });
      const error = await failureOf(refresh({ ...parts, defaultApp }));
      expect(error).toMatchObject({ name: 'CredentialsRevoked', mend: expect.stringMatching(/client id and secret/) });
      expect(outcomes()).toEqual(['invalid_client']);
      expect((await stored()).lease).toBeUndefined();
    },
  );

  test('too late for another app to be tried: the lease may not end before its answer is stored', async () => {
    await connect({ app: { ...app, clientSecret: 'the secret of before' } });
    const slowly: typeof fetch = async (...request) => {
      const response = await fetch(...request);
      time.now += 60_000;
      return response;
    };
    const from = { ...parts, fetch: slowly, defaultApp: () => Promise.resolve(app) };
    expect(await failureOf(refresh(from))).toBeInstanceOf(CredentialsRevoked);
    expect(outcomes()).toEqual(['invalid_client']);
  });

  test('because the answer is for another portal: nothing of it is stored', async () => {
    const other = await simulator.addPortal();
    const foreign = other.createApp({ clientId: app.clientId, clientSecret: app.clientSecret });
    const before = await connect({ tokenUrl: other.tokenUrl, refreshToken: other.installApp(foreign).refreshToken });
    expect(await failureOf(refresh())).toBeInstanceOf(CredentialsRevoked);
    expect(await stored()).toMatchObject({ generation: 1, accessToken: before.accessToken });
  });
});

describe('another app', () => {
  const old = { clientSecret: 'the secret of before' };

  test('is proved by a refresh of its own, whoever has refreshed meanwhile', async () => {
    await connect({ app: { ...app, ...old }, generation: 5 });
    expect(await refresh(parts, { stale: 4, proving: app })).toMatchObject({ generation: 6, app });
    expect(await stored()).toMatchObject({ generation: 6, app });
  });

  test('that is refused changes nothing, and no other is tried in its place', async () => {
    const before = await connect();
    const from = { ...parts, defaultApp: () => Promise.resolve(app) };
    expect(await failureOf(refresh(from, { proving: { ...app, ...old } }))).toBeInstanceOf(CredentialsRevoked);
    expect(await stored()).toEqual(before);
    expect(outcomes()).toEqual(['invalid_client']);
  });

  test('is not taken for stored when its new pair was overtaken', async () => {
    const before = await connect({ app: { ...app, ...old } });
    let updates = 0;
    const overtaken = withCredentialTable({
      before: async (operation) => {
        if (operation === 'update') updates += 1;
        // The first takes the lease.
        if (updates === 2) await parts.credentials.rotate(before.memberId, 1, { ...before, refreshedAt: time.now });
      },
    });
    expect(await failureOf(refresh(overtaken, { proving: app }))).toBeInstanceOf(PortalBusy);
    expect(await stored()).toMatchObject({ generation: 2, app: { ...app, ...old } });
  });
});

describe('the authorization server does not answer as it should', () => {
  test.each([
    ['an HTML page with 502', { type: 'html', status: 502 }],
    ['an error with 500', { type: 'error', status: 500, error: 'internal' }],
    ['an error nobody knows', { type: 'error', status: 400, error: 'SOMETHING_NEW' }],
  ] as const)('%s: the lease is given back and the same token is tried again', async (_name, give) => {
    await connect();
    simulator.portal.faults.add({ when: { method: 'oauth/token' }, give });
    expect(await failureOf(refresh())).toMatchObject({ name: 'PortalBusy', until: time.now + 30_000 });
    expect((await stored()).lease).toBeUndefined();
    time.now += 30_000;
    expect(await refresh()).toMatchObject({ generation: 2 });
  });

  test('for more than a day: a person is asked, and a good answer in between starts the day anew [auth/for-a-day]', async () => {
    const hour = 3_600_000;
    await connect();
    const give = { type: 'error', status: 400, error: 'SOMETHING_NEW' } as const;
    const fault = simulator.portal.faults.add({
      when: { method: 'oauth/token' },
      times: Number.POSITIVE_INFINITY,
      give,
    });
    expect(await failureOf(refresh())).toBeInstanceOf(PortalBusy);
    time.now += 23 * hour;
    expect(await failureOf(refresh())).toBeInstanceOf(PortalBusy);
    fault.remove();
    expect(await refresh()).toMatchObject({ generation: 2 });

    simulator.portal.faults.add({ when: { method: 'oauth/token' }, times: Number.POSITIVE_INFINITY, give });
    expect(await failureOf(refresh(parts, { stale: 2 }))).toBeInstanceOf(PortalBusy);
    time.now += 23 * hour;
    expect(await failureOf(refresh(parts, { stale: 2 }))).toBeInstanceOf(PortalBusy);
    time.now += 2 * hour;
    expect(await failureOf(refresh(parts, { stale: 2 }))).toBeInstanceOf(CredentialsRevoked);
  });

  test('it cannot be reached: the lease is given back', async () => {
    await connect();
    const cause = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    const down = { ...parts, fetch: () => Promise.reject(new TypeError('fetch failed', { cause })) };
    expect(await failureOf(refresh(down))).toBeInstanceOf(PortalBusy);
    expect((await stored()).lease).toBeUndefined();
    expect(await refresh()).toMatchObject({ generation: 2 });
  });

  test('an answer that was lost keeps the lease, and the token is tried again when it has run out [auth/no-answer]', async () => {
    await connect();
    simulator.portal.faults.add({ when: { method: 'oauth/token' }, give: { type: 'reset', work: 'before' } });
    const until = time.now + 90_000;
    expect(await failureOf(refresh())).toMatchObject({ name: 'PortalBusy', until });
    expect((await stored()).lease).toMatchObject({ until });
    expect(await failureOf(refresh(parts, { leftMs: 60_000 }))).toMatchObject({ name: 'PortalBusy', until });
    time.now = until;
    expect(await refresh()).toMatchObject({ generation: 2 });
  });

  test('no error of it names a token or a secret', async () => {
    const credentials = await connect();
    const quoted = `${credentials.refreshToken} ${app.clientSecret}`;
    for (const error of ['invalid_grant', 'invalid_client', quoted]) {
      await connect();
      simulator.portal.faults.add({
        when: { method: 'oauth/token' },
        give: { type: 'error', status: 400, error, description: quoted },
      });
      const seen = inspect(await failureOf(refresh()), { depth: 20, showHidden: true });
      expect(seen).toMatch(/Portal|Credentials/);
      for (const secret of simulator.portal.secrets()) expect(seen).not.toContain(secret);
    }
  });
});

describe('the table refuses writes right after the rotation', () => {
  test.each([1_000, 20_000])('for %i ms: the pair is stored in the end', async (outageMs) => {
    await connect();
    let broken = Number.NaN;
    const flaky = withCredentialTable({
      before: (operation) => {
        if (!writes.includes(operation) || outcomes().length === 0) return;
        if (Number.isNaN(broken)) broken = time.now;
        if (time.now < broken + outageMs) throw new TableUnavailable('no writes now');
      },
    });
    const fresh = await refresh(flaky);
    expect(fresh.generation).toBe(2);
    expect(await stored()).toMatchObject({ generation: 2, refreshToken: fresh.refreshToken });
    await works(await stored());
    expect(outcomes()).toEqual(['rotated']);
  });

  test('a write that was done although it is told to have failed is found to be done', async () => {
    await connect();
    let lied = false;
    const lying = withCredentialTable({
      after: (operation) => {
        if (operation !== 'update' || outcomes().length === 0 || lied) return;
        lied = true;
        throw new TableUnavailable('the answer was lost');
      },
    });
    expect(await refresh(lying)).toMatchObject({ generation: 2 });
    await works(await stored());
  });

  test('until the caller’s time is over: it says so, and does not hang', async () => {
    await connect();
    const broken = withCredentialTable({
      before: (operation) => {
        if (writes.includes(operation) && outcomes().length > 0) throw new TableUnavailable('no writes now');
      },
    });
    const deadline = time.now + 60_000;
    expect(await failureOf(refresh(broken, { leftMs: 60_000 }))).toBeInstanceOf(TableUnavailable);
    expect(time.now).toBeGreaterThan(deadline - 6_000);
    expect(time.now).toBeLessThanOrEqual(deadline);
  });

  // Beyond the end of the lease: the caller has more than three minutes left.
  test('for two minutes, with time left: the only copy of the pair is not given up', async () => {
    await connect();
    let broken = Number.NaN;
    const flaky = withCredentialTable({
      before: (operation) => {
        if (!writes.includes(operation) || outcomes().length === 0) return;
        if (Number.isNaN(broken)) broken = time.now;
        if (time.now < broken + 120_000) throw new TableUnavailable('no writes now');
      },
    });
    expect(await refresh(flaky)).toMatchObject({ generation: 2 });
  });
});
