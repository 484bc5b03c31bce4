import { beforeEach, describe, expect, test } from '@jest/globals';
import type { OutgoingMessage, Queue } from '../../../lib/aws/queue.ts';
import { tokenDigest } from '../../../lib/bitrix24/token-digest.ts';
import { SenderCheck } from '../../../lib/portals/senders.ts';
import type { Portal } from '../../../lib/portals/portal.ts';
import { EventIntake } from '../../../lib/tasks/accept-event.ts';
import { type EventMessage, eventMessageSchema } from '../../../lib/tasks/messages.ts';

const memberId = 'a223c6b3710f85df22e9377d6c4f7553';
const domain = 'demo.bitrix24.test';
const token = 'canary-application-token';
const robotKey = 'canary-robot-key';
const form = 'application/x-www-form-urlencoded';

let now: number;
let sent: OutgoingMessage[];
let lines: [string, string, Record<string, unknown>][];
let counts: Record<string, number>;
let table: 'up' | 'down';
let queue: 'up' | 'down';
let intake: EventIntake;

beforeEach(() => {
  now = 1_785_000_000_000;
  [sent, lines, counts] = [[], [], {}];
  [table, queue] = ['up', 'up'];
  const portal = { state: 'active', tokenDigests: [tokenDigest(token)], robotKeyDigests: [tokenDigest(robotKey)] };
  const portals = {
    get: (id: string) => {
      if (table === 'down') return Promise.reject(new Error('down'));
      return Promise.resolve(id === memberId ? (portal as unknown as Portal) : undefined);
    },
  };
  const events: Queue = {
    send: (message) => {
      if (queue === 'down') return Promise.reject(new Error('QueueUnavailable'));
      sent.push(message);
      return Promise.resolve();
    },
    sendAll: () => Promise.reject(new Error('not used here')),
  };
  const note =
    (level: string) =>
    (message: string, fields: Record<string, unknown> = {}) => {
      lines.push([level, message, fields]);
    };
  intake = new EventIntake({
    senders: new SenderCheck(portals, () => now),
    events,
    lifecycle: {
      portals,
      appChores: { wantCheck: () => Promise.resolve(), wantUninstall: () => Promise.resolve() },
    },
    clock: () => now,
    log: { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') },
    count: (metric, value = 1) => {
      counts[metric] = (counts[metric] ?? 0) + value;
    },
  });
});

const update = (changed: Record<string, string> = {}): string =>
  new URLSearchParams({
    event: 'ONCRMDEALUPDATE',
    'data[FIELDS][ID]': '101',
    ts: '1785312000',
    'auth[domain]': domain,
    'auth[member_id]': memberId,
    'auth[application_token]': token,
    ...changed,
  }).toString();
const robot = (changed: Record<string, string> = {}): string =>
  new URLSearchParams({
    'document_id[0]': 'crm',
    'document_id[1]': 'CCrmDocumentDeal',
    'document_id[2]': 'DEAL_101',
    'auth[domain]': domain,
    'auth[member_id]': memberId,
    ...changed,
  }).toString();
const accept = (body: string | undefined, contentType: string | undefined = form, key?: string) =>
  intake.accept({ body, contentType, isBase64Encoded: false }, key);
const messages = (): EventMessage[] => sent.map(({ body }) => eventMessageSchema.parse(body));

describe('an event of a portal that is known', () => {
  test('is on the queue before it is answered with 200', async () => {
    expect(await accept(update())).toEqual({ status: 200, text: 'accepted' });
    expect(sent).toEqual([
      {
        group: memberId,
        body: { v: 1, memberId, entityTypeId: 2, id: 101, source: 'webhook', receivedAt: now },
      },
    ]);
    expect(counts).toEqual({ EventsAccepted: 1 });
  });

  test('is taken in base64 as well, as AWS gives it', async () => {
    const body = Buffer.from(update({ 'auth[scope]': 'crm' })).toString('base64');
    expect(await intake.accept({ body, contentType: form, isBase64Encoded: true })).toMatchObject({ status: 200 });
    expect(messages()).toMatchObject([{ source: 'app', id: 101 }]);
  });

  test.each([
    ['a deletion: what is gone cannot be lost', update({ event: 'ONCRMDEALDELETE' })],
    ['an event that has nothing to do with records', update({ event: 'ONAPPUPDATE' })],
    ['an event nobody has heard of', update({ event: 'ONSOMETHINGNEW' })],
  ])('that is %s is answered with 200 and goes no further', async (_name, body) => {
    expect(await accept(body)).toMatchObject({ status: 200 });
    expect(sent).toEqual([]);
  });

  test('is answered with 503 when the queue does not take it, and nothing pretends otherwise', async () => {
    queue = 'down';
    expect(await accept(update())).toMatchObject({ status: 503 });
    expect(counts).toEqual({});
    expect(lines).toMatchObject([['error', 'event not stored', { memberId, id: 101 }]]);
  });
});

describe('a robot', () => {
  test('is known by the key in its URL', async () => {
    expect(await accept(robot(), form, robotKey)).toMatchObject({ status: 200, text: 'accepted' });
    expect(messages()).toMatchObject([{ source: 'robot', entityTypeId: 2, id: 101 }]);
  });

  test.each([undefined, '', 'another key'])('is nobody with the key %j', async (key) => {
    expect(await accept(robot(), form, key)).toEqual({ status: 200, text: 'not for us' });
    expect(sent).toEqual([]);
  });

  test('that brings a token is judged by its token: a good key does not mend a wrong token', async () => {
    expect(await accept(robot({ 'auth[application_token]': 'wrong' }), form, robotKey)).toMatchObject({
      text: 'not for us',
    });
    expect(await accept(robot({ 'auth[application_token]': token }), form)).toMatchObject({ text: 'accepted' });
  });
});

describe('a request that is refused', () => {
  test.each<[number, string, string | undefined, string | undefined]>([
    [400, 'no body', undefined, form],
    [400, 'an empty body', '', form],
    [400, 'a form that is no event', 'a=b', form],
    [400, 'an event without a portal', 'event=ONCRMDEALUPDATE&data[FIELDS][ID]=1', form],
    [400, 'an event without a token', update({ 'auth[application_token]': '' }), form],
    [400, 'an id that is none', update({ 'data[FIELDS][ID]': '-1' }), form],
    [400, 'an id beyond all numbers', update({ 'data[FIELDS][ID]': '9999999999999999' }), form],
    [400, 'a member id that is none', update({ 'auth[member_id]': '../portal' }), form],
    [400, 'a key that pollutes prototypes', `${update()}&__proto__[x]=1`, form],
    [400, 'bytes that are no UTF-8', `${update()}&x=%ff`, form],
    [
      400,
      'an installation',
      update({
        event: 'ONAPPINSTALL',
        'auth[access_token]': 'a',
        'auth[refresh_token]': 'r',
        'auth[expires_in]': '3600',
        'auth[scope]': 'crm',
        'auth[client_endpoint]': 'https://x.test/rest/',
        'auth[server_endpoint]': 'https://oauth.bitrix.info/rest/',
      }),
      form,
    ],
    [413, 'a body of more than 64 KiB', `${update()}&x=${'y'.repeat(65_536)}`, form],
    [415, 'JSON', '{}', 'application/json'],
    [415, 'no content type', update(), ''],
  ])('gets %i: %s', async (status, _name, body, contentType) => {
    const reply = await accept(body, contentType);
    expect(reply.status).toBe(status);
    expect(sent).toEqual([]);
  });

  test('is told nothing of what it sent', async () => {
    const { text } = await accept(update({ 'data[FIELDS][ID]': 'canary-id' }));
    expect(text).not.toContain('canary');
    expect(JSON.stringify(lines)).not.toContain('canary');
  });
});

describe('an event of somebody else', () => {
  const strangers = [
    ['the token is wrong', update({ 'auth[application_token]': 'canary-wrong' })],
    ['the portal is not connected', update({ 'auth[member_id]': 'b'.repeat(32) })],
  ] as const;

  test.each(strangers)('is answered like one that is of no use, when %s', async (_name, body) => {
    expect(await accept(body)).toEqual({ status: 200, text: 'not for us' });
    expect(sent).toEqual([]);
    expect(counts).toEqual({ EventsDropped: 1 });
    expect(JSON.stringify(lines)).not.toContain('canary');
  });

  test('is logged once in ten seconds, with how many were not', async () => {
    for (let event = 0; event < 100; event += 1) await accept(strangers[0][1]);
    expect(lines).toHaveLength(1);
    now += 9_999;
    await accept('a=b');
    expect(lines).toHaveLength(1);
    now += 1;
    await accept('a=b');
    expect(lines).toHaveLength(2);
    expect(lines[1]?.[2]).toMatchObject({ code: 'NOT_AN_EVENT', alsoDropped: 100 });
    expect(counts).toEqual({ EventsDropped: 102 });
  });
});

describe('when the table does not answer', () => {
  beforeEach(() => {
    table = 'down';
  });

  test('an event is taken with the digest of its token, for plan to check', async () => {
    expect(await accept(update())).toMatchObject({ status: 200 });
    expect(messages()).toMatchObject([{ unverified: { tokenDigest: tokenDigest(token), domain } }]);
    expect(JSON.stringify(sent)).not.toContain(token);
    expect(counts).toEqual({ EventsUnverified: 1 });
  });

  test('a robot is taken with the digest of its key', async () => {
    await accept(robot(), form, robotKey);
    expect(messages()).toMatchObject([{ unverified: { tokenDigest: tokenDigest(robotKey), domain } }]);
  });

  // What the parser takes, the message must take: else a form alone gets a 5xx.
  test('an event with the longest domain that is taken is taken too', async () => {
    const long = `${'d'.repeat(253)}:12345`;
    expect((await accept(update({ 'auth[domain]': long }))).status).toBe(200);
  });
});
