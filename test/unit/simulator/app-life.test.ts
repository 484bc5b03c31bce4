import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { IssuedTokens, SimulatedApp } from '../../../simulator/portal-apps.ts';
import { type Simulator, startSimulator } from '../../../simulator/simulator.ts';
import { type EventInbox, openInbox } from './event-inbox.ts';
import { postForm, postJson, resultOf } from './portal-client.ts';

let simulator: Simulator;
let inbox: EventInbox;
let app: SimulatedApp;
let tokens: IssuedTokens;

beforeEach(async () => {
  simulator = await startSimulator();
  inbox = await openInbox();
  app = simulator.portal.createApp();
  tokens = simulator.portal.installApp(app);
  for (const event of ['ONAPPUPDATE', 'ONAPPPAYMENT', 'ONCRMDEALADD']) {
    await resultOf(call('event.bind', { event, handler: inbox.url }));
  }
});
afterEach(async () => {
  await simulator.close();
  await inbox.close();
});

const call = (method: string, params = {}) =>
  postJson(`${simulator.portal.endpoint}${method}`, { ...params, auth: tokens.accessToken });
const lastBody = async () => {
  await simulator.settle();
  return inbox.received.at(-1)?.body;
};

describe('an update of an app', () => {
  test('is told with the new application token and a pair of tokens, and drops the bindings', async () => {
    const applicationToken = simulator.portal.updateApp(app);

    expect(applicationToken).not.toBe(tokens.applicationToken);
    expect(await lastBody()).toMatchObject({
      event: 'ONAPPUPDATE',
      data: { VERSION: '2', PREVIOUS_VERSION: '1', LANGUAGE_ID: 'en' },
      auth: { application_token: applicationToken, refresh_token: expect.stringMatching(/^[0-9a-f]{70}$/) },
    });
    expect(await resultOf(call('event.get'))).toEqual([]);
  });

  test('may keep the application token and bring no tokens', async () => {
    expect(simulator.portal.updateApp(app, { newToken: false, withTokens: false })).toBe(tokens.applicationToken);
    const body = await lastBody();
    expect(body).toMatchObject({ auth: { application_token: tokens.applicationToken } });
    expect(JSON.stringify(body)).not.toMatch(/refresh_token|access_token/);
  });
});

describe('an app that is not paid', () => {
  test('is told so without any token, and may ask about itself and nothing else', async () => {
    simulator.portal.setAppPayment(app, false);

    const body = await lastBody();
    expect(body).toMatchObject({ event: 'ONAPPPAYMENT', data: { PAYMENT_EXPIRED: 'Y' } });
    expect(JSON.stringify(body)).not.toContain('token');
    expect(await resultOf(call('app.info'))).toMatchObject({ PAYMENT_EXPIRED: 'Y' });
    expect((await call('profile')).body).toMatchObject({ error: 'PAYMENT_REQUIRED' });
    const refresh = new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: app.clientId,
      client_secret: app.clientSecret,
      refresh_token: tokens.refreshToken,
    });
    expect((await postForm(simulator.portal.tokenUrl, refresh.toString())).body).toMatchObject({
      error: 'PAYMENT_REQUIRED',
    });
  });

  test('hears of no other event until it is paid again', async () => {
    simulator.portal.setAppPayment(app, false);
    simulator.portal.addDeal();
    simulator.portal.setAppPayment(app, true);
    simulator.portal.addDeal();
    await simulator.settle();

    expect(inbox.received.map(({ raw }) => /^event=(\w+)/.exec(raw)?.[1] ?? '').toSorted()).toEqual([
      'ONAPPPAYMENT',
      'ONAPPPAYMENT',
      'ONCRMDEALADD',
    ]);
    expect((await call('profile')).status).toBe(200);
  });
});
