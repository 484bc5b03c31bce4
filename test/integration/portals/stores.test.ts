import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Installation, OAuthCredentials } from '../../../lib/portals/credentials.ts';
import { PortalStore } from '../../../lib/portals/store.ts';
import { UnreadableRow } from '../../../lib/portals/unreadable-row.ts';
import type { StoredRules } from '../../../lib/rules/version.ts';
import { Database, failureOf, newMemberId, type Parts, partsOf, portalOf, TestTime, watched } from './parts.ts';
import { nothingProtected } from '../../../lib/rules/protect.ts';

let database: Database;
let time: TestTime;
let parts: Parts;
let memberId: string;

beforeAll(async () => {
  database = await Database.start();
});
afterAll(async () => {
  await database.close();
});
beforeEach(() => {
  time = new TestTime();
  parts = partsOf(database.tables, { time });
  memberId = newMemberId();
});

describe('a portal', () => {
  test('is created once: the first stays', async () => {
    expect(await parts.portals.create(portalOf(memberId, { domain: 'first.test' }))).toBe(true);
    expect(await parts.portals.create(portalOf(memberId, { domain: 'second.test' }))).toBe(false);
    expect(await parts.portals.get(memberId)).toMatchObject({ domain: 'first.test', createdAt: time.now });
  });

  test('that does not exist cannot be changed, paused or resumed into being', async () => {
    expect(await parts.portals.change(memberId, { mode: 'enforce' })).toBeUndefined();
    expect(await parts.portals.pause(memberId, { code: 'x', reason: 'y' })).toBe(false);
    expect(await parts.portals.resume(memberId)).toBe(false);
    expect(await parts.portals.get(memberId)).toBeUndefined();
  });

  test('is paused once: the first reason stays until it is resumed', async () => {
    await parts.portals.create(portalOf(memberId));
    const before = await parts.portals.countPaused();
    const pauses = await Promise.all(
      ['a', 'b', 'c'].map((code) => parts.portals.pause(memberId, { code, reason: 'because' })),
    );
    expect(pauses.filter(Boolean)).toHaveLength(1);
    expect(await parts.portals.countPaused()).toBe(before + 1);
    expect(await parts.portals.pause(memberId, { code: 'd', reason: 'because' })).toBe(false);
    expect(await parts.portals.resume(memberId)).toBe(true);
    expect(await parts.portals.resume(memberId)).toBe(false);
    expect(await parts.portals.countPaused()).toBe(before);
    expect(await parts.portals.pause(memberId, { code: 'd', reason: 'because' })).toBe(true);
  });

  test('keeps what is not changed, and its pause', async () => {
    await parts.portals.create(portalOf(memberId));
    await parts.portals.pause(memberId, { code: 'x', reason: 'y' });
    time.now += 1_000;
    const changed = await parts.portals.change(memberId, { mode: 'observe' });
    expect(changed).toMatchObject({
      mode: 'observe',
      domain: 'demo.bitrix24.test',
      pause: { code: 'x' },
      updatedAt: time.now,
    });
  });

  test('whose row nobody can read is told by its id alone', async () => {
    await database.tables.portals.put({ memberId, sk: 'portal', domain: 'canary-content' });
    const error = await failureOf(parts.portals.get(memberId));
    expect(error).toBeInstanceOf(UnreadableRow);
    expect(String(error)).toContain(memberId);
    expect(String(error)).not.toContain('canary-content');
    await database.tables.portals.delete({ memberId, sk: 'portal' });
  });
});

