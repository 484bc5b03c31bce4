import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Command } from '../../../lib/bitrix24/batch.ts';
import { limitsInForce, ordinaryLimits } from '../../../lib/bitrix24/limits.ts';
import type { Portal } from '../../../lib/portals/portal.ts';
import { portalKey } from '../../../lib/portals/portal-row.ts';
import { PortalSession } from '../../../lib/portals/session.ts';
import { PortalBusy } from '../../../lib/portals/waiting.ts';
import type { PortalOptions } from '../../../simulator/options.ts';
import { type Simulator, startSimulator } from '../../../simulator/simulator.ts';
import { Database, failureOf, newMemberId, Notes, type Parts, partsOf, portalOf, TestTime } from './parts.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

let database: Database;
let simulator: Simulator;
let time: TestTime;
let notes: Notes;
let parts: Parts;
let memberId: string;
let seed = 47_000;

beforeAll(async () => {
  database = await Database.start();
});
afterAll(async () => {
  await database.close();
});
beforeEach(() => {
  time = new TestTime();
  notes = new Notes();
  parts = partsOf(database.tables, { time, notes });
  memberId = newMemberId();
});
afterEach(async () => {
  await simulator.close();
});

/** Connects a portal with these settings, whatever it really allows. */
async function connect(really: PortalOptions): Promise<void> {
  seed += 1;
  simulator = await startSimulator({ seed, clock: time.clock, portal: { ...really, memberId } });
  const { portal } = simulator;
  const { host } = new URL(simulator.url);
  const app = portal.createApp();
  const tokens = portal.installApp(app);
  await parts.portals.create(portalOf(memberId, { domain: host, limits }));
  await parts.credentials.put({
    memberId,
    kind: 'oauth',
    generation: 1,
    accessToken: tokens.accessToken,
    refreshToken: tokens.refreshToken,
    accessExpiresAt: time.now + 24 * hour,
    clientEndpoint: `http://${host}/rest/`,
    tokenUrl: `http://${host}/oauth/token/`,
    app: { clientId: app.clientId, clientSecret: app.clientSecret },
  });
}

async function stored(): Promise<Portal> {
  const portal = await parts.portals.get(memberId);
  if (!portal) throw new Error('No portal');
  return portal;
}
const inForce = async () => limitsInForce(await stored(), time.now);
const refusals = () => simulator.portal.requests.filter(({ error }) => error === 'QUERY_LIMIT_EXCEEDED').length;

/** What another app asks, without any limits of its own. */
async function askAsAnother(times: number): Promise<void> {
  const { accessToken } = simulator.portal.installApp(simulator.portal.createApp());
  for (let asked = 0; asked < times; asked += 1) {
    await fetch(new URL('/rest/profile', simulator.url), {
      method: 'POST',
      body: new URLSearchParams({ auth: accessToken }),
    });
  }
}

/** Asks as often as the budget lets it, for so many ms. */
async function askFor(ms: number): Promise<void> {
  const end = time.now + ms;
  while (time.now < end) {
    try {
      await new PortalSession(parts, await stored(), end + hour).call('profile', {}, { write: false });
    } catch (error) {
      if (!(error instanceof PortalBusy)) throw error;
      time.now = Math.max(time.now, error.until);
    }
  }
}

/** What tidy24 believes that the portal takes; with a real rate of half of it. */
const limits = { ...ordinaryLimits, requestsPerSecond: 0.2, burst: 5 };
const reallyHalf = { limits: { perSecond: 0.1, burst: 5 } };
const refusal = {
  type: 'error',
  status: 503,
  error: 'QUERY_LIMIT_EXCEEDED',
  description: 'Too many requests',
} as const;

describe('a portal that takes half of the requests that its settings allow', () => {
  test('refuses a few until that is found out, and then one or two in ten minutes', async () => {
    await connect(reallyHalf);
    await askFor(10 * minute);
    const found = refusals();
    expect(found).toBeGreaterThan(0);
    expect(found).toBeLessThanOrEqual(6);
    expect((await inForce()).requestsPerSecond).toBeCloseTo(0.2 * 0.7 ** 2);

    await askFor(40 * minute);

    expect(refusals() - found).toBeLessThanOrEqual(8);
    // Of 240 that the portal takes in that time.
    expect(simulator.portal.requests.length).toBeGreaterThan(250);
  });

  test('gets as many as are set again after quiet time, without a write', async () => {
    await connect(reallyHalf);
    await askFor(5 * minute);
    expect((await inForce()).requestsPerSecond).toBeLessThan(0.1);
    time.now += 20 * minute;
    expect(await inForce()).toEqual(limits);
  });

  test('says so once for each step, in the log and as a metric', async () => {
    await connect(reallyHalf);
    await askFor(5 * minute);
    expect(notes.counts.get('LimitsTightened')).toBe(2);
    const lines = notes.lines.filter(({ message }) => message === 'limits tightened');
    expect(lines.map(({ level, fields }) => [level, fields])).toEqual([
      ['warn', { memberId, limit: 'requests', steps: 1 }],
      ['warn', { memberId, limit: 'requests', steps: 2 }],
    ]);
  });
});

