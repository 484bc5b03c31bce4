import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { TableUnavailable } from '../../../lib/aws/table.ts';
import { ordinaryLimits } from '../../../lib/bitrix24/limits.ts';
import { BudgetStore } from '../../../lib/portals/budgets.ts';
import { PortalSession, type SendOptions } from '../../../lib/portals/session.ts';
import { PortalBusy } from '../../../lib/portals/waiting.ts';
import type { Fault } from '../../../simulator/faults/fault.ts';
import { wrongClient } from '../../../simulator/faults/fault-presets.ts';
import { type Simulator, startSimulator } from '../../../simulator/simulator.ts';
import { Database, failureOf, newMemberId, type Parts, partsOf, portalOf, TestTime, watched } from './parts.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const drainMs = second / ordinaryLimits.requestsPerSecond;

let database: Database;
let simulator: Simulator;
let time: TestTime;
let parts: Parts;
let memberId: string;
let seed = 53_000;

beforeAll(async () => {
  database = await Database.start();
});
afterAll(async () => {
  await database.close();
});
beforeEach(async () => {
  time = new TestTime();
  parts = partsOf(database.tables, { time });
  memberId = newMemberId();
  seed += 1;
  simulator = await startSimulator({ seed, clock: time.clock, portal: { memberId } });
  const { portal } = simulator;
  const { host } = new URL(simulator.url);
  const app = portal.createApp();
  const tokens = portal.installApp(app);
  await parts.portals.create(portalOf(memberId, { domain: host }));
  await parts.credentials.put({
    memberId,
    kind: 'oauth',
    generation: 1,
    accessToken: tokens.accessToken,
    refreshToken: tokens.refreshToken,
    accessExpiresAt: tokens.expiresAt,
    clientEndpoint: `http://${host}/rest/`,
    tokenUrl: `http://${host}/oauth/token/`,
    app: { clientId: app.clientId, clientSecret: app.clientSecret },
  });
});
afterEach(async () => {
  await simulator.close();
});

async function open(leftMs = 5 * minute): Promise<PortalSession> {
  const portal = await parts.portals.get(memberId);
  if (!portal) throw new Error('No portal');
  return new PortalSession(parts, portal, time.now + leftMs);
}
const ask = (session: PortalSession, send: Partial<SendOptions> = {}) =>
  session.call('profile', {}, { write: false, ...send });
const sent = () => simulator.portal.calls('profile').length;

/** How many requests the bucket holds. */
async function level(): Promise<number> {
  const row = await database.tables.portals.get({ memberId, sk: 'budget#rate' });
  return Math.max(0, (Number(row?.['emptyAt'] ?? time.now) - time.now) / drainMs);
}

/** What was decided upon does not hold any more, which is seen when the test says so. */
function seenLater(): { see: () => void; stillHolds: () => Promise<boolean> } {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  return { see: () => resolve(false), stillHolds: () => promise };
}
const changed = { stillHolds: () => Promise.resolve(false) };

interface Refusal {
  readonly why: string;
  readonly before?: () => Promise<void>;
  readonly send?: () => Partial<SendOptions>;
  readonly leftMs?: number;
}

const refusals: Refusal[] = [
  { why: 'what it rests on has changed', send: () => changed },
  {
    why: 'nobody can say whether that has changed',
    send: () => ({ stillHolds: () => Promise.reject(new Error('The table does not answer')) }),
  },
  { why: 'what was read is too old', send: () => ({ freshUntil: time.now - 1 }) },
  { why: 'too little time is left', leftMs: second },
  { why: 'there are no credentials', before: () => parts.credentials.remove(memberId) },
  { why: 'the authorization server refuses a new token', before: () => endToken(wrongClient()) },
  {
    why: 'the authorization server does not answer',
    before: () => endToken({ type: 'reset', work: 'before' }),
  },
];

/** The access token has run out, and there will be no other. */
function endToken(give: Fault): Promise<void> {
  time.now += hour;
  simulator.portal.faults.add({ when: { method: 'oauth/token' }, give });
  return Promise.resolve();
}