describe("a portal's rules", () => {
  const rules = (version: number, source = ''): StoredRules => ({
    version,
    pushedAt: 1,
    pushedBy: 'test',
    source,
    rules: [],
    protect: nothingProtected,
  });

  test('are kept version by version, and the newest is in force', async () => {
    await parts.portals.create(portalOf(memberId));
    await parts.portals.pushRules(memberId, rules(1, 'one'));
    await parts.portals.pushRules(memberId, rules(2, 'two'));
    expect((await parts.portals.get(memberId))?.rulesVersion).toBe(2);
    expect((await parts.portals.rules(memberId, 1))?.source).toBe('one');
    expect((await parts.portals.rules(memberId, 2))?.source).toBe('two');
    expect(await parts.portals.rules(memberId, 3)).toBeUndefined();
  });

  test('never overwrite a version that is there: the next number is taken, and told', async () => {
    await parts.portals.create(portalOf(memberId));
    await parts.portals.pushRules(memberId, rules(1, 'one'));
    expect(await parts.portals.pushRules(memberId, rules(1, 'other'))).toMatchObject({ version: 2 });
    expect((await parts.portals.get(memberId))?.rulesVersion).toBe(2);
    expect((await parts.portals.rules(memberId, 1))?.source).toBe('one');
    expect((await parts.portals.rules(memberId, 2))?.version).toBe(2);
  });

  test('pushed twice at once leave the later version in force', async () => {
    await parts.portals.create(portalOf(memberId));
    let isSecond = false;
    const table = watched(database.tables.portals, {
      before: async (operation) => {
        if (operation !== 'update' || isSecond) return;
        isSecond = true;
        expect(await parts.portals.pushRules(memberId, rules(1, 'second'))).toMatchObject({ version: 2 });
      },
    });
    await new PortalStore(table, time.clock).pushRules(memberId, rules(1, 'first'));
    expect((await parts.portals.get(memberId))?.rulesVersion).toBe(2);
  });
});

describe('a round of reconciliation', () => {
  test('moves the watermark forward and never back', async () => {
    await parts.portals.create(portalOf(memberId));
    await parts.portals.endRound(memberId, 2_000);
    await parts.portals.endRound(memberId, 1_000);
    expect((await parts.portals.get(memberId))?.reconciledUntil).toBe(2_000);
  });

  test('of one type moves its own watermark forward and never back', async () => {
    const { watermarks } = parts.portals;
    await watermarks.keepRound(memberId, 2, { startedAt: 2_000, afterId: 50 });
    expect(await watermarks.get(memberId, 2)).toEqual({ round: { startedAt: 2_000, afterId: 50 } });
    await watermarks.endRound(memberId, 2, 2_000);
    await watermarks.endRound(memberId, 2, 1_000);
    expect(await watermarks.get(memberId, 2)).toEqual({ until: 2_000 });
    expect(await watermarks.get(memberId, 1)).toEqual({});
  });

  // Were its `round` to stay, the next ones would go on after id 500, for ever.
  test('that ends after a newer one leaves nothing of itself behind', async () => {
    const { watermarks } = parts.portals;
    await watermarks.endRound(memberId, 2, 2_000);
    await watermarks.keepRound(memberId, 2, { startedAt: 1_000, afterId: 500 });
    await watermarks.endRound(memberId, 2, 1_000);
    expect(await watermarks.get(memberId, 2)).toEqual({ until: 2_000 });
  });
});

describe('credentials', () => {
  const pair = {
    accessToken: 'AT2',
    refreshToken: 'RT2',
    accessExpiresAt: 2,
    clientEndpoint: 'https://demo.test/rest/',
  };
  const credentials = (generation = 1): OAuthCredentials => ({
    memberId,
    kind: 'oauth',
    generation,
    accessToken: 'AT1',
    refreshToken: 'RT1',
    accessExpiresAt: 1,
    clientEndpoint: 'https://demo.test/rest/',
    tokenUrl: 'https://oauth.bitrix.info/oauth/token/',
  });
  const lease = (by: string, generation = 1, until = time.now + 90_000) =>
    parts.credentials.lease(memberId, generation, { by, until }, time.now);

  test('are leased to one of many, until the lease has run out', async () => {
    await parts.credentials.put(credentials());
    const leases = await Promise.all(['a', 'b', 'c', 'd'].map((by) => lease(by)));
    expect(leases.filter(Boolean)).toHaveLength(1);
    time.now += 89_999;
    expect(await lease('e')).toBe(false);
    time.now += 1;
    expect(await lease('e')).toBe(true);
  });

  test('of another generation are not leased, nor are none', async () => {
    expect(await lease('a')).toBe(false);
    await parts.credentials.put(credentials(2));
    expect(await lease('a', 1)).toBe(false);
    expect(await lease('a', 3)).toBe(false);
    expect(await lease('a', 2)).toBe(true);
  });

  test('are given back by their holder alone', async () => {
    await parts.credentials.put(credentials());
    await lease('a');
    await parts.credentials.release(memberId, 'b');
    expect(await lease('c')).toBe(false);
    await parts.credentials.release(memberId, 'a');
    expect(await lease('c')).toBe(true);
  });

  test('are rotated once per generation', async () => {
    await parts.credentials.put(credentials());
    await parts.credentials.noteRefusal(memberId, 1);
    await lease('a');
    const rotations = await Promise.all(
      [1, 1, 1].map((generation) => parts.credentials.rotate(memberId, generation, { ...pair, refreshedAt: 1 })),
    );
    expect(rotations.filter(Boolean)).toHaveLength(1);
    const now = (await parts.credentials.get(memberId)) as OAuthCredentials;
    expect(now).toMatchObject({ ...pair, generation: 2 });
    expect([now.lease, now.refused]).toEqual([undefined, undefined]);
  });

  test('that were refused are only noted for the generation that was', async () => {
    await parts.credentials.put(credentials(2));
    await parts.credentials.noteRefusal(memberId, 1);
    expect(await parts.credentials.get(memberId)).not.toHaveProperty('refused');
  });

  test('nobody can read are told by their id alone', async () => {
    await database.tables.credentials.put({ memberId, kind: 'oauth', accessToken: 'canary-token', generation: 'x' });
    const error = await failureOf(parts.credentials.get(memberId));
    expect(error).toBeInstanceOf(UnreadableRow);
    expect(JSON.stringify([String(error), (error as Error).stack])).not.toContain('canary-token');
  });
});