describe('a refusal for the rate', () => {
  const call = async () =>
    new PortalSession(parts, await stored(), time.now + hour).call('profile', {}, { write: false });

  test('of many callers at once is one', async () => {
    await connect({});
    simulator.portal.faults.add({ when: { method: 'profile' }, times: 8, give: refusal });
    const callers = await Promise.allSettled(Array.from({ length: 8 }, call));
    expect(callers.map(({ status }) => status)).toContain('rejected');
    expect(refusals()).toBeGreaterThan(1);
    expect((await stored()).strictness).toMatchObject({ steps: 1, at: time.now });
    expect(notes.counts.get('LimitsTightened')).toBe(1);
  });

  test('holds for the rest of the session that met it', async () => {
    await connect({});
    simulator.portal.faults.add({ when: { method: 'profile' }, give: refusal });
    const session = new PortalSession(parts, await stored(), time.now + hour);
    expect(await failureOf(session.call('profile', {}, { write: false }))).toBeInstanceOf(PortalBusy);
    time.now += minute;
    // Of a burst of 5, 3 are left.
    for (let asked = 0; asked < 3; asked += 1) await session.call('profile', {}, { write: false });
    expect(await failureOf(session.call('profile', {}, { write: false }))).toBeInstanceOf(PortalBusy);
    expect(refusals()).toBe(1);
  });

  test('of one command in a batch counts as well, however many of it were refused', async () => {
    await connect({});
    simulator.portal.faults.add({ when: { method: 'profile', inBatch: 'command' }, times: 3, give: refusal });
    const commands = new Map(
      ['a', 'b', 'c', 'd'].map((key): [string, Command] => [key, { method: 'profile', params: {} }]),
    );
    await new PortalSession(parts, await stored(), time.now + hour).batch(commands, { write: false });
    expect((await stored()).strictness).toEqual({ steps: 1, since: time.now, at: time.now });
  });

  test('that others have caused is over with quiet time', async () => {
    await connect(reallyHalf);
    // Another app has filled the bucket.
    await askAsAnother(5);
    expect(await failureOf(call())).toBeInstanceOf(PortalBusy);
    expect((await inForce()).burst).toBe(3);
    time.now += 10 * minute;
    expect(await inForce()).toEqual(limits);
  });
});

describe('how strict a portal is', () => {
  test('is tightened once by many at once', async () => {
    await connect({});
    const steps = await Promise.all(Array.from({ length: 10 }, () => parts.portals.tightenRequests(memberId)));
    expect(steps.filter((step) => step !== undefined)).toEqual([{ steps: 1, since: time.now, at: time.now }]);
    time.now += 10 * second;
    expect(await parts.portals.tightenRequests(memberId)).toMatchObject({ steps: 2 });
  });

  test('is no tighter at its floor, and as tight for as long as it is refused', async () => {
    await connect({});
    for (let refused = 0; refused < 4; refused += 1) {
      expect(await parts.portals.tightenRequests(memberId)).toMatchObject({ steps: refused + 1 });
      time.now += minute;
    }
    expect(await parts.portals.tightenRequests(memberId)).toBeUndefined();
    expect((await stored()).strictness).toMatchObject({ steps: 4, at: time.now });
  });

  test('is not kept for years because a clock was a year ahead for a moment', async () => {
    await connect({});
    const now = time.now;
    time.now += 365 * 24 * hour;
    await parts.portals.tightenRequests(memberId);
    time.now = now;
    expect(await inForce()).toEqual(limits);
    expect(await parts.portals.tightenRequests(memberId)).toEqual({ steps: 1, since: now, at: now });
  });

  test('that nobody can read is no reason to stop, nor is it for ever', async () => {
    await connect({});
    await database.tables.portals.update(portalKey(memberId), {
      set: 'SET #strictness = :strictness',
      values: { strictness: { steps: 'many' } },
    });
    expect(await inForce()).toEqual(limits);
    expect(await parts.portals.tightenRequests(memberId)).toMatchObject({ steps: 1 });
    expect((await inForce()).burst).toBe(3);
  });

  test('is nothing of a portal that is not there', async () => {
    await connect({});
    expect(await parts.portals.tightenRequests(newMemberId())).toBeUndefined();
  });
});
