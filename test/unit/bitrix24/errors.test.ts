import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { Answer } from '../../../lib/bitrix24/error-rows.ts';
import { classify, reactionTable } from '../../../lib/bitrix24/errors.ts';
import { type Reaction, withoutRefresh } from '../../../lib/bitrix24/reactions.ts';

const deleteContacts = 'crm.deal.contact.items.delete';

/** Where the HTTP status says nothing: all those that some source gives, and that of a batch around the command. */
const anyStatus = [200, 400, 401, 403, 404, 405, 410, 429, 500, 503];

interface Case {
  readonly row: string;
  readonly reaction: Reaction;
  readonly error: string;
  readonly descriptions: readonly string[];
  readonly methods?: readonly string[];
  readonly statuses?: readonly number[];
}

/** Every row, with answers as portals give them. Kept apart from the table, so that neither can change alone. */
const cases: readonly Case[] = [
  {
    row: 'expired-token',
    reaction: 'refresh',
    error: 'expired_token',
    descriptions: ['The access token provided has expired.', ''],
  },
  {
    row: 'invalid-token',
    reaction: 'refresh',
    error: 'invalid_token',
    descriptions: ['Unable to get application by token'],
  },
  { row: 'no-auth-found', reaction: 'refresh', error: 'NO_AUTH_FOUND', descriptions: ['Wrong authorization data'] },
  {
    row: 'invalid-credentials',
    reaction: 'operator',
    error: 'INVALID_CREDENTIALS',
    descriptions: ['Invalid request credentials'],
  },
  {
    row: 'user-inactive',
    reaction: 'operator',
    error: 'authorization_error',
    descriptions: ['Unable to authorize user'],
  },
  {
    row: 'application-not-found',
    reaction: 'operator',
    error: 'APPLICATION_NOT_FOUND',
    descriptions: ['Application not found'],
  },
  { row: 'error-oauth', reaction: 'operator', error: 'ERROR_OAUTH', descriptions: ['Application not installed'] },
  { row: 'not-installed', reaction: 'operator', error: 'NOT_INSTALLED', descriptions: ['Application not installed'] },
  {
    row: 'payment-required',
    reaction: 'operator',
    error: 'PAYMENT_REQUIRED',
    descriptions: ['Payment required', 'Subscription has been ended'],
  },
  {
    row: 'insufficient-scope',
    reaction: 'operator',
    error: 'insufficient_scope',
    descriptions: [
      'The request requires higher privileges than provided by the access token',
      'The request requires higher privileges than provided by the webhook token',
      '', // inside a batch
    ],
  },
  {
    row: 'user-access-error',
    reaction: 'operator',
    error: 'user_access_error',
    descriptions: ['The user does not have access to the application.'],
  },
  {
    row: 'plan-without-rest',
    reaction: 'operator',
    error: 'ACCESS_DENIED',
    descriptions: [
      'REST API is available only on commercial plans.',
      'REST is available only on commercial plans.',
      'REST API is available only by subscription.',
    ],
  },
  {
    row: 'application-context-required',
    reaction: 'bug',
    error: 'ACCESS_DENIED',
    descriptions: ['Access denied! Application context required'],
    methods: ['app.info', 'event.bind'],
  },
  {
    row: 'extended-plan-required',
    reaction: 'operator',
    error: 'ACCESS_DENIED',
    descriptions: ['Access denied! Available only on extended plans'],
  },
  {
    row: 'user-not-authorized-here',
    reaction: 'operator',
    error: 'ACCESS_DENIED',
    descriptions: ["Access denied! Current user can't be authorized in this context"],
  },
  {
    row: 'access-denied',
    reaction: 'permanent',
    error: 'ACCESS_DENIED',
    descriptions: ['Access denied!', 'Access denied', 'Доступ запрещен', ''],
    methods: [deleteContacts, 'crm.item.delete', 'crm.company.contact.items.delete'],
  },
  {
    row: 'wrong-auth-type',
    reaction: 'bug',
    error: 'WRONG_AUTH_TYPE',
    descriptions: ['Current authorization type is denied for this method'],
    methods: ['event.bind'],
  },
  { row: 'wrong-license', reaction: 'operator', error: 'WRONG_LICENSE', descriptions: [''], methods: ['event.bind'] },
  {
    row: 'method-confirm-waiting',
    reaction: 'operator',
    error: 'METHOD_CONFIRM_WAITING',
    descriptions: ['Waiting for confirmation'],
  },
  {
    row: 'method-confirm-denied',
    reaction: 'operator',
    error: 'METHOD_CONFIRM_DENIED',
    descriptions: ['Method call denied'],
  },
  {
    row: 'intranet-users-only',
    reaction: 'operator',
    error: 'allowed_only_intranet_user',
    descriptions: ['Action is allowed for intranet users only', ''],
    methods: ['crm.item.delete', 'crm.item.get'],
  },
  { row: 'rate-limit', reaction: 'wait-for-limit', error: 'QUERY_LIMIT_EXCEEDED', descriptions: ['Too many requests'] },
  {
    row: 'operating-limit',
    reaction: 'wait-for-limit',
    error: 'OPERATION_TIME_LIMIT',
    descriptions: ['Method is blocked due to operation time limit.'],
  },
  {
    row: 'overload-block',
    reaction: 'operator',
    error: 'OVERLOAD_LIMIT',
    descriptions: ['REST API is blocked due to overload.'],
  },
  {
    row: 'auth-server-unreachable',
    reaction: 'retry-later',
    error: 'CONNECTION_ERROR',
    descriptions: ['Error connecting to authorization server'],
  },
  {
    row: 'internal-server-error',
    reaction: 'retry-later',
    error: 'INTERNAL_SERVER_ERROR',
    descriptions: ['Internal server error'],
  },
  {
    row: 'unexpected-answer',
    reaction: 'retry-later',
    error: 'ERROR_UNEXPECTED_ANSWER',
    descriptions: ['Server returned an unexpected response'],
  },
  { row: 'portal-deleted', reaction: 'operator', error: 'PORTAL_DELETED', descriptions: ['Portal was deleted'] },
  {
    row: 'server-failure',
    reaction: 'retry-later',
    error: 'ERROR_CORE',
    descriptions: ['SQL query error!', '', 'Element not found'],
    methods: ['crm.contact.delete', 'crm.deal.contact.items.set'],
    statuses: [500, 599],
  },
  {
    row: 'database-failure',
    reaction: 'retry-later',
    error: 'ERROR_CORE',
    descriptions: ['SQL query error!'],
    methods: ['crm.contact.delete', 'crm.item.delete'],
    statuses: [200, 400, 499, 600],
  },
  {
    row: 'contact-missing-or-vetoed',
    reaction: 'verify',
    error: 'ERROR_CORE',
    descriptions: ['Element not found', 'Элемент не найден', 'The contact is locked', ''],
    methods: ['crm.contact.delete'],
    statuses: [200, 400, 403],
  },
  {
    row: 'business-error',
    reaction: 'permanent',
    error: 'ERROR_CORE',
    descriptions: ['Unable to set event handler: Handler already binded', ''],
    methods: ['event.bind', 'crm.item.delete', 'crm.deal.contact.items.set'],
    statuses: [200, 400],
  },
  {
    row: 'item-missing',
    reaction: 'already-gone',
    error: 'NOT_FOUND',
    descriptions: ['Item not found', 'Element not found', 'Элемент не найден', ''],
    methods: ['crm.item.delete', 'crm.item.get'],
  },
  {
    row: 'type-or-item-unknown',
    reaction: 'permanent',
    error: 'NOT_FOUND',
    descriptions: ['SPA not found', 'Smart process not found'],
    methods: ['crm.item.list', 'crm.item.update'],
  },
  {
    row: 'deal-missing',
    reaction: 'already-gone',
    error: '',
    descriptions: ['Not found', 'Not found.'],
    methods: [deleteContacts, 'crm.deal.contact.items.get', 'crm.deal.get', 'crm.contact.get'],
  },
  {
    row: 'contact-missing-without-text',
    reaction: 'verify',
    error: '',
    descriptions: [''],
    methods: ['crm.contact.delete'],
  },
  {
    row: 'access-denied-without-code',
    reaction: 'permanent',
    error: '',
    descriptions: ['Access denied', 'Access denied.', 'Access denied!'],
    methods: [deleteContacts, 'crm.contact.delete', 'crm.deal.contact.items.get'],
  },
  {
    row: 'owner-id-invalid',
    reaction: 'bug',
    error: '',
    descriptions: [
      'The parameter ownerEntityID is invalid or not defined.',
      'The parameter ownerEntityID is invalid or not defined',
    ],
    methods: [deleteContacts, 'crm.company.contact.items.delete'],
  },
  {
    row: 'id-invalid',
    reaction: 'bug',
    error: '',
    descriptions: ['ID is not defined or invalid.'],
    methods: ['crm.contact.delete'],
  },
  {
    row: 'items-not-an-array',
    reaction: 'bug',
    error: '',
    descriptions: ['The parameter items must be array.'],
    methods: ['crm.deal.contact.items.set'],
  },
  {
    row: 'refused-without-code',
    reaction: 'permanent',
    error: '',
    descriptions: ['', 'Target is not found.', 'Contact not found', 'Not found today', 'Access denied to X'],
  },
  {
    row: 'refused-without-code',
    reaction: 'permanent',
    error: '',
    descriptions: ['Not found'],
    methods: ['crm.deal.contact.items.set', 'crm.company.contact.items.set'],
  },
  {
    row: 'terminated-by-event',
    reaction: 'permanent',
    error: 'TERMINATED_BY_EVENT_COMPATIBLE',
    descriptions: ['Not on Fridays'],
    methods: ['crm.item.delete'],
  },
  {
    row: 'item-delete-denied',
    reaction: 'permanent',
    error: 'CRM_ITEM_DELETE_ACCESS_DENIED',
    descriptions: ['Удаление запрещено'],
    methods: ['crm.item.delete'],
  },
  {
    row: 'parameter-missing',
    reaction: 'bug',
    error: '100',
    descriptions: ['Could not find value for parameter {entityTypeId}', 'Expected iterable value, but got null'],
    methods: ['crm.item.delete'],
  },
  {
    row: 'argument-invalid',
    reaction: 'bug',
    error: 'ERROR_ARGUMENT',
    descriptions: ["Argument 'EVENT' is null or empty"],
  },
  {
    row: 'argument-value-invalid',
    reaction: 'bug',
    error: 'INVALID_ARG_VALUE',
    descriptions: ["Invalid filter: field 'x' is not allowed in filter"],
    methods: ['crm.item.list'],
  },
  { row: 'method-not-found', reaction: 'bug', error: 'ERROR_METHOD_NOT_FOUND', descriptions: ['Method not found!'] },
  { row: 'https-required', reaction: 'bug', error: 'INVALID_REQUEST', descriptions: ['Https required.'] },
  {
    row: 'batch-too-long',
    reaction: 'bug',
    error: 'ERROR_BATCH_LENGTH_EXCEEDED',
    descriptions: ['Max batch length exceeded'],
  },
  {
    row: 'batch-method-not-allowed',
    reaction: 'bug',
    error: 'ERROR_BATCH_METHOD_NOT_ALLOWED',
    descriptions: ['Method is not allowed for batch usage'],
  },
  {
    row: 'manifest-not-available',
    reaction: 'bug',
    error: 'ERROR_MANIFEST_IS_NOT_AVAILABLE',
    descriptions: ['Manifest is not available'],
  },
  { row: 'wrong-encoding', reaction: 'bug', error: 'WRONG_ENCODING', descriptions: ['Wrong request encoding'] },
  { row: 'wrong-transport', reaction: 'bug', error: 'INTERNAL_WRONG_TRANSPORT', descriptions: ['Wrong transport!'] },
  {
    row: 'unknown',
    reaction: 'retry-later',
    error: 'SOMETHING_NEW',
    descriptions: ['', 'Not found', 'Access denied', 'Could not find value for parameter {id}'],
  },
];

