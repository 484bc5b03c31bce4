import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { SimulatedPortal } from '../../../simulator/portal.ts';
import { type Simulator, startSimulator } from '../../../simulator/simulator.ts';
import { postForm, postJson, resultOf } from './portal-client.ts';

interface BatchResult {
  readonly result: unknown;
  readonly result_error: unknown;
  readonly result_total: unknown;
  readonly result_next: unknown;
  readonly result_time: unknown;
}

let simulator: Simulator;
let portal: SimulatedPortal;
let hook: string;

beforeEach(async () => {
  simulator = await startSimulator();
  portal = simulator.portal;
  hook = portal.createWebhook();
  const contacts = [portal.addContact(), portal.addContact()];
  portal.addDeal({ contactIds: contacts });
});
afterEach(() => simulator.close());

const batch = async (body: unknown): Promise<BatchResult> =>
  (await resultOf(postJson(`${hook}batch`, body))) as BatchResult;

describe('a batch', () => {
  test('answers each key in one map, and a failed key has no time', async () => {
    const answer = await batch({
      halt: 0,
      cmd: { good: 'crm.deal.contact.items.delete?id=1', bad: 'crm.deal.contact.items.delete?id=99' },
    });

    expect(answer).toMatchObject({
      result: { good: true },
      result_error: { bad: { error: '', error_description: 'Not found' } },
      result_total: [],
      result_next: [],
    });
    expect(Object.keys(answer.result_time as object)).toEqual(['good']);
    expect(portal.contactsOf(1)).toEqual([]);
  });

  test('writes empty maps as lists', async () => {
    const answer = await batch({ cmd: { bad: 'crm.deal.get?id=99' } });

    expect(answer).toMatchObject({ result: [], result_time: [], result_error: { bad: { error: '' } } });
  });

  test('writes keys 0..n as lists, and keys with a gap as a map', async () => {
    const cmd = ['crm.deal.get?id=1', 'crm.deal.get?id=99', 'crm.deal.get?id=1'];

    const whole = await batch({ cmd: [cmd[0], cmd[2]] });
    const gap = await batch({ cmd });

    expect(whole).toMatchObject({ result: [{ ID: '1' }, { ID: '1' }], result_error: [] });
    expect(gap).toMatchObject({ result: { 0: { ID: '1' }, 2: { ID: '1' } }, result_error: { 1: { error: '' } } });
  });

  test('stops at the first error when told to, and later keys appear nowhere', async () => {
    for (const halt of [1, true, '1', 'true']) {
      const answer = await batch({ halt, cmd: { a: 'crm.deal.get?id=99', b: 'crm.deal.get?id=1' } });
      expect(answer).toMatchObject({ result: [], result_error: { a: { error: '' } } });
    }
    for (const halt of [0, false, '0', 'false', null]) {
      const answer = await batch({ halt, cmd: { a: 'crm.deal.get?id=99', b: 'crm.deal.get?id=1' } });
      expect(answer).toMatchObject({ result: { b: { ID: '1' } } });
    }
  });

  test('refuses each command after the fiftieth', async () => {
    const cmd = Object.fromEntries(Array.from({ length: 52 }, (_, index) => [`c${index}`, 'profile']));

    const answer = await batch({ cmd });

    expect(Object.keys(answer.result as object)).toHaveLength(50);
    expect(answer.result_error).toEqual({
      c50: { error: 'ERROR_BATCH_LENGTH_EXCEEDED', error_description: 'Max batch length exceeded' },
      c51: { error: 'ERROR_BATCH_LENGTH_EXCEEDED', error_description: 'Max batch length exceeded' },
    });
  });

  test('refuses a batch in a batch', async () => {
    const answer = await batch({ cmd: { a: 'batch?cmd[x]=profile' } });

    expect(answer.result_error).toMatchObject({ a: { error: 'ERROR_BATCH_METHOD_NOT_ALLOWED' } });
  });

  test('leaves the text of a missing scope empty', async () => {
    const poor = portal.createWebhook({ scope: [] });

    const answer = await resultOf(postJson(`${poor}batch`, { cmd: { a: 'crm.deal.get?id=1' } }));

    expect(answer).toMatchObject({ result_error: { a: { error: 'insufficient_scope', error_description: '' } } });
  });

  test('puts earlier results into later commands', async () => {
    const answer = await batch({
      cmd: {
        links: 'crm.deal.contact.items.get?id=1',
        contact: 'crm.item.get?entityTypeId=3&id=$result[links][1][CONTACT_ID]',
        list: 'crm.item.list?entityTypeId=3&filter[@id][]=$result[links][0][CONTACT_ID]&select[]=id',
      },
    });

    expect(answer).toMatchObject({
      result: { contact: { item: { id: 2 } }, list: { items: [{ id: 1 }] } },
      result_total: { list: 1 },
    });
  });

  test('is understood as a form', async () => {
    const body = `halt=0&cmd%5Ba%5D=${encodeURIComponent('crm.item.get?entityTypeId=2&id=1')}&cmd[b]=profile%3F__order%3D1`;

    const answer = await resultOf(postForm(`${hook}batch.json`, body));

    expect(answer).toMatchObject({ result: { a: { item: { id: 1 } }, b: { ID: '1' } } });
  });

  test('counts as one request and is expanded in the log', async () => {
    await batch({ cmd: { a: 'crm.deal.get?id=1&auth=secret', b: 'crm.deal.get?id=99' } });

    expect(portal.requests).toMatchObject([
      {
        method: 'batch',
        commands: [
          { key: 'a', method: 'crm.deal.get', params: { id: '1' } },
          { key: 'b', method: 'crm.deal.get', error: '', description: 'Not found' },
        ],
      },
    ]);
    expect(JSON.stringify(portal.requests)).not.toContain('secret');
    expect(portal.calls('crm.deal.get')).toHaveLength(2);
  });

  test('fails as a whole when the credential does', async () => {
    const answer = await postJson(`${portal.endpoint}batch`, { cmd: { a: 'profile' }, auth: 'nothing' });

    expect([answer.status, answer.body['error']]).toEqual([401, 'invalid_token']);
  });
});
