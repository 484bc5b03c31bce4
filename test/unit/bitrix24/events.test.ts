import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { parseEvent } from '../../../lib/bitrix24/events.ts';
import { parseForm } from '../../../lib/bitrix24/form.ts';
import { inboundEventSchema, type InboundEvent } from '../../../lib/bitrix24/inbound-event.ts';
import { InboundError, NotAnEvent } from '../../../lib/bitrix24/inbound-errors.ts';

const memberId = 'feedc0de00000000000000000000beef';
const token = 'k3yForTests00000000000000000000a';
const contentType = 'application/x-www-form-urlencoded';

type Fields = Record<string, string | undefined>;

/** The wire form of the fields, in each of the ways in which it may arrive. */
function wires(fields: Fields): { body: string; isBase64Encoded: boolean; contentType: string }[] {
  const pairs = Object.entries(fields).filter((pair): pair is [string, string] => pair[1] !== undefined);
  const encoded = pairs.map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`).join('&');
  const plain = pairs.map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join('&');
  return [
    { body: encoded, isBase64Encoded: false, contentType },
    { body: plain, isBase64Encoded: false, contentType },
    { body: Buffer.from(encoded).toString('base64'), isBase64Encoded: true, contentType },
  ];
}

function parsed(fields: Fields): InboundEvent {
  const [first, ...others] = wires(fields).map((wire) => parseEvent(parseForm(wire)));
  if (first === undefined) throw new Error('no wire form');
  for (const other of others) expect(other).toEqual(first);
  expect(inboundEventSchema.parse(first)).toEqual(first);
  return first;
}

function refusal(fields: Fields): string {
  try {
    parsed(fields);
  } catch (error) {
    if (error instanceof NotAnEvent) {
      expect(error.status).toBe(400);
      expect(error.message).toContain(error.field);
      return error.message.replace('This is no Bitrix24 event: ', '');
    }
    throw error;
  }
  throw new Error('was not refused');
}

const webhookAuth = {
  'auth[domain]': 'shop.bitrix24.test',
  'auth[client_endpoint]': 'https://shop.bitrix24.test/rest/',
  'auth[server_endpoint]': 'https://oauth.bitrix.info/rest/',
  'auth[member_id]': memberId,
  'auth[application_token]': token,
};
const appAuth = { ...webhookAuth, 'auth[scope]': 'crm', 'auth[status]': 'L' };
const userAuth = {
  ...appAuth,
  'auth[access_token]': 'a-token',
  'auth[expires]': '1785315600',
  'auth[expires_in]': '3600',
  'auth[user_id]': '1',
};
const deal = (auth: Fields): Fields => ({
  event: 'ONCRMDEALUPDATE',
  event_handler_id: '77',
  'data[FIELDS][ID]': '101',
  ts: '1785312000',
  ...auth,
});
const document = (...parts: string[]): Fields =>
  Object.fromEntries(parts.map((part, index) => [`document_id[${index}]`, part]));
const known = { memberId, domain: 'shop.bitrix24.test' };

describe('events about a record', () => {
  test.each([
    ['an app, with the acting user', userAuth, 'app'],
    ['an app, without a user', appAuth, 'app'],
    ['an outgoing webhook', webhookAuth, 'webhook'],
    [
      'an outgoing webhook without endpoints [event/deal-update/no-endpoints]',
      { ...webhookAuth, 'auth[client_endpoint]': undefined, 'auth[server_endpoint]': undefined },
      'webhook',
    ],
  ])('come from %s', (_, auth, sender) => {
    expect(parsed(deal(auth))).toEqual({
      type: 'record',
      event: 'ONCRMDEALUPDATE',
      change: 'update',
      ...known,
      applicationToken: token,
      entityTypeId: 2,
      id: 101,
      sender,
    });
  });

  test.each([
    ['ONCRMDEALADD', 2, 'add'],
    ['ONCRMDEALDELETE', 2, 'delete'],
    ['ONCRMLEADADD', 1, 'add'],
    ['ONCRMLEADUPDATE', 1, 'update'],
    ['ONCRMCONTACTDELETE', 3, 'delete'],
    ['ONCRMCOMPANYUPDATE', 4, 'update'],
    ['oncrmdealupdate', 2, 'update'],
  ])('take the type from the name %s', (event, entityTypeId, change) => {
    expect(parsed({ ...deal(webhookAuth), event })).toMatchObject({
      type: 'record',
      event: event.toUpperCase(),
      entityTypeId,
      change,
    });
  });

  test.each([
    ['ONCRMDYNAMICITEMUPDATE', '1044', 1044],
    ['ONCRMDYNAMICITEMADD_177', '177', 177],
    ['ONCRMDYNAMICITEMDELETE_177', undefined, 177],
    ['ONCRMDYNAMICITEMUPDATE', '31', 31],
  ])('of smart processes: %s with the type %s in the body', (event, type, entityTypeId) => {
    const fields = { ...deal(webhookAuth), event, 'data[FIELDS][ENTITY_TYPE_ID]': type };
    expect(parsed(fields)).toMatchObject({ type: 'record', entityTypeId, id: 101 });
  });

  test('know a move to another pipeline as an app event, whatever its auth block looks like', () => {
    const fields = {
      ...deal(webhookAuth),
      event: 'ONCRMDEALMOVETOCATEGORY',
      'data[FIELDS][CATEGORY_ID]': '5',
      'data[FIELDS][STAGE_ID]': 'C5:LOSE',
    };
    expect(parsed(fields)).toMatchObject({ type: 'record', entityTypeId: 2, id: 101, change: 'move', sender: 'app' });
  });

  test.each([
    ['no member id', { 'auth[member_id]': undefined }, 'auth[member_id] is missing.'],
    ['a short member id', { 'auth[member_id]': 'abc' }, 'auth[member_id] is malformed.'],
    ['a member id with a slash', { 'auth[member_id]': 'a/b/c/d/e/f' }, 'auth[member_id] is malformed.'],
    ['no application token', { 'auth[application_token]': undefined }, 'auth[application_token] is missing.'],
    ['an empty token', { 'auth[application_token]': '' }, 'auth[application_token] is malformed.'],
    ['an endless token', { 'auth[application_token]': 'x'.repeat(257) }, 'auth[application_token] is malformed.'],
    [
      'a nested token',
      { 'auth[application_token]': undefined, 'auth[application_token][x]': '1' },
      'auth[application_token] is malformed.',
    ],
    ['no domain', { 'auth[domain]': undefined }, 'auth[domain] is missing.'],
    ['an address as domain', { 'auth[domain]': 'https://shop.bitrix24.test/' }, 'auth[domain] is malformed.'],
    ['no id', { 'data[FIELDS][ID]': undefined }, 'data is missing.'],
    ['an id of words', { 'data[FIELDS][ID]': 'abc' }, 'data[FIELDS][ID] is malformed.'],
    ['the id zero', { 'data[FIELDS][ID]': '0' }, 'data[FIELDS][ID] is malformed.'],
    ['a negative id', { 'data[FIELDS][ID]': '-1' }, 'data[FIELDS][ID] is malformed.'],
    ['an id with a leading zero', { 'data[FIELDS][ID]': '01' }, 'data[FIELDS][ID] is malformed.'],
    ['an id with a fraction', { 'data[FIELDS][ID]': '1.5' }, 'data[FIELDS][ID] is malformed.'],
    ['an unsafe id', { 'data[FIELDS][ID]': '9007199254740992' }, 'data[FIELDS][ID] is malformed.'],
    ['an id of 400 digits', { 'data[FIELDS][ID]': '9'.repeat(400) }, 'data[FIELDS][ID] is malformed.'],
    ['a bad type', { 'data[FIELDS][ENTITY_TYPE_ID]': 'x' }, 'data[FIELDS][ENTITY_TYPE_ID] is malformed.'],
    ['a type against its name', { 'data[FIELDS][ENTITY_TYPE_ID]': '3' }, 'data[FIELDS][ENTITY_TYPE_ID] is malformed.'],
    ['an endless event', { event: 'X'.repeat(101) }, 'event is malformed.'],
    ['an event with spaces', { event: 'ON CRM' }, 'event is malformed.'],
    ['an event that is a list', { event: undefined, 'event[0]': 'ONCRMDEALADD' }, 'event is malformed.'],
    ['nothing but auth', { event: undefined }, 'event is missing.'],
  ])('are refused with %s', (_, change, message) => {
    expect(refusal({ ...deal(webhookAuth), ...change })).toBe(message);
  });

  test('of smart processes are refused when neither name nor body tells the type', () => {
    expect(refusal({ ...deal(webhookAuth), event: 'ONCRMDYNAMICITEMUPDATE' })).toBe(
      'data[FIELDS][ENTITY_TYPE_ID] is missing.',
    );
  });

  test('take the largest safe id and a domain with a port, in lower case', () => {
    const fields = { ...deal(webhookAuth), 'data[FIELDS][ID]': '9007199254740991', 'auth[domain]': 'CRM.Example:8443' };
    expect(parsed(fields)).toMatchObject({ id: Number.MAX_SAFE_INTEGER, domain: 'crm.example:8443' });
  });
});

describe('robots', () => {
  const robotAuth = { ...webhookAuth, 'auth[application_token]': undefined };

  test.each([
    ['robot/document/lead', ['crm', 'CCrmDocumentLead', 'LEAD_7'], 1, 7],
    ['robot/document/deal', ['crm', 'CCrmDocumentDeal', 'DEAL_101'], 2, 101],
    ['robot/document/contact', ['crm', 'CCrmDocumentContact', 'CONTACT_5'], 3, 5],
    ['robot/document/company', ['crm', 'CCrmDocumentCompany', 'COMPANY_3'], 4, 3],
    [
      'robot/document/dynamic',
      ['crm', 'Bitrix\\Crm\\Integration\\BizProc\\Document\\Dynamic', 'DYNAMIC_177_12'],
      177,
      12,
    ],
    [
      'robot/document/smart-invoice',
      ['crm', 'Bitrix\\Crm\\Integration\\BizProc\\Document\\SmartInvoice', 'SMART_INVOICE_9'],
      31,
      9,
    ],
    [
      'robot/document/smart-invoice-as-dynamic',
      ['crm', 'Bitrix\\Crm\\Integration\\BizProc\\Document\\SmartInvoice', 'DYNAMIC_31_54'],
      31,
      54,
    ],
    [
      'robot/document/signing',
      ['crm', 'Bitrix\\Crm\\Integration\\BizProc\\Document\\SmartB2eDocument', 'SMART_B2E_DOC_6'],
      39,
      6,
    ],
  ])('of the portal itself name their record [%s]: %s', (_fact, parts, entityTypeId, id) => {
    expect(parsed({ ...document(...parts), ...robotAuth })).toEqual({ type: 'robot', ...known, entityTypeId, id });
  });

  test('may send document_id as an object with numeric keys, in any order [robot/document/as-object]', () => {
    const form = parseForm({
      body: 'document_id[2]=DEAL_101&document_id[x]=y&document_id[0]=crm&document_id[1]=CCrmDocumentDeal',
      isBase64Encoded: false,
      contentType,
    });
    const auth = { domain: known.domain, member_id: memberId };
    const expected = { type: 'robot', ...known, entityTypeId: 2, id: 101 };
    expect(parseEvent({ ...form, auth })).toEqual(expected);
    // As other parsers leave it.
    expect(parseEvent({ document_id: { 2: 'DEAL_101', 1: 'C', 0: 'crm' }, auth: { ...auth } })).toEqual(expected);
  });

  test('of an app carry the application token', () => {
    const fields = {
      ...document('crm', 'CCrmDocumentDeal', 'DEAL_101'),
      'document_type[0]': 'crm',
      'document_type[1]': 'CCrmDocumentDeal',
      'document_type[2]': 'DEAL',
      workflow_id: '5f0c',
      code: 'tidy',
      event_token: '5f0c|A1|x.y',
      'properties[why]': 'lost',
      use_subscription: 'N',
      timeout_duration: '0',
      ts: '1785312000',
      ...userAuth,
    };
    expect(parsed(fields)).toEqual({ type: 'robot', ...known, applicationToken: token, entityTypeId: 2, id: 101 });
  });

  test.each([
    ['another module', ['lists', 'BizprocDocument', '7']],
    ['an unknown word', ['crm', 'X', 'THING_7']],
    ['no id', ['crm', 'CCrmDocumentDeal', 'DEAL']],
    ['an empty id', ['crm', 'CCrmDocumentDeal', 'DEAL_']],
    ['the id zero', ['crm', 'CCrmDocumentDeal', 'DEAL_0']],
    ['an unsafe id', ['crm', 'CCrmDocumentDeal', 'DEAL_9999999999999999']],
    ['a dynamic item without a type', ['crm', 'X', 'DYNAMIC_12']],
    ['two parts', ['crm', 'DEAL_101']],
    ['four parts', ['crm', 'CCrmDocumentDeal', 'DEAL_101', 'x']],
  ])('are refused with %s in document_id', (_, parts) => {
    expect(refusal({ ...document(...parts), ...robotAuth })).toBe('document_id is malformed.');
  });

  test('are refused with a document_id that is no list, or without a portal', () => {
    expect(refusal({ document_id: 'DEAL_101', ...robotAuth })).toBe('document_id is malformed.');
    expect(refusal(document('crm', 'CCrmDocumentDeal', 'DEAL_101'))).toBe('auth is missing.');
  });
});

describe('an installation', () => {
  const install: Fields = {
    event: 'ONAPPINSTALL',
    'data[VERSION]': '1',
    'data[ACTIVE]': 'Y',
    'data[INSTALLED]': 'Y',
    'data[LANGUAGE_ID]': 'en',
    ts: '1785312000',
    ...userAuth,
    'auth[scope]': 'crm, bizproc',
    'auth[refresh_token]': 'r-token',
  };

  test('brings both tokens, the application token and the endpoints', () => {
    expect(parsed(install)).toEqual({
      type: 'install',
      ...known,
      applicationToken: token,
      accessToken: 'a-token',
      refreshToken: 'r-token',
      expiresIn: 3600,
      scope: ['crm', 'bizproc'],
      clientEndpoint: 'https://shop.bitrix24.test/rest/',
      serverEndpoint: 'https://oauth.bitrix.info/rest/',
    });
  });

  test.each([
    'auth[access_token]',
    'auth[refresh_token]',
    'auth[application_token]',
    'auth[expires_in]',
    'auth[scope]',
    'auth[client_endpoint]',
    'auth[server_endpoint]',
    'auth[domain]',
    'auth[member_id]',
  ])('is refused without %s', (field) => {
    expect(refusal({ ...install, [field]: undefined })).toBe(`${field} is missing.`);
  });

  test.each([
    ['auth[expires_in]', '-3600'],
    ['auth[expires_in]', 'soon'],
    ['auth[refresh_token]', 'with space'],
    ['auth[access_token]', 'x'.repeat(2049)],
    ['auth[client_endpoint]', 'javascript:alert(1)'],
    ['auth[client_endpoint]', 'https://user:pass@shop.bitrix24.test/rest/'],
    ['auth[server_endpoint]', 'oauth.bitrix.info'],
    ['auth[server_endpoint]', `https://oauth.bitrix.info/${'x'.repeat(500)}`],
    ['auth[scope]', 'x'.repeat(2001)],
  ])('is refused with %s = %s', (field, value) => {
    expect(refusal({ ...install, [field]: value })).toBe(`${field} is malformed.`);
  });
});

