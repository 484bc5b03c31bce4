import { afterEach, describe, expect, test } from '@jest/globals';
import type { PortalOptions } from '../../../simulator/options.ts';
import type { IssuedTokens, SimulatedApp } from '../../../simulator/portal-apps.ts';
import type { SimulatedPortal } from '../../../simulator/portal.ts';
import { wrongClient } from '../../../simulator/faults/fault-presets.ts';
import { type Simulator, startSimulator } from '../../../simulator/simulator.ts';
import { type Answer, postForm, postJson, sendRaw } from './portal-client.ts';

let simulator: Simulator;
let portal: SimulatedPortal;
let app: SimulatedApp;
let tokens: IssuedTokens;

async function start(options: PortalOptions = {}): Promise<void> {
  simulator = await startSimulator({ portal: options });
  portal = simulator.portal;
  app = portal.createApp({ scope: ['crm', 'bizproc'] });
  tokens = portal.installApp(app);
}

afterEach(() => simulator.close());

function form(refreshToken: string, change: Readonly<Record<string, string>> = {}): string {
  return new URLSearchParams({
    grant_type: 'refresh_token',
    client_id: app.clientId,
    client_secret: app.clientSecret,
    refresh_token: refreshToken,
    ...change,
  }).toString();
}

const refresh = (token: string, change?: Readonly<Record<string, string>>): Promise<Answer> =>
  postForm(portal.tokenUrl, form(token, change));
const profile = (auth: unknown): Promise<Answer> => postJson(`${portal.endpoint}profile`, { auth });

describe('a refresh', () => {
  test('gives a new pair and names portal, user and endpoints', async () => {
    await start();

    const { status, body } = await refresh(tokens.refreshToken);

    expect(status).toBe(200);
    expect(body).toEqual({
      access_token: expect.stringMatching(/^[0-9a-f]{70}$/),
      refresh_token: expect.stringMatching(/^[0-9a-f]{70}$/),
      expires: expect.any(Number),
      expires_in: 3600,
      client_endpoint: portal.endpoint,
      server_endpoint: portal.endpoint,
      domain: portal.domain,
      member_id: portal.memberId,
      scope: 'crm,bizproc',
      status: 'L',
      user_id: 1,
    });
    expect((await profile(body['access_token'])).status).toBe(200);
  });

  test('is accepted as a GET with a query', async () => {
    await start();

    const { status, body } = await sendRaw(`${portal.tokenUrl}?${form(tokens.refreshToken)}`, { method: 'GET' });

    expect([status, body['user_id']]).toEqual([200, 1]);
  });

  test('in strict rotation kills the used refresh token and the access token issued with it', async () => {
    await start();
    await refresh(tokens.refreshToken);

    const again = await refresh(tokens.refreshToken);
    const old = await profile(tokens.accessToken);

    expect([again.status, again.body['error']]).toEqual([400, 'invalid_grant']);
    expect([old.status, old.body['error']]).toEqual([401, 'expired_token']);
    expect(portal.refreshes.map(({ outcome }) => outcome)).toEqual(['rotated', 'invalid_grant']);
  });

  test('leaves independent chains of the same user alone', async () => {
    await start();
    const other = portal.issueTokens(app);
    await refresh(tokens.refreshToken);

    expect((await profile(other.accessToken)).status).toBe(200);
    expect((await refresh(other.refreshToken)).status).toBe(200);
  });

  test('in lenient rotation leaves the old pair alive', async () => {
    await start({ rotation: 'lenient' });
    await refresh(tokens.refreshToken);

    expect((await refresh(tokens.refreshToken)).status).toBe(200);
    expect((await profile(tokens.accessToken)).status).toBe(200);
  });

  test('comes too late after 180 days', async () => {
    await start();
    simulator.clockOffset(180 * 24 * 3600 * 1000);

    expect((await refresh(tokens.refreshToken)).body['error']).toBe('invalid_grant');
  });

  test('whose answer is lost has rotated all the same', async () => {
    await start();
    portal.faults.add({ when: { method: 'oauth/token' }, give: { type: 'reset', work: 'after' } });

    await expect(refresh(tokens.refreshToken)).rejects.toMatchObject({ code: 'ECONNRESET' });

    expect((await refresh(tokens.refreshToken)).body['error']).toBe('invalid_grant');
  });

  const refusals: readonly [string, Readonly<Record<string, string>>, number, string][] = [
    ['an unknown client', { client_id: 'local.0' }, 200, 'wrong_client'],
    ['a wrong secret', { client_secret: 'x' }, 401, 'invalid_client'],
    ['no refresh token', { refresh_token: '' }, 400, 'invalid_request'],
    ['an unknown refresh token', { refresh_token: 'x' }, 400, 'invalid_grant'],
  ];

  test.each(refusals)('is refused for %s', async (_name, change, status, error) => {
    await start();

    const answer = await refresh(tokens.refreshToken, change);

    expect([answer.status, answer.body['error']]).toEqual([status, error]);
  });

  test('is refused when the app has been removed', async () => {
    await start();
    portal.uninstallApp(app);

    const answer = await refresh(tokens.refreshToken);

    expect([answer.status, answer.body['error']]).toEqual([401, 'NOT_INSTALLED']);
  });

  test('can be met by a fault, which is on record', async () => {
    await start();
    portal.faults.add({ when: { method: 'oauth/token' }, give: wrongClient() });
    portal.faults.add({ when: { method: 'oauth/token' }, give: { type: 'html', status: 502 } });

    const answers = [await refresh(tokens.refreshToken), await refresh(tokens.refreshToken)];

    expect(answers.map(({ status }) => status)).toEqual([200, 502]);
    expect(portal.refreshes.map(({ outcome }) => outcome)).toEqual(['wrong_client', 'html']);
    expect((await refresh(tokens.refreshToken)).status).toBe(200);
  });
});

describe('an access token', () => {
  test('expires after an hour on the portal’s clock', async () => {
    await start();
    simulator.clockOffset(3_599_000);
    expect((await profile(tokens.accessToken)).status).toBe(200);

    simulator.clockOffset(2000);

    expect((await profile(tokens.accessToken)).body).toEqual({
      error: 'expired_token',
      error_description: 'The access token provided has expired.',
    });
  });

  test('may live on at a portal that remembers it', async () => {
    await start({ remembersTokens: true });
    await profile(tokens.accessToken);
    await refresh(tokens.refreshToken);

    expect((await profile(tokens.accessToken)).status).toBe(200);
  });

  test('of a dismissed user is refused', async () => {
    await start();
    portal.changeUser(1, { active: false });

    expect((await profile(tokens.accessToken)).body['error']).toBe('authorization_error');
  });
});

describe('the log', () => {
  test('holds no token, secret or code', async () => {
    await start();
    const hook = portal.createWebhook();
    await refresh(tokens.refreshToken);
    await refresh('unknown-refresh-token');
    await sendRaw(`${portal.tokenUrl}?${form(tokens.refreshToken)}`, { method: 'GET' });
    await postJson(`${hook}profile`, { auth: tokens.accessToken });
    const answer = await sendRaw(`http://${portal.domain}/simulator/requests`, { method: 'GET' });

    expect(portal.secrets().length).toBeGreaterThan(5);
    for (const secret of [...portal.secrets(), 'unknown-refresh-token']) expect(answer.text).not.toContain(secret);
  });
});