describe.each(cases)('$row is $reaction', ({ row, reaction, error, descriptions, methods, statuses }) => {
  test.each(descriptions)(`${JSON.stringify(error)}, %j`, (description) => {
    for (const method of methods ?? [deleteContacts, 'crm.item.delete', 'crm.item.list', 'batch']) {
      for (const status of statuses ?? anyStatus) {
        for (const written of [error, error.toLowerCase(), error.toUpperCase()]) {
          const found = classify({ status, error: written, description, method });
          expect({ name: found.name, reaction: found.reaction, status, method }).toEqual({
            name: row,
            reaction,
            status,
            method,
          });
        }
      }
    }
  });
});

const having = (key: keyof (typeof reactionTable)[number]): string[] =>
  reactionTable.filter((row) => row[key] !== undefined && row[key] !== false).map(({ name }) => name);

describe('the table', () => {
  const names = reactionTable.map(({ name }) => name);

  test('has each of its rows in the cases above, and each name once', () => {
    expect(new Set(cases.map(({ row }) => row))).toEqual(new Set(names));
    expect(new Set(names).size).toBe(names.length);
  });

  test('ends in the row for all that is unknown, which gives up after a few tries', () => {
    expect(reactionTable.at(-1)).toMatchObject({
      name: 'unknown',
      error: '*',
      escalate: { to: 'permanent', afterAttempts: 3 },
    });
  });

  test('counts an attempt exactly where the task itself is tried or fails', () => {
    const attempts: Reaction[] = ['retry-later', 'verify', 'permanent', 'bug'];
    for (const row of reactionTable)
      expect([row.name, row.countsAttempt]).toEqual([row.name, attempts.includes(row.reaction)]);
  });

  test('stops the portal wherever a person must act, but not for one method or feature', () => {
    const featureOnly = ['extended-plan-required', 'wrong-license'];
    for (const { name, reaction, stopsPortal } of reactionTable) {
      const stops = (reaction === 'operator' || reaction === 'refresh') && !featureOnly.includes(name);
      expect([name, stopsPortal ?? false]).toEqual([name, stops]);
    }
  });

  test('tells a person what to do wherever one may be needed', () => {
    for (const row of reactionTable) {
      expect(row.meaning).toMatch(/^[A-Z].*\.$/);
      if (row.reaction === 'operator' || row.reaction === 'refresh' || row.operatorWhenEvery === true) {
        expect([row.name, row.mend]).toEqual([row.name, expect.stringMatching(/^[A-Z].*\.$/)]);
      }
    }
  });

  test('says what to do also where one record is refused, because said to a whole batch it pauses the portal', () => {
    for (const { name, reaction, mend } of reactionTable) {
      const endsAtAPerson = ['permanent', 'bug', 'verify'].includes(reaction);
      if (endsAtAPerson) expect([name, mend]).toEqual([name, expect.stringMatching(/^[A-Z].*\.$/)]);
    }
    const settings = reactionTable.filter(({ reaction, mend = '' }) => reaction === 'bug' && !mend.includes('tidy24'));
    expect(settings.map(({ name }) => name)).toEqual([
      'application-context-required',
      'wrong-auth-type',
      'method-not-found',
    ]);
  });

  test('reads back before it repeats what may have been done', () => {
    expect(having('verifyBeforeRepeat')).toEqual([
      'internal-server-error',
      'unexpected-answer',
      'server-failure',
      'database-failure',
      'contact-missing-or-vetoed',
      'contact-missing-without-text',
      'unknown',
    ]);
  });

  test('sees in a denial of everything a missing right', () => {
    expect(having('operatorWhenEvery')).toEqual(['access-denied', 'access-denied-without-code', 'item-delete-denied']);
  });

  test('says which budget has run out and for how long to wait', () => {
    const waits = reactionTable.filter(({ waitMs }) => waitMs !== undefined);
    expect(waits.map(({ name, limit, waitMs }) => [name, limit, waitMs])).toEqual([
      ['method-confirm-waiting', undefined, 3_600_000],
      ['rate-limit', 'rate', 1000],
      ['operating-limit', 'operating', 60_000],
      ['portal-deleted', undefined, 86_400_000],
    ]);
    expect(having('limit')).toEqual(['rate-limit', 'operating-limit']);
  });

  test('gives up early on what will hardly mend itself', () => {
    const early = reactionTable.filter(({ escalate }) => escalate !== undefined);
    expect(early.map(({ name, escalate }) => [name, escalate])).toEqual([
      ['internal-server-error', { to: 'permanent', afterAttempts: 5 }],
      ['unknown', { to: 'permanent', afterAttempts: 3 }],
    ]);
  });

  test('has conditions in the form in which they are compared', () => {
    for (const { error, methods } of reactionTable) {
      expect(error).toBe(error.toLowerCase());
      for (const method of methods ?? []) expect(method).toBe(method.toLowerCase());
    }
  });
});