describe('other events', () => {
  test.each(['ONAPPUPDATE', 'ONAPPUNINSTALL', 'ONAPPPAYMENT', 'ONAPPTEST', 'ONOFFLINEEVENT'])(
    '%s is part of an app’s life, with or without the application token',
    (event) => {
      const auth = { 'auth[member_id]': memberId, 'auth[domain]': known.domain };
      expect(parsed({ event, ...auth })).toEqual({ type: 'lifecycle', event, ...known });
      expect(parsed({ event, ...webhookAuth })).toEqual({
        type: 'lifecycle',
        event,
        ...known,
        applicationToken: token,
      });
      expect(refusal({ event, 'auth[domain]': known.domain })).toBe('auth[member_id] is missing.');
    },
  );

  test('of an update bring tokens to prove a new application token by, those of others are not looked at', () => {
    const renewing = { ...userAuth, 'auth[refresh_token]': 'a-refresh-token' };
    const renewal = { refreshToken: 'a-refresh-token', serverEndpoint: 'https://oauth.bitrix.info/rest/' };
    expect(parsed({ event: 'ONAPPUPDATE', ...renewing })).toMatchObject({ type: 'lifecycle', renewal });
    expect(parsed({ event: 'ONAPPUNINSTALL', ...renewing })).not.toHaveProperty('renewal');
    for (const useless of [
      { 'auth[refresh_token]': 'with blanks' },
      { 'auth[server_endpoint]': 'no address' },
      { 'auth[server_endpoint]': undefined },
    ]) {
      expect(parsed({ event: 'ONAPPUPDATE', ...renewing, ...useless })).not.toHaveProperty('renewal');
    }
  });

  test.each(['ONTASKADD', 'ONCRMDEALUSERFIELDADD', 'ONCRMDEALRECURRINGADD', 'ONCRMDEALUPDATE_177', 'ONCRMQUOTEADD'])(
    '%s is known only by its name',
    (event) => {
      const fields = { event, 'data[FIELDS][ID]': '5', 'auth[member_id]': memberId };
      expect(parsed(fields)).toEqual({ type: 'other', event, memberId });
      expect(parsed({ ...fields, 'auth[application_token]': token })).toEqual({
        type: 'other',
        event,
        memberId,
        applicationToken: token,
      });
    },
  );
});

