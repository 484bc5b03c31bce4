import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createDynamoDbClient } from '../../lib/aws/clients.ts';
import { openTable, type Table, TableUnavailable } from '../../lib/aws/table.ts';
import { portalParts } from '../../lib/aws/wiring.ts';
import { enterpriseLimits } from '../../lib/bitrix24/limits.ts';
import { CredentialStore } from '../../lib/portals/credentials.ts';
import { PortalSession, type SessionOptions } from '../../lib/portals/session.ts';
import { Deployment } from './support/deployment.ts';
import { furnish, installApp } from './support/scenario.ts';

const second = 1000;
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

describe('the chain of tokens, in strict rotation', () => {
  let deployment: Deployment;

  beforeEach(async () => {
    deployment = await Deployment.start({ portal: { rotation: 'strict', limits: { burst: 1_000 } } });
    furnish(deployment);
    await installApp(deployment);
    await deployment.portals.change(deployment.portal.memberId, { limits: enterpriseLimits });
  });
  afterEach(async () => {
    await deployment.close();
  });

  /** What a Lambda of its own has: clients and stores that share nothing with another's. */
  function newWorker(change: Partial<SessionOptions> = {}): SessionOptions {
    const parts = portalParts(
      {
        PORTALS_TABLE: deployment.variable('PORTALS_TABLE'),
        CREDENTIALS_TABLE: deployment.variable('CREDENTIALS_TABLE'),
        TASKS_TABLE: deployment.variable('TASKS_TABLE'),
      },
      { log: silent, count: () => {} },
    );
    return { ...parts, ...change };
  }

  async function session(options: SessionOptions, seconds = 300): Promise<PortalSession> {
    const portal = await options.portals.get(deployment.portal.memberId);
    if (!portal) throw new Error('The portal is not connected');
    return new PortalSession(options, portal, Date.now() + seconds * second);
  }

  test('fifty workers that meet an expired token make one refresh, and all fifty succeed', async () => {
    const { portal } = deployment;
    const sessions = await Promise.all(Array.from({ length: 50 }, () => session(newWorker())));
    const before = portal.refreshes.length;
    portal.expireAccessTokens();

    const answers = await Promise.all(sessions.map((one) => one.call('profile', {}, { write: false })));

    expect(answers).toHaveLength(50);
    expect(portal.refreshes.slice(before).map(({ outcome }) => outcome)).toEqual(['rotated']);
    expect((await deployment.portals.get(portal.memberId))?.pause).toBeUndefined();
  });

  test('fifty workers whose stored token says that it has expired make one refresh as well', async () => {
    const { portal } = deployment;
    jest.setSystemTime(Date.now() + 3_590 * second);
    const sessions = await Promise.all(Array.from({ length: 50 }, () => session(newWorker())));
    const before = portal.refreshes.length;

    await Promise.all(sessions.map((one) => one.call('profile', {}, { write: false })));

    expect(portal.refreshes.slice(before).map(({ outcome }) => outcome)).toEqual(['rotated']);
  });

  test('a table that refuses writes for 20 s just after the rotation does not break the chain', async () => {
    const { portal } = deployment;
    let refusesUntil = 0;
    let refused = 0;
    const flaky = flakyWrites(
      openTable(createDynamoDbClient(), deployment.variable('CREDENTIALS_TABLE')),
      () => Date.now() < refusesUntil && (refused += 1) > 0,
    );
    const sleep = (ms: number): Promise<void> => {
      jest.setSystemTime(Date.now() + ms);
      return Promise.resolve();
    };
    portal.faults.add({
      when: { method: 'oauth/token' },
      give: {
        type: 'hook',
        work: 'after',
        run: () => {
          refusesUntil = Date.now() + 20 * second;
        },
      },
    });
    const worker = await session(newWorker({ credentials: new CredentialStore(flaky), sleep }));
    const before = portal.refreshes.length;
    portal.expireAccessTokens();

    await worker.call('profile', {}, { write: false });
    portal.expireAccessTokens();
    await (await session(newWorker())).call('profile', {}, { write: false });

    expect(refused).toBeGreaterThan(3);
    expect(portal.refreshes.slice(before).map(({ outcome }) => outcome)).toEqual(['rotated', 'rotated']);
    expect((await deployment.portals.get(portal.memberId))?.pause).toBeUndefined();
  });

  test('a worker killed while it refreshes holds the others up for the lease and no longer', async () => {
    const { portal } = deployment;
    const never = { credentials: new CredentialStore(flakyWrites(deployment.tables.credentials, () => false)) };
    const { generation } = (await deployment.credentials.get(portal.memberId)) as { generation: number };
    await never.credentials.lease(
      portal.memberId,
      generation,
      { by: 'killed', until: Date.now() + 90 * second },
      Date.now(),
    );
    portal.expireAccessTokens();
    const sleep = (ms: number): Promise<void> => {
      jest.setSystemTime(Date.now() + ms);
      return Promise.resolve();
    };
    const started = Date.now();

    await (await session(newWorker({ sleep }))).call('profile', {}, { write: false });

    expect(Date.now() - started).toBeGreaterThanOrEqual(90 * second);
    expect(Date.now() - started).toBeLessThan(100 * second);
  });
});

/** A table that refuses to write while it is told to. */
function flakyWrites(table: Table, refuses: () => boolean): Table {
  const guard = <A extends unknown[], R>(write: (...args: A) => Promise<R>) => {
    return (...args: A): Promise<R> =>
      refuses() ? Promise.reject(new TableUnavailable('The table refuses to write')) : write(...args);
  };
  return { ...table, put: guard(table.put), update: guard(table.update), delete: guard(table.delete) };
}
