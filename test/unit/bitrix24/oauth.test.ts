import { inspect } from 'node:util';
import { afterEach, describe, expect, test } from '@jest/globals';
import { OutcomeUnknown, PortalError, PortalMoved, UnusableAnswer } from '../../../lib/bitrix24/failures.ts';
import {
  isAcceptableEndpoint,
  refreshTokens,
  refreshTimeoutMs,
  tokenUrlOf,
  UnknownAuthorizationServer,
} from '../../../lib/bitrix24/oauth.ts';
import { type Simulator, startSimulator } from '../../../simulator/simulator.ts';

const strict = { allowLoopback: false };
const local = { allowLoopback: true };

describe('the token endpoint of an authorization server', () => {
  test.each([
    ['https://oauth.bitrix.info/rest/', 'https://oauth.bitrix.info/oauth/token/'],
    ['https://oauth.bitrix24.tech/rest/', 'https://oauth.bitrix24.tech/oauth/token/'],
    ['https://oauth.bitrix24.info/rest/', 'https://oauth.bitrix24.info/oauth/token/'],
    ['https://oauth.bitrix.info', 'https://oauth.bitrix.info/oauth/token/'],
    ['https://OAUTH.Bitrix.INFO/rest/', 'https://oauth.bitrix.info/oauth/token/'],
    ['https://oauth.bitrix.info:443/rest/', 'https://oauth.bitrix.info/oauth/token/'],
    ['https://user:password@oauth.bitrix.info/rest/', 'https://oauth.bitrix.info/oauth/token/'],
    ['https://oauth.bitrix.info/../../evil/?a=b#c', 'https://oauth.bitrix.info/oauth/token/'],
  ])('of %s is %s', (serverEndpoint, expected) => {
    expect(tokenUrlOf(serverEndpoint, strict)).toBe(expected);
    expect(tokenUrlOf(serverEndpoint, local)).toBe(expected);
  });

  test.each([
    'http://oauth.bitrix.info/rest/',
    'https://oauth.bitrix.info:8443/rest/',
    'https://oauth.bitrix.info:80/rest/',
    'https://oauth.bitrix.info@evil.test/rest/',
    'https://oauth.bitrix.info%40evil.test/rest/',
    'https://evil.test/oauth.bitrix.info/rest/',
    'https://evil.test?oauth.bitrix.info',
    'https://evil.test#oauth.bitrix.info',
    'https://evil.test\\@oauth.bitrix.info/',
    'https://oauth.bitrix.info.evil.test/rest/',
    'https://oauth.bitrix.info./rest/',
    'https://xoauth.bitrix.info/rest/',
    'https://oauth-bitrix.info/rest/',
    'https://oauth.bitrix.inf0/rest/',
    'https://bitrix.info/rest/',
    'https://οauth.bitrix.info/rest/',
    'https://oauth.bitrix.info\u0000.evil.test/',
    'wss://oauth.bitrix.info/rest/',
    'ftp://oauth.bitrix.info/rest/',
    'javascript:alert(1)//oauth.bitrix.info',
    'oauth.bitrix.info/rest/',
    '//oauth.bitrix.info/rest/',
    '',
  ])('%j is none of Bitrix24’s', (serverEndpoint) => {
    expect(() => tokenUrlOf(serverEndpoint, strict)).toThrow(UnknownAuthorizationServer);
    expect(() => tokenUrlOf(serverEndpoint, local)).toThrow(UnknownAuthorizationServer);
  });

  test.each([
    'http://127.0.0.1:4380/rest/',
    'http://localhost:4380/rest/',
    'http://[::1]:4380/rest/',
    'https://127.0.0.1/rest/',
  ])('on this machine it is %s, and only in a local run', (serverEndpoint) => {
    expect(tokenUrlOf(serverEndpoint, local)).toBe(new URL('/oauth/token/', serverEndpoint).href);
    expect(() => tokenUrlOf(serverEndpoint, strict)).toThrow(UnknownAuthorizationServer);
  });

  test.each([
    'http://127.0.0.2/',
    'http://0.0.0.0/',
    'http://10.0.0.1/',
    'http://localhost.evil.test/',
    'http://127.0.0.1@evil.test/',
  ])('%s is not this machine', (serverEndpoint) => {
    expect(() => tokenUrlOf(serverEndpoint, local)).toThrow(UnknownAuthorizationServer);
  });

  // `origin` of such a URL is the text "null".
  test('on this machine it is nothing but http', () => {
    expect(() => tokenUrlOf('gopher://127.0.0.1/rest/', local)).toThrow(UnknownAuthorizationServer);
  });

  test('a refusal does not quote what came', () => {
    expect(() => tokenUrlOf('https://user:s3cr3t@evil.test/', strict)).toThrow(/^(?!.*(s3cr3t|evil)).*$/);
  });
});