describe('what is pending', () => {
  const installation = (id: string): Installation => ({
    id,
    refreshToken: `RT-${id}`,
    tokenUrl: 'https://oauth.bitrix.info/oauth/token/',
    tokenDigest: 'd',
    domain: 'demo.test',
    eventsUrl: 'https://x.test/bitrix24/events',
    receivedAt: time.now,
  });
  const idsOf = async () => (await parts.credentials.pending(memberId))?.installations.map(({ id }) => id);

  test('is kept when many arrive at once', async () => {
    await Promise.all(['a', 'b', 'c', 'd'].map((id) => parts.credentials.addInstallation(memberId, installation(id))));
    expect((await idsOf())?.toSorted()).toEqual(['a', 'b', 'c', 'd']);
  });

  test('is kept once however often it arrives', async () => {
    for (const id of ['a', 'b', 'a']) await parts.credentials.addInstallation(memberId, installation(id));
    expect(await idsOf()).toEqual(['b', 'a']);
  });

  test('goes one by one, and the app stays', async () => {
    for (const id of ['a', 'b']) await parts.credentials.addInstallation(memberId, installation(id));
    await parts.credentials.setApp(memberId, { clientId: 'i', clientSecret: 's' }, time.now);
    await parts.credentials.dropInstallation(memberId, 'a', time.now);
    expect(await parts.credentials.pending(memberId)).toMatchObject({
      memberId,
      installations: [{ id: 'b' }],
      app: { clientId: 'i' },
    });
  });

  test('is proved by one at a time', async () => {
    await parts.credentials.addInstallation(memberId, installation('a'));
    const leases = await Promise.all(
      ['a', 'b'].map((by) => parts.credentials.leasePending(memberId, { by, until: time.now + 1 }, time.now)),
    );
    expect(leases.filter(Boolean)).toHaveLength(1);
    time.now += 1;
    expect(await parts.credentials.leasePending(memberId, { by: 'c', until: time.now + 1 }, time.now)).toBe(true);
  });

  test('of nobody cannot be leased into being', async () => {
    expect(await parts.credentials.leasePending(memberId, { by: 'a', until: time.now + 1 }, time.now)).toBe(false);
    await parts.credentials.releasePending(memberId);
    expect(await parts.credentials.pending(memberId)).toBeUndefined();
  });

  test('is not mixed up with the credentials that are in use', async () => {
    await parts.credentials.addInstallation(memberId, installation('a'));
    expect(await parts.credentials.get(memberId)).toBeUndefined();
    await parts.credentials.put({ memberId, kind: 'webhook', url: 'https://demo.test/rest/1/x/' });
    await parts.credentials.setApp(memberId, { clientId: 'i', clientSecret: 's' }, time.now);
    expect(await parts.credentials.get(memberId)).toEqual({
      memberId,
      kind: 'webhook',
      url: 'https://demo.test/rest/1/x/',
    });
  });
});
