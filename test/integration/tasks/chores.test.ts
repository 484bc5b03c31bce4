import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { TableUnavailable } from '../../../lib/aws/table.ts';
import { tokenDigest } from '../../../lib/bitrix24/token-digest.ts';
import { installationLifetime } from '../../../lib/portals/credentials.ts';
import { proveInstallation } from '../../../lib/tasks/chores.ts';
import { type Chore } from '../../../lib/tasks/due-item.ts';
import { choreId } from '../../../lib/tasks/due-ids.ts';
import type { SimulatedApp } from '../../../simulator/portal-apps.ts';
import { type Simulator, startSimulator } from '../../../simulator/simulator.ts';
import { Database, failureOf, type Parts, partsOf, TestTime, watched } from '../portals/parts.ts';
import { hour, minute } from './bench.ts';

let database: Database;
let simulator: Simulator;
let time: TestTime;
let parts: Parts;
let app: SimulatedApp;
let memberId: string;
let seed = 12_000;

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
  await parts.credentials.setApp(memberId, { clientId: app.clientId, clientSecret: app.clientSecret }, time.now);
});
afterEach(async () => {
  await simulator.close();
});

const keep = (refreshToken: string) =>
  parts.credentials.addInstallation(memberId, {
    id: tokenDigest(refreshToken),
    refreshToken,
    tokenUrl: simulator.portal.tokenUrl,
    tokenDigest: tokenDigest(`application token with ${refreshToken}`),
    domain: simulator.portal.domain,
    eventsUrl: 'http://127.0.0.1:4310/bitrix24/events',
    receivedAt: time.now,
  });
const install = () => keep(simulator.portal.installApp(app).refreshToken);
const want = () => parts.tasks.wantChore(memberId, 'prove', time.now + minute);
const prove = (from = parts) => proveInstallation(from, memberId, time.now + 300_000);
const chore = (name: Chore['chore']) => database.tables.tasks.get({ taskId: choreId(memberId, name), sk: 'chore' });

describe('a proof', () => {
  test('ends its chore and asks for the rounds of reconciliation', async () => {
    await want();
    await install();
    expect(await prove()).toMatchObject({ result: 'active' });
    expect(await chore('prove')).toBeUndefined();
    expect(await chore('reconcile')).toMatchObject({ nextAt: time.now + 15 * minute });
  });

  test('whose function dies before it asks for them: the next one does', async () => {
    await want();
    await install();
    const tasks = watched(database.tables.tasks, {
      before: (operation, [row]) => {
        if (operation === 'put' && (row as Chore).chore === 'reconcile') throw new TableUnavailable('killed here');
      },
    });
    await failureOf(prove(partsOf({ ...database.tables, tasks }, { time })));
    expect((await parts.portals.get(memberId))?.state).toBe('active');
    expect(await chore('reconcile')).toBeUndefined();
    expect(await prove()).toEqual({ result: 'nothing-pending' });
    expect(await chore('reconcile')).toBeDefined();
  });

  test('makes what waited for the portal due', async () => {
    const record = { entityTypeId: 2, id: 7 };
    await parts.tasks.wantRead(memberId, { record, receivedAt: 1, source: 'app', nextAt: time.now + hour });
    await install();
    await prove();
    const { items } = await database.tables.tasks.query({
      index: 'byPortal',
      where: '#memberId = :memberId',
      values: { memberId },
    });
    const unread = items.find(({ sk }) => sk === 'unread');
    expect(await database.tables.tasks.get({ taskId: String(unread?.['taskId']), sk: 'unread' })).toMatchObject({
      nextAt: time.now,
    });
  });

  test('of nothing keeps the chore of an installation that comes meanwhile', async () => {
    await want();
    let came = false;
    const tasks = watched(database.tables.tasks, {
      before: async (operation) => {
        if (operation !== 'delete' || came) return;
        came = true;
        time.now += 5;
        await want();
        await install();
      },
    });
    expect(await prove(partsOf({ ...database.tables, tasks }, { time }))).toEqual({ result: 'nothing-pending' });
    expect(came).toBe(true);
    expect(await chore('prove')).toMatchObject({ nextAt: time.now + minute });
    expect(await prove()).toMatchObject({ result: 'active' });
  });

  test('of a false installation leaves nothing that the clock looks at for ever', async () => {
    await install();
    await prove();
    time.now += 2 * minute;
    await want();
    await keep('forged');
    expect(await prove()).toMatchObject({ result: 'refused' });
    expect(await chore('prove')).toBeUndefined();
    expect((await parts.credentials.pending(memberId))?.installations).toEqual([]);
  });

  test('that waits for the app’s secret is looked at every hour, and not after the installation is forgotten', async () => {
    const stranger = simulator.portal.memberId.replace(/^./, (digit) => (digit === '0' ? '1' : '0'));
    const { refreshToken } = simulator.portal.installApp(app);
    memberId = stranger;
    await want();
    await keep(refreshToken);
    expect(await prove()).toEqual({ result: 'app-unknown' });
    expect(await chore('prove')).toMatchObject({ nextAt: time.now + hour });
    time.now += installationLifetime;
    expect(await prove()).toEqual({ result: 'nothing-pending' });
    expect(await chore('prove')).toBeUndefined();
  });
});