test.each<[string, boolean, boolean]>([
  ['https://demo.bitrix24.com/rest/', true, true],
  ['https://crm.example.test:8443/rest/', true, true],
  ['http://demo.bitrix24.com/rest/', false, false],
  ['http://127.0.0.1:4380/rest/', false, true],
  ['http://127.0.0.1.evil.test/rest/', false, false],
  ['ftp://demo.bitrix24.com/', false, false],
  ['demo.bitrix24.com', false, false],
  ['', false, false],
])('a portal may be called at %j: %s, in a local run %s', (endpoint, onAws, locally) => {
  expect(isAcceptableEndpoint(endpoint, strict)).toBe(onAws);
  expect(isAcceptableEndpoint(endpoint, local)).toBe(locally);
});

const answering =
  (status: number, body: unknown, headers: Record<string, string> = {}): typeof fetch =>
  () =>
    Promise.resolve(new Response(typeof body === 'string' ? body : JSON.stringify(body), { status, headers }));

describe('a refresh', () => {
  const now = 1_785_000_000_000;
  const request = {
    tokenUrl: 'https://oauth.bitrix.info/oauth/token/',
    clientId: 'local.1',
    clientSecret: 'canary+secret&of=the app',
    refreshToken: 'canary-refresh-token-0123456789',
  };
  const good = {
    access_token: 'AT2',
    refresh_token: 'RT2',
    expires_in: 3600,
    member_id: 'a223c6b3710f85df22e9377d6c4f7553',
    client_endpoint: 'https://demo.bitrix24.com/rest/',
    server_endpoint: 'https://oauth.bitrix.info/rest/',
    domain: 'oauth.bitrix.info',
    user_id: 1,
  };
  const refresh = (fetch: typeof globalThis.fetch) => refreshTokens({ fetch, clock: () => now }, request);
  const failure = async (fetch: typeof globalThis.fetch): Promise<unknown> => {
    const error = await refresh(fetch).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    const seen = inspect(error, { depth: 20, showHidden: true });
    for (const secret of [request.clientSecret, request.refreshToken]) expect(seen).not.toContain(secret);
    return error;
  };

  test('is a form in a POST, with every secret in its body', async () => {
    const seen: [unknown, RequestInit | undefined][] = [];
    await refresh((url, init) => {
      seen.push([url, init]);
      return answering(200, good)(url, init);
    });
    expect(seen).toHaveLength(1);
    const [url, init] = seen[0] ?? [];
    expect(url).toBe(request.tokenUrl);
    expect(init).toMatchObject({
      method: 'POST',
      redirect: 'manual',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(Object.fromEntries(new URLSearchParams(init?.body as string))).toEqual({
      grant_type: 'refresh_token',
      client_id: request.clientId,
      client_secret: request.clientSecret,
      refresh_token: request.refreshToken,
    });
    expect(refreshTimeoutMs).toBe(30_000);
  });

  test('gives the new pair, when it ends, and whose it is', async () => {
    expect(await refresh(answering(200, good))).toEqual({
      accessToken: 'AT2',
      refreshToken: 'RT2',
      accessExpiresAt: now + 3_600_000,
      memberId: good.member_id,
      clientEndpoint: good.client_endpoint,
    });
  });

  test.each<[string, object, object]>([
    [
      'an endpoint without its slash',
      { client_endpoint: 'https://demo.bitrix24.com/rest' },
      { clientEndpoint: good.client_endpoint },
    ],
    ['no lifetime', { expires_in: undefined }, { accessExpiresAt: now + 3_600_000 }],
    ['a lifetime as text', { expires_in: '1800' }, { accessExpiresAt: now + 1_800_000 }],
    ['no user', { user_id: undefined }, { accessToken: 'AT2' }],
    ['nonsense as user', { user_id: 'x' }, { accessToken: 'AT2' }],
    ['another member id, for its caller to see', { member_id: 'b'.repeat(32) }, { memberId: 'b'.repeat(32) }],
  ])('is read with %s', async (_name, changed, expected) => {
    expect(await refresh(answering(200, { ...good, ...changed }))).toMatchObject(expected);
  });

  // The old refresh token is dead by then: this is the only copy of the new pair.
  test.each<[string, object]>([
    ['a lifetime of null', { expires_in: null }],
    ['a lifetime that is nonsense', { expires_in: 'an hour' }],
    ['a lifetime of 0', { expires_in: 0 }],
    ['no endpoint', { client_endpoint: undefined }],
  ])('a new pair is not thrown away for %s', async (_name, changed) => {
    expect(await refresh(answering(200, { ...good, ...changed }))).toMatchObject({ refreshToken: 'RT2' });
  });

  // The row that is stored demands an integer.
  test('a lifetime with a fraction still ends at a whole millisecond', async () => {
    const { accessExpiresAt } = await refresh(answering(200, { ...good, expires_in: 3599.12345 }));
    expect(Number.isInteger(accessExpiresAt)).toBe(true);
  });

  test.each<[number, object, string, string]>([
    [400, { error: 'invalid_grant', error_description: 'Invalid refresh token' }, 'invalid-grant', 'reread'],
    [400, { error: 'INVALID_GRANT' }, 'invalid-grant', 'reread'],
    [200, { error: 'wrong_client', error_description: 'Wrong client' }, 'wrong-client', 'operator'],
    [401, { error: 'invalid_client' }, 'invalid-client', 'operator'],
    [400, { error: 'invalid_request' }, 'invalid-request', 'bug'],
    [401, { error: 'NOT_INSTALLED' }, 'not-installed', 'operator'],
    [401, { error: 'PAYMENT_REQUIRED' }, 'payment-required', 'operator'],
    [500, { error: 'internal' }, 'server-down', 'retry-later'],
    [503, { error: '' }, 'server-down', 'retry-later'],
    [200, { error: 'SOMETHING_NEW' }, 'unknown', 'retry-later'],
  ])('an error of status %i is judged by the authorization server’s table: %j', async (status, body, row, reaction) => {
    const error = await failure(answering(status, body));
    expect(error).toBeInstanceOf(PortalError);
    expect(error).toMatchObject({
      status,
      method: 'oauth.token',
      host: 'oauth.bitrix.info',
      row: { name: row, reaction },
    });
  });

  test('an error beside a pair of tokens is an error', async () => {
    expect(await failure(answering(200, { ...good, error: '' }))).toBeInstanceOf(PortalError);
  });

  test.each<[string, number, unknown]>([
    ['an HTML page', 502, '<html><h1>502 Bad Gateway</h1></html>'],
    ['nothing', 200, ''],
    ['half of the pair', 200, JSON.stringify(good).slice(0, 60)],
    ['no refresh token', 200, { ...good, refresh_token: undefined }],
    ['an empty access token', 200, { ...good, access_token: '' }],
    ['no member id', 200, { ...good, member_id: undefined }],
  ])('%s is no pair, and is tried again later', async (_name, status, body) => {
    const error = await failure(answering(status, body));
    expect(error).toBeInstanceOf(UnusableAnswer);
    expect(error).toMatchObject({ row: { reaction: 'retry-later' } });
  });

  test('a redirect is not followed with the secrets in hand', async () => {
    const error = await failure(answering(302, '', { location: 'https://evil.test/oauth/token/' }));
    expect(error).toBeInstanceOf(PortalMoved);
  });

  test('an answer that quotes the secrets does not carry them on', async () => {
    const quoted = `${request.clientSecret} and ${request.refreshToken}`;
    expect(await failure(answering(400, { error: quoted, error_description: quoted }))).toBeInstanceOf(PortalError);
  });
});

describe('at a simulated authorization server', () => {
  let simulator: Simulator | undefined;
  afterEach(async () => {
    await simulator?.close();
  });

  test('a refresh token is good once, and a lost answer has used it up', async () => {
    simulator = await startSimulator();
    const { portal } = simulator;
    const app = portal.createApp();
    const { refreshToken } = portal.installApp(app);
    const from = (token: string) =>
      refreshTokens(
        { fetch: globalThis.fetch, clock: Date.now },
        { ...app, tokenUrl: portal.tokenUrl, refreshToken: token },
      );
    const pair = await from(refreshToken);
    expect(pair).toMatchObject({ memberId: portal.memberId, clientEndpoint: portal.endpoint });
    await expect(from(refreshToken)).rejects.toMatchObject({ error: 'invalid_grant' });

    portal.faults.add({ when: { method: 'oauth/token' }, give: { type: 'reset', work: 'after' } });
    await expect(from(pair.refreshToken)).rejects.toBeInstanceOf(OutcomeUnknown);
    await expect(from(pair.refreshToken)).rejects.toMatchObject({ error: 'invalid_grant' });
  });
});
