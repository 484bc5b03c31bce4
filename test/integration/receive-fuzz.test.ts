import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventMessageSchema } from '../../lib/tasks/messages.ts';
import { Deployment } from './support/deployment.ts';
import { connectWebhooks, furnish } from './support/scenario.ts';

const bodies = 10_000;

describe('receive, whatever is posted', () => {
  let deployment: Deployment;
  let token: string;
  let memberId: string;

  beforeAll(async () => {
    deployment = await Deployment.start();
    furnish(deployment);
    token = await connectWebhooks(deployment);
    memberId = deployment.portal.memberId;
  });
  afterAll(async () => {
    await deployment.close();
  });

  /** Parts that an event is made of, and parts that break parsers. */
  const odd = fc.constantFrom(
    '',
    '[]',
    '[',
    ']]',
    '%',
    '%00',
    '%zz',
    '__proto__',
    'constructor',
    '\u0000',
    '💥',
    '1e9',
    '-1',
  );
  const keys = fc.oneof(
    fc.constantFrom(
      'event',
      'data[FIELDS][ID]',
      'data%5BFIELDS%5D%5BID%5D',
      'data[FIELDS][ENTITY_TYPE_ID]',
      'auth[member_id]',
      'auth[application_token]',
      'auth[domain]',
      'auth[client_endpoint]',
      'document_id[0]',
      'document_id[2]',
      'ts',
      '__proto__[polluted]',
      'auth[__proto__][x]',
      'constructor[prototype][x]',
    ),
    fc.string({ maxLength: 20 }),
    odd,
  );

  function valueFor(): fc.Arbitrary<string> {
    return fc.oneof(
      fc.constantFrom(
        'ONCRMDEALUPDATE',
        'ONCRMDEALMOVETOCATEGORY',
        'ONCRMDYNAMICITEMUPDATE_177',
        'ONAPPINSTALL',
        'DEAL_7',
      ),
      fc.constantFrom('42', '0', '999999999999999999999', '4.2', ' 42', '42abc'),
      fc.constant(memberId),
      fc.constant(token),
      fc.constant('127.0.0.1'),
      fc.string({ maxLength: 40 }),
      fc.string({ unit: 'binary', maxLength: 20 }),
      odd,
    );
  }

  function bodyOf(): fc.Arbitrary<string> {
    const pairs = fc.array(fc.tuple(keys, valueFor()), { maxLength: 30 });
    const encoded = pairs.map((list) => new URLSearchParams(list).toString());
    const raw = pairs.map((list) => list.map(([key, value]) => `${key}=${value}`).join('&'));
    const real = fc
      .record({
        id: fc.oneof(fc.constant('42'), valueFor()),
        event: fc.oneof(fc.constant('ONCRMDEALUPDATE'), valueFor()),
        more: fc.oneof(fc.constant(''), raw),
      })
      .map(
        ({ id, event, more }) =>
          `event=${event}&data[FIELDS][ID]=${id}&auth[member_id]=${memberId}&auth[domain]=127.0.0.1` +
          `&auth[application_token]=${token}&${more}`,
      );
    return fc.oneof(encoded, raw, real, fc.string({ maxLength: 500 }), fc.constant('x'.repeat(70_000)));
  }

  test(`${bodies} bodies: never a 5xx, never an exception, never a value on the queue that no schema has seen`, async () => {
    const contentTypes = fc.constantFrom(
      'application/x-www-form-urlencoded',
      'application/x-www-form-urlencoded; charset=utf-8',
      'application/json',
      'text/plain',
      undefined,
    );
    const request = fc.record({
      body: bodyOf(),
      path: fc.constantFrom('/bitrix24/events', '/bitrix24/robot'),
      contentType: fc.oneof(
        { weight: 8, arbitrary: fc.constant('application/x-www-form-urlencoded') },
        { weight: 1, arbitrary: contentTypes },
      ),
      base64: fc.constantFrom('yes', 'no', 'lies'),
    });
    const seen = new Map<number, number>();

    await fc.assert(
      fc.asyncProperty(request, async ({ body, path, contentType, base64 }) => {
        const answer = await deployment.front.call(path, {
          body: base64 === 'yes' ? Buffer.from(body, 'utf8').toString('base64') : body,
          isBase64Encoded: base64 !== 'no',
          contentType,
        });
        const status = answer.statusCode ?? 0;
        seen.set(status, (seen.get(status) ?? 0) + 1);
        expect([200, 400, 413, 415]).toContain(status);
      }),
      { numRuns: bodies },
    );

    expect([...seen.keys()].toSorted((a, b) => a - b)).toEqual([200, 400, 413, 415]);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    let messages = 0;
    for (;;) {
      const batch = await deployment.receive(deployment.queueUrl('events'));
      if (batch.length === 0) break;
      for (const { Body = '' } of batch) expect(eventMessageSchema.parse(JSON.parse(Body)).memberId).toBe(memberId);
      messages += batch.length;
    }
    expect(messages).toBeGreaterThan(10);
  }, 120_000);
});
