import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Bitrix24Error, OutcomeUnknown, PortalError, UnusableAnswer } from '../../../lib/bitrix24/failures.ts';
import { type Access, RestClient, TooLateToStart } from '../../../lib/bitrix24/rest-client.ts';
import { type Simulator, startSimulator } from '../../../simulator/simulator.ts';

const now = 1_785_000_000_000;
const token = 'canary-access-token-0123456789';
const code = 'canarywebhookcode';
const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

interface Asked {
  method: string | undefined;
  url: string | undefined;
  headers: IncomingHttpHeaders;
  body: unknown;
}

/** A portal that gives one answer to everything. */
async function portalThatSays(status: number, body: string): Promise<{ host: string; asked: Asked[] }> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method, url, headers } = request;
      asked.push({ method, url, headers, body: JSON.parse(Buffer.concat(chunks).toString('utf8')) });
      response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  closers.push(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const client = (timeoutMs = 5_000) => new RestClient({ fetch: globalThis.fetch, clock: () => now, timeoutMs });
const oauthOf = (host: string): Access => ({ endpoint: `http://${host}/rest/`, token });
const webhookOf = (host: string): Access => ({ endpoint: `http://${host}/rest/1/${code}/` });
const plenty = { write: true, deadline: now + 300_000 };
const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('a request', () => {
  test('is a JSON POST with the token in the body and nowhere else', async () => {
    const { host, asked } = await portalThatSays(200, '{"result":true}');
    await client().call(oauthOf(host), 'crm.item.delete', { entityTypeId: 3, id: 5 }, plenty);
    expect(asked).toMatchObject([
      {
        method: 'POST',
        url: '/rest/crm.item.delete',
        headers: { 'content-type': 'application/json', 'user-agent': expect.stringMatching(/^tidy24\/\d/) },
        body: { entityTypeId: 3, id: 5, auth: token },
      },
    ]);
    expect(JSON.stringify([asked[0]?.url, asked[0]?.headers])).not.toContain(token);
  });

  test('of a webhook carries no token, and its code stands in the path', async () => {
    const { host, asked } = await portalThatSays(200, '{"result":true}');
    await client().call(webhookOf(host), 'profile', {}, plenty);
    expect(asked).toMatchObject([{ url: `/rest/1/${code}/profile`, body: {} }]);
  });

  test('cannot smuggle another token in by its parameters', async () => {
    const { host, asked } = await portalThatSays(200, '{"result":true}');
    await client().call(oauthOf(host), 'profile', { auth: 'of somebody else' }, plenty);
    expect(asked[0]?.body).toEqual({ auth: token });
  });
});

describe('an answer', () => {
  test.each<[string, string, object]>([
    [
      'a result',
      '{"result":{"a":1},"total":"7","next":50,"time":{"duration":0.2}}',
      { result: { a: 1 }, total: 7, next: 50 },
    ],
    ['a result of null', '{"result":null}', { result: null }],
    ['a result of false', '{"result":false}', { result: false }],
    ['an empty list, as deletions answer', '{"result":[]}', { result: [] }],
    ['a result without time', '{"result":true}', { result: true }],
    ['a result with a time that is nonsense', '{"result":true,"time":"now"}', { result: true }],
    ['a result with a time that is a list', '{"result":true,"time":[]}', { result: true }],
  ])('with %s is given as it is', async (_name, body, expected) => {
    const { host } = await portalThatSays(200, body);
    expect(await client().call(oauthOf(host), 'profile', {}, plenty)).toMatchObject(expected);
  });

  test.each<[number, string, object]>([
    [
      503,
      '{"error":"QUERY_LIMIT_EXCEEDED","error_description":"Too many requests"}',
      { error: 'QUERY_LIMIT_EXCEEDED', row: { reaction: 'wait-for-limit' } },
    ],
    [400, '{"error":"","error_description":"Not found"}', { error: '', row: { reaction: 'already-gone' } }],
    [400, '{"error":"","error_description":"Access denied."}', { error: '', row: { reaction: 'permanent' } }],
    [
      400,
      '{"error":100,"error_description":"Could not find value for parameter {id}"}',
      { error: '100', row: { reaction: 'bug' } },
    ],
    [400, '{"error":0}', { error: '0' }],
    [400, '{"error":null}', { error: '' }],
    [
      200,
      '{"error":"expired_token","error_description":"The access token provided has expired."}',
      { error: 'expired_token', row: { reaction: 'refresh' } },
    ],
    [200, '{"error":"","result":true}', { error: '' }],
    [401, '{"error":"expired_token"}', { error: 'expired_token', description: '' }],
  ])('with an error is that error, with status %i: %s', async (status, body, expected) => {
    const { host } = await portalThatSays(status, body);
    const error = await failureOf(client().call(oauthOf(host), 'crm.deal.contact.items.delete', { id: 7 }, plenty));
    expect(error).toBeInstanceOf(PortalError);
    expect(error).toMatchObject({ status, host, method: 'crm.deal.contact.items.delete', ...expected });
  });

  test.each(['{}', '{"time":{}}', '{"error_description":"half of an error"}'])(
    'that is JSON with neither result nor error is unusable: %s',
    async (body) => {
      const { host } = await portalThatSays(200, body);
      expect(await failureOf(client().call(oauthOf(host), 'profile', {}, plenty))).toBeInstanceOf(UnusableAnswer);
    },
  );
});

describe('time', () => {
  test.each([
    [true, 74_999],
    [false, 4_999],
    [true, -1],
  ])('with write: %s and %i ms left nothing is sent', async (write, left) => {
    const { host, asked } = await portalThatSays(200, '{"result":true}');
    const error = await failureOf(client().call(webhookOf(host), 'profile', {}, { write, deadline: now + left }));
    expect(error).toBeInstanceOf(TooLateToStart);
    expect(inspect(error)).not.toContain(code);
    expect(asked).toEqual([]);
  });

  test.each([
    [true, 75_000],
    [false, 5_000],
  ])('with write: %s and %i ms left it is sent', async (write, left) => {
    const { host, asked } = await portalThatSays(200, '{"result":true}');
    await client().call(oauthOf(host), 'profile', {}, { write, deadline: now + left });
    expect(asked).toHaveLength(1);
  });

  test('a write is waited for 65 s, a read for no longer than leaves its caller two seconds', async () => {
    const limits: number[] = [];
    const original = AbortSignal.timeout.bind(AbortSignal);
    AbortSignal.timeout = (ms) => {
      limits.push(ms);
      return original(ms);
    };
    try {
      const rest = new RestClient({
        fetch: () => Promise.resolve(new Response('{"result":true}')),
        clock: () => now,
      });
      await rest.call(oauthOf('x'), 'profile', {}, { write: true, deadline: now + 300_000 });
      await rest.call(oauthOf('x'), 'profile', {}, { write: true, deadline: now + 75_000 });
      await rest.call(oauthOf('x'), 'profile', {}, { write: false, deadline: now + 5_000 });
    } finally {
      AbortSignal.timeout = original;
    }
    expect(limits).toEqual([65_000, 65_000, 3_000]);
  });
});

describe('no secret leaves in an error', () => {
  const echoes = [
    [400, `{"error":"${token}","error_description":"${token} and ${code} are wrong"}`],
    [400, `{"error":"WRONG","error_description":"/rest/1/${code}/profile failed, auth=${token}"}`],
    [200, `<html>${token} ${code}</html>`],
    [500, `{"result": "${token}${code}`],
    [302, ''],
  ] as const;

  test.each(echoes)('when the portal answers %i with what it was sent', async (status, body) => {
    const { host } = await portalThatSays(status, body);
    for (const access of [oauthOf(host), webhookOf(host)]) {
      const error = await failureOf(client().call(access, 'profile', {}, plenty));
      expect(error).toBeInstanceOf(Bitrix24Error);
      const secrets = access.token === undefined ? [code] : [token];
      for (const secret of secrets) {
        expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(secret);
        expect(JSON.stringify(error)).not.toContain(secret);
        expect(String((error as Error).stack)).not.toContain(secret);
      }
    }
  });

  test('not even the bare code of a webhook', async () => {
    const { host } = await portalThatSays(400, `{"error":"X","error_description":"Hook ${code} is unknown"}`);
    const error = await failureOf(client().call(webhookOf(host), 'profile', {}, plenty));
    expect(error).toBeInstanceOf(PortalError);
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(code);
  });
});

describe('with a simulated portal', () => {
  let simulator: Simulator;
  const started = async () => {
    simulator = await startSimulator();
    closers.push(() => simulator.close());
    return simulator.portal;
  };

  test('an expired token is told as such, and a webhook works on', async () => {
    const portal = await started();
    const app = portal.createApp();
    const tokens = portal.installApp(app);
    const access = { endpoint: portal.endpoint, token: tokens.accessToken };
    const rest = new RestClient({ fetch: globalThis.fetch, clock: Date.now });
    const options = { write: false, deadline: Date.now() + 300_000 };
    expect(await rest.call(access, 'profile', {}, options)).toMatchObject({ result: { ADMIN: true } });
    portal.expireAccessTokens();
    expect(await failureOf(rest.call(access, 'profile', {}, options))).toMatchObject({ row: { reaction: 'refresh' } });
    const hook = { endpoint: portal.createWebhook() };
    expect(await rest.call(hook, 'profile', {}, options)).toMatchObject({ result: { ADMIN: true } });
    expect(portal.requests.at(-1)?.userAgent).toMatch(/^tidy24\//);
  });

  test.each(['before', 'after'] as const)(
    'a reset %s the work: the outcome is unknown, and nothing is sent twice',
    async (work) => {
      const portal = await started();
      const dealId = portal.addDeal({ contactIds: [portal.addContact()] });
      portal.faults.add({ when: { method: 'crm.deal.contact.items.delete' }, give: { type: 'reset', work } });
      const rest = new RestClient({ fetch: globalThis.fetch, clock: Date.now });
      const options = { write: true, deadline: Date.now() + 300_000 };
      const call = rest.call(
        { endpoint: portal.createWebhook() },
        'crm.deal.contact.items.delete',
        { id: dealId },
        options,
      );
      expect(await failureOf(call)).toBeInstanceOf(OutcomeUnknown);
      expect(portal.contactsOf(dealId)).toHaveLength(work === 'before' ? 1 : 0);
      expect(portal.requests.filter(({ method }) => method === 'crm.deal.contact.items.delete')).toHaveLength(1);
    },
  );
});