describe('a request that is refused before it is sent', () => {
  test.each(refusals)('because $why is given back by the release', async ({ before, send, leftMs }) => {
    await before?.();
    const session = await open(leftMs);
    await session.reserve(2);

    expect(await failureOf(ask(session, send?.()))).toBeInstanceOf(Error);

    expect(await level()).toBe(2);
    await session.release();
    expect(await level()).toBe(0);
    expect(sent()).toBe(0);
  });

  test.each(refusals)('because $why is given back at once when none was reserved', async ({ before, send, leftMs }) => {
    await before?.();
    expect(await failureOf(ask(await open(leftMs), send?.()))).toBeInstanceOf(Error);
    expect(await level()).toBe(0);
    expect(sent()).toBe(0);
  });

  test('is there for the next call of the session', async () => {
    const session = await open();
    await session.reserve(1);
    await failureOf(ask(session, changed));
    await ask(session);
    expect(await level()).toBe(1);
    await session.release();
    expect(await level()).toBe(1);
  });

  test('leaves the one at the same time over the same reservation its own', async () => {
    const session = await open();
    const { see, stillHolds } = seenLater();
    await session.reserve(1);
    const refused = failureOf(ask(session, { stillHolds }));
    await ask(session);
    expect(await level()).toBe(2);

    see();
    expect(await refused).toBeInstanceOf(PortalBusy);

    await session.release();
    expect([await level(), sent()]).toEqual([1, 1]);
  });

  test('after the rest was released is given back as well, and once', async () => {
    const session = await open();
    const { see, stillHolds } = seenLater();
    await session.reserve(3);
    const refused = failureOf(ask(session, { stillHolds }));
    await ask(session);
    await session.release();
    expect(await level()).toBe(2);

    see();
    expect(await refused).toBeInstanceOf(PortalBusy);

    expect(await level()).toBe(1);
    await session.release();
    expect(await level()).toBe(1);
  });

  test('is not given back when it would have drained by then', async () => {
    const session = await open();
    const { see, stillHolds } = seenLater();
    const alone = failureOf(ask(session, { stillHolds }));
    time.now += drainMs;
    await parts.budgets.takeRequests(memberId, ordinaryLimits, 5);
    see();
    await alone;
    expect(await level()).toBe(5);
  });

  test('is not given back when what was released before it has let it drain by then', async () => {
    const session = await open();
    const { see, stillHolds } = seenLater();
    await session.reserve(3);
    const refused = failureOf(ask(session, { stillHolds }));
    await session.release();
    expect(await level()).toBe(1);
    time.now += drainMs;
    await parts.budgets.takeRequests(memberId, ordinaryLimits, 5);
    see();
    await refused;
    expect(await level()).toBe(5);
  });

  test('of more than the bucket holds at once is given back as far as it was in it', async () => {
    await parts.portals.change(memberId, { limits: { ...ordinaryLimits, burst: 2 } });
    const session = await open();
    await session.reserve(3);
    expect(await level()).toBe(2);
    await ask(session);
    await ask(session);
    await failureOf(ask(session, changed));
    await session.release();
    expect(await level()).toBe(2);
  });

  test('says why, even when the table does not take it back', async () => {
    let isDown = false;
    const table = watched(database.tables.portals, {
      before: () => {
        if (isDown) throw new TableUnavailable('The table does not answer');
      },
    });
    parts = { ...parts, budgets: new BudgetStore(table, time.clock) };
    const stillHolds = () => {
      isDown = true;
      return Promise.resolve(false);
    };
    expect(await failureOf(ask(await open(), { stillHolds }))).toBeInstanceOf(PortalBusy);
  });
});

describe('a request that was sent', () => {
  test.each<[string, Fault]>([
    ['has no answer', { type: 'reset', work: 'before' }],
    ['has an answer that nobody can read', { type: 'html', status: 502 }],
    ['is refused', { type: 'error', status: 400, error: 'ERROR_CORE', description: 'No' }],
    ['is refused for the rate', { type: 'error', status: 503, error: 'QUERY_LIMIT_EXCEEDED', description: 'Too many' }],
  ])('and %s stays in the bucket: the portal may have counted it', async (_what, give) => {
    simulator.portal.faults.add({ when: { method: 'profile' }, times: 2, give });
    const session = await open();
    await session.reserve(1);
    expect(await failureOf(ask(session))).toBeInstanceOf(Error);
    await session.release();
    expect([await level(), sent()]).toEqual([1, 1]);
  });

  test('and has no answer stays in the bucket when none was reserved', async () => {
    simulator.portal.faults.add({ when: { method: 'profile' }, give: { type: 'reset', work: 'before' } });
    expect(await failureOf(ask(await open()))).toBeInstanceOf(Error);
    expect([await level(), sent()]).toEqual([1, 1]);
  });

  test('with a token that the portal does not take stays in it, also when there is no other token', async () => {
    simulator.portal.expireAccessTokens();
    simulator.portal.faults.add({ when: { method: 'oauth/token' }, give: wrongClient() });
    const session = await open();
    await session.reserve(2);
    expect(await failureOf(ask(session))).toBeInstanceOf(Error);
    await session.release();
    expect([await level(), sent()]).toEqual([1, 1]);
  });

  test('and is repeated with another token is two', async () => {
    simulator.portal.expireAccessTokens();
    const session = await open();
    await session.reserve(3);
    await ask(session);
    await session.release();
    expect([await level(), sent()]).toEqual([2, 2]);
  });
});