describe('classify', () => {
  test('compares descriptions without their case and their trailing dot, and methods without their case', () => {
    const answer: Answer = {
      status: 400,
      error: ' ',
      description: ' NOT FOUND. ',
      method: 'CRM.Deal.Contact.Items.DELETE',
    };
    expect(classify(answer).name).toBe('deal-missing');
  });

  test('has a row for every answer there can be, and never takes one for gone by its status or text alone', () => {
    const text = fc.oneof(fc.string(), fc.constantFrom('Not found', 'Item not found', 'Access denied', ''));
    const answer = fc.record({
      status: fc.integer({ min: 100, max: 599 }),
      error: fc.oneof(text, fc.constantFrom('NOT_FOUND', 'ERROR_CORE', 'ACCESS_DENIED')),
      description: text,
      method: fc.constantFrom(deleteContacts, 'crm.item.delete', 'crm.contact.delete', 'crm.item.list', ''),
    });
    fc.assert(
      fc.property(answer, (drawn) => {
        const row = classify(drawn);
        if (row.reaction === 'already-gone') {
          expect(drawn.error.trim().toUpperCase()).toBe(drawn.method === deleteContacts ? '' : 'NOT_FOUND');
        }
      }),
      { numRuns: 2000 },
    );
  });
});

test('without a token to refresh, a refresh is a matter for a person', () => {
  for (const row of reactionTable) {
    const expected = row.reaction === 'refresh' ? { ...row, reaction: 'operator' } : row;
    expect(withoutRefresh(row)).toEqual(expected);
  }
});
