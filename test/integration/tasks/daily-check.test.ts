import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { choreId } from '../../../lib/tasks/due-ids.ts';
import type { SimulatedApp } from '../../../simulator/portal-apps.ts';
import { Deployment } from '../support/deployment.ts';
import { connectWebhooks, enforce, furnish, installApp, pushRules } from '../support/scenario.ts';

const minute = 60_000;
const day = 24 * 60 * minute;

let deployment: Deployment;
beforeEach(async () => {
  deployment = await Deployment.start();
  furnish(deployment);
});
afterEach(async () => {
  expect(deployment.crashes).toEqual([]);
  await deployment.close();
});

const stored = () => deployment.portals.get(deployment.portal.memberId);
const chore = () =>
  deployment.tables.tasks.get({ taskId: choreId(deployment.portal.memberId, 'check-app'), sk: 'chore' });
/** What the chores of a portal do within a day that passes. */
const passDay = async (days = 1) => {
  await deployment.pass(days * day);
};

describe('the daily look at a portal with an app', () => {
  let app: SimulatedApp;
  beforeEach(async () => {
    app = await installApp(deployment);
  });

  /** As another part of the same app would call. */
  async function call(method: string, params: Record<string, unknown> = {}): Promise<unknown> {
    const { endpoint } = deployment.portal;
    const response = await fetch(`${endpoint}${method}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...params, auth: deployment.portal.issueTokens(app).accessToken }),
    });
    return ((await response.json()) as { result: unknown }).result;
  }
  const bound = async () =>
    ((await call('event.get')) as { event: string; handler: string }[]).map(
      ({ event, handler }) => `${event} ${handler.replace(deployment.front.url, '')}`,
    );

  test('is taken a day after the portal became active, writes down what it found, and comes again', async () => {
    expect(await chore()).toMatchObject({ nextAt: expect.any(Number) });
    await deployment.pass(day - minute);
    expect((await stored())?.health).toBeUndefined();
    for (const hours of [1, 24]) {
      await deployment.pass(hours * 60 * minute);
      expect((await stored())?.health).toEqual({
        checkedAt: Date.now(),
        installed: true,
        administrator: true,
        missingEvents: [],
      });
      expect(await chore()).toMatchObject({ nextAt: Date.now() + day });
    }
  });

  test('is asked for again by a round of reconciliation when its chore is lost', async () => {
    await deployment.tables.tasks.delete({ taskId: choreId(deployment.portal.memberId, 'check-app'), sk: 'chore' });
    await deployment.pass(16 * minute);
    await deployment.tick();
    expect(await chore()).toMatchObject({ nextAt: Date.now() + day });
    expect((await stored())?.health).toMatchObject({ checkedAt: Date.now() });
  });

  test('binds what has been unbound behind our back, and takes events back from an address of before', async () => {
    await pushRules(deployment);
    const whole = (await bound()).toSorted();
    const handler = `${deployment.front.url}/bitrix24/events`;
    await call('event.unbind', { event: 'ONCRMDEALADD', handler });
    await call('event.bind', { event: 'ONCRMDEALADD', handler: 'https://old.example/bitrix24/events' });
    await deployment.portals.change(deployment.portal.memberId, { eventsUrl: 'https://old.example/bitrix24/events' });
    await passDay();
    expect((await bound()).toSorted()).toEqual(whole);
    expect(await stored()).toMatchObject({ eventsUrl: handler });
  });

  test('notes the events that the portal does not let us listen to', async () => {
    await pushRules(deployment);
    await call('event.unbind', { event: 'ONCRMDEALADD', handler: `${deployment.front.url}/bitrix24/events` });
    deployment.portal.faults.add({
      when: { method: 'event.bind' },
      give: { type: 'error', error: 'ERROR_EVENT_NOT_FOUND', description: 'Event not found' },
    });
    await passDay();
    expect((await stored())?.health).toMatchObject({ missingEvents: ['ONCRMDEALADD'] });
  });

  test('notes an installation that is not finished', async () => {
    deployment.portal.installApp(app, { finished: false });
    await deployment.pass(2 * minute);
    await passDay();
    expect((await stored())?.health).toMatchObject({ installed: false });
    expect(deployment.output.join('\n')).toContain('is not finished: none of its events arrives');
  });

  test('pauses a portal whose user has lost the rights to delete, and only notes it where nothing is deleted', async () => {
    deployment.portal.changeUser(1, { admin: false });
    await passDay();
    expect((await stored())?.health).toMatchObject({ administrator: false });
    expect((await stored())?.pause).toBeUndefined();
    await enforce(deployment);
    await passDay();
    expect((await stored())?.pause).toMatchObject({ code: 'not-administrator' });
  });

  describe('of a portal that is paused', () => {
    const refreshes = () => deployment.portal.refreshes.length;
    beforeEach(async () => {
      await deployment.portals.pause(deployment.portal.memberId, { code: 'by-hand', reason: 'A long holiday.' });
    });

    test('asks the portal nothing, and uses the refresh token once it is 60 days old', async () => {
      deployment.portal.clearRequests();
      const before = refreshes();
      await passDay(59);
      expect(refreshes()).toBe(before);
      await passDay(2);
      expect(refreshes()).toBe(before + 1);
      await passDay(58);
      expect(refreshes()).toBe(before + 1);
      expect(deployment.portal.requests.filter(({ method }) => method !== 'oauth/token')).toEqual([]);
    });

    test('keeps it alive over more than 180 days', async () => {
      for (let days = 0; days < 200; days += 50) await passDay(50);
      await deployment.portals.resume(deployment.portal.memberId);
      await deployment.tasks.hastenPortal(deployment.portal.memberId);
      await deployment.tick();
      expect((await stored())?.health).toMatchObject({ checkedAt: Date.now() });
      expect((await stored())?.pause).toBeUndefined();
    });

    test('leaves a refresh token alone that was refused', async () => {
      await deployment.portals.resume(deployment.portal.memberId);
      await deployment.portals.pause(deployment.portal.memberId, { code: 'credentials-revoked', reason: 'Gone.' });
      const before = refreshes();
      await passDay(61);
      expect(refreshes()).toBe(before);
    });
  });

  test('that was asked for while one is under way is taken afterwards', async () => {
    const { memberId } = deployment.portal;
    const startedAt = Date.now();
    await deployment.tasks.appChores.nextCheck(memberId, startedAt + day, startedAt);
    await deployment.tasks.appChores.wantCheck(memberId);
    expect(await chore()).toMatchObject({ nextAt: startedAt });
    await deployment.tasks.appChores.nextCheck(memberId, startedAt + day, startedAt - 1);
    expect(await chore()).toMatchObject({ nextAt: startedAt });
  });
});

describe('the daily look at a portal by webhooks', () => {
  beforeEach(async () => {
    await connectWebhooks(deployment);
    await deployment.tasks.wantChore(deployment.portal.memberId, 'reconcile', Date.now());
    await deployment.tick();
  });

  test('asks who we are and nothing else', async () => {
    deployment.portal.clearRequests();
    await deployment.tick();
    expect((await stored())?.health).toEqual({ checkedAt: Date.now(), administrator: true, missingEvents: [] });
    await passDay();
    expect((await stored())?.health).toMatchObject({ checkedAt: Date.now() });
    const asked = deployment.portal.requests.map(({ method }) => method);
    expect(new Set(asked)).toEqual(new Set(['profile']));
  });

  test('pauses it when the webhook is gone', async () => {
    deployment.portal.revokeWebhooks();
    await passDay();
    expect((await stored())?.pause).toMatchObject({ code: 'invalid-credentials' });
  });
});
