import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { SimulatedPortal } from '../../../simulator/portal.ts';
import { type Simulator, startSimulator } from '../../../simulator/simulator.ts';
import { postForm, postJson, sendRaw } from './portal-client.ts';

let simulator: Simulator;
let portal: SimulatedPortal;
let hook: string;
let contactId: number;

beforeEach(async () => {
  simulator = await startSimulator();
  portal = simulator.portal;
  contactId = portal.addContact({ name: 'Anna' });
  hook = portal.createWebhook();
});
afterEach(() => simulator.close());

describe('a call', () => {
  const forms: readonly [string, () => ReturnType<typeof sendRaw>][] = [
    ['JSON', () => postJson(`${hook}crm.contact.get`, { id: contactId })],
    ['JSON with ID in upper case', () => postJson(`${hook}crm.contact.get`, { ID: String(contactId) })],
    [
      'JSON with a charset',
      () =>
        sendRaw(`${hook}crm.contact.get`, {
          headers: { 'Content-Type': 'application/json; charset=utf-8' },
          body: `{"id":${contactId}}`,
        }),
    ],
    ['a form', () => postForm(`${hook}crm.contact.get`, `id=${contactId}`)],
    ['.json', () => postJson(`${hook}crm.contact.get.json`, { id: contactId })],
    ['a trailing slash', () => postJson(`${hook}crm.contact.get/?bx24_request_id=1`, { id: contactId })],
    ['a doubled slash', () => postJson(`${hook}/crm.contact.get`, { id: contactId })],
    ['another case', () => postJson(`${hook}CRM.Contact.Get`, { id: contactId })],
    ['a GET with a query', () => sendRaw(`${hook}crm.contact.get?ID=${contactId}`, { method: 'GET' })],
    ['a POST with a query', () => postForm(`${hook}crm.contact.get?id=${contactId}`, '')],
  ];

  test.each(forms)('is understood as %s', async (_name, send) => {
    const { status, body } = await send();

    expect(status).toBe(200);
    expect(body['result']).toMatchObject({ ID: String(contactId), NAME: 'Anna' });
    expect(body['time']).toMatchObject({ operating: expect.any(Number), operating_reset_at: expect.any(Number) });
  });

  test('takes the body before the query', async () => {
    const other = portal.addContact({ name: 'Boris' });

    const { body } = await postJson(`${hook}crm.contact.get?id=${other}`, { id: contactId });

    expect(body['result']).toMatchObject({ NAME: 'Anna' });
  });

  test('with JSON that is not declared as such has no parameters', async () => {
    const headers = { 'Content-Type': 'text/plain' };

    const { status, body } = await sendRaw(`${hook}crm.contact.get`, { headers, body: `{"id":${contactId}}` });

    expect(status).toBe(400);
    expect(body).toEqual({ error: '', error_description: 'ID is not defined or invalid.' });
  });
});

describe('an access token', () => {
  const places: readonly [string, (token: string) => ReturnType<typeof sendRaw>][] = [
    ['in the JSON body', (token) => postJson(`${portal.endpoint}/profile`, { auth: token })],
    ['in the form body', (token) => postForm(`${portal.endpoint}profile.json`, `auth=${token}`)],
    ['in the query', (token) => sendRaw(`${portal.endpoint}profile?auth=${token}`, { method: 'GET' })],
    [
      'as a bearer token',
      (token) => sendRaw(`${portal.endpoint}profile`, { headers: { Authorization: `Bearer ${token}` } }),
    ],
  ];

  test.each(places)('is accepted %s', async (_name, send) => {
    const app = portal.createApp();
    const { accessToken } = portal.installApp(app);

    const { status, body } = await send(accessToken);

    expect(status).toBe(200);
    expect(body['result']).toMatchObject({ ID: '1', ADMIN: true });
    expect(JSON.stringify(portal.requests)).not.toContain(accessToken);
  });
});

describe('a refusal', () => {
  const cases: readonly [string, string, number, string][] = [
    ['an unknown method', 'crm.nothing', 404, 'ERROR_METHOD_NOT_FOUND'],
    ['no method', '', 404, 'ERROR_METHOD_NOT_FOUND'],
    ['XML', 'profile.xml', 500, 'INTERNAL_WRONG_TRANSPORT'],
    ['an app-only method by webhook', 'event.get', 403, 'WRONG_AUTH_TYPE'],
    ['app.info by webhook', 'app.info', 403, 'ACCESS_DENIED'],
  ];

  test.each(cases)('meets %s', async (_name, method, status, error) => {
    const answer = await postJson(`${hook}${method}`, {});

    expect([answer.status, answer.body['error']]).toEqual([status, error]);
    expect(answer.body).not.toHaveProperty('time');
  });

  test('meets a wrong webhook code with the status of the chosen source', async () => {
    const newest = await simulator.addPortal({ statusProfile: 'newest' });

    const answers = await Promise.all(
      [portal, newest].map((either) => postJson(`${either.endpoint}1/wrongcode/profile`, {})),
    );

    expect(answers.map(({ status, body }) => [status, body['error']])).toEqual([
      [403, 'INVALID_CREDENTIALS'],
      [401, 'INVALID_CREDENTIALS'],
    ]);
  });

  test('meets a call without any credential', async () => {
    const { status, body } = await postJson(`${portal.endpoint}profile`, {});

    expect([status, body['error'], body['error_description']]).toEqual([
      401,
      'NO_AUTH_FOUND',
      'Wrong authorization data',
    ]);
  });

  test('meets a missing scope', async () => {
    const { status, body } = await postJson(`${portal.createWebhook({ scope: ['user'] })}crm.deal.get`, { id: 1 });

    expect([status, body['error']]).toEqual([403, 'insufficient_scope']);
  });

  test('of REST 3.0 has an error of its own shape', async () => {
    const { status, body } = await postJson(`${portal.endpoint}api/crm.item.get`, {});

    expect([status, body]).toMatchObject([404, { error: { code: 'ERROR_METHOD_NOT_FOUND' } }]);
  });
});