test('whatever comes in: only InboundError is thrown, and what passes satisfies the schema', () => {
  const value = fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.constantFrom(memberId, token, '101', '0', 'shop.bitrix24.test', 'https://a.test/rest/', 'crm', 'DEAL_1', '3600'),
  );
  const event = fc.constantFrom(
    'ONCRMDEALUPDATE',
    'ONCRMDYNAMICITEMADD_5',
    'ONCRMDYNAMICITEMADD',
    'ONAPPINSTALL',
    'ONAPPTEST',
    'ONX',
  );
  const key = fc.constantFrom(
    ...Object.keys(userAuth),
    'auth',
    'data',
    'data[FIELDS][ID]',
    'data[FIELDS][ENTITY_TYPE_ID]',
  );
  const robotKey = fc.constantFrom('document_id[0]', 'document_id[1]', 'document_id[2]', 'document_id');
  const fields = fc.oneof(
    fc.dictionary(fc.oneof(key, robotKey, fc.string({ maxLength: 10 })), value),
    fc.record({ base: fc.constantFrom(deal(userAuth), deal(webhookAuth)), event, key, value }).map((draw) => ({
      ...draw.base,
      'auth[refresh_token]': 'r',
      event: draw.event,
      [draw.key]: draw.value,
    })),
  );
  let passed = 0;
  fc.assert(
    fc.property(fields, (drawn) => {
      for (const wire of wires(drawn)) {
        try {
          const result = parseEvent(parseForm(wire));
          expect(inboundEventSchema.parse(result)).toEqual(result);
          passed++;
        } catch (error) {
          if (!(error instanceof InboundError)) throw error;
        }
      }
    }),
    { numRuns: 2000 },
  );
  expect(passed).toBeGreaterThan(500);
});
