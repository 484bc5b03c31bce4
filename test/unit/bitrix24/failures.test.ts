import { describe, expect, test } from '@jest/globals';
import { classify } from '../../../lib/bitrix24/errors.ts';
import {
  Bitrix24Error,
  OutcomeUnknown,
  PortalError,
  PortalMoved,
  PortalUnreachable,
  UnusableAnswer,
} from '../../../lib/bitrix24/failures.ts';

const call = { host: 'shop.bitrix24.test', method: 'crm.item.list' };
const cause = new Error('ECONNREFUSED');

function portalError(error: string, description: string, status = 503, secrets: string[] = []): PortalError {
  const answer = { status, error, description };
  return new PortalError(call, answer, classify({ ...answer, method: call.method }), secrets);
}

describe('a failure says which call failed, why, and what to do', () => {
  test.each<[Bitrix24Error, string, object]>([
    [
      portalError('QUERY_LIMIT_EXCEEDED', 'Too many requests'),
      'crm.item.list at shop.bitrix24.test failed: QUERY_LIMIT_EXCEEDED (HTTP 503)',
      {
        name: 'PortalError',
        code: 'PORTAL_ERROR',
        status: 503,
        error: 'QUERY_LIMIT_EXCEEDED',
        description: 'Too many requests',
        row: { name: 'rate-limit' },
      },
    ],
    [
      portalError('', 'Access denied.', 400),
      'crm.item.list at shop.bitrix24.test failed: access-denied-without-code, an error without a code (HTTP 400)',
      { error: '', description: 'Access denied.', row: { reaction: 'permanent' } },
    ],
    [
      new PortalUnreachable(call, { cause }),
      'crm.item.list at shop.bitrix24.test failed: the host could not be reached, nothing was sent',
      { name: 'PortalUnreachable', code: 'PORTAL_UNREACHABLE', status: undefined, cause, row: { name: 'unreachable' } },
    ],
    [
      new OutcomeUnknown(call, 65_000.4, { cause }),
      'crm.item.list at shop.bitrix24.test failed: sent, but no answer within 65000 ms; it may have been carried out',
      { name: 'OutcomeUnknown', code: 'OUTCOME_UNKNOWN', waitedMs: 65_000.4, cause, row: { verifyBeforeRepeat: true } },
    ],
    [
      new UnusableAnswer(call, { kind: 'unusable', status: 502, body: 'html' }),
      'crm.item.list at shop.bitrix24.test failed: the answer is no JSON answer but HTML (HTTP 502)',
      {
        name: 'UnusableAnswer',
        code: 'UNUSABLE_ANSWER',
        status: 502,
        symptom: { kind: 'unusable', status: 502, body: 'html' },
        row: { name: 'page-500-502-504' },
      },
    ],
    [
      new PortalMoved(call, { status: 302, locationHost: 'new.bitrix24.test' }),
      'crm.item.list at shop.bitrix24.test failed: moved to new.bitrix24.test (HTTP 302)',
      {
        name: 'PortalMoved',
        code: 'PORTAL_MOVED',
        status: 302,
        locationHost: 'new.bitrix24.test',
        row: { reaction: 'moved' },
      },
    ],
    [
      new PortalMoved(call, { status: 302, locationHost: 'SHOP.bitrix24.test' }),
      'crm.item.list at shop.bitrix24.test failed: redirected to a page of the same host (HTTP 302)',
      { row: { name: 'redirect-same-host', reaction: 'operator' } },
    ],
  ])('%s', (error, message, fields) => {
    expect(error).toBeInstanceOf(Bitrix24Error);
    expect(error.message).toBe(message);
    expect(error).toMatchObject({ ...fields, host: call.host, method: call.method });
  });
});

test('a sentence in the place of the code stands in no message', () => {
  const error = portalError('Ms Example has locked this', '', 400);
  expect(error.message).not.toContain('Example');
  expect(error.message).toContain('an error with a text for its code (HTTP 400)');
  expect(error.error).toBe('Ms Example has locked this');
});

test('no failure carries a credential that the portal’s text or code quotes', () => {
  const secret = 'planted secret';
  const error = portalError(`BAD ${secret}`, `the ${secret} is wrong`, 400, [secret]);
  const everything = `${error.message} ${error.stack ?? ''} ${JSON.stringify(error)} ${error.error} ${error.description}`;
  expect(everything).not.toContain(secret);
  expect(error.description).toBe('the … is wrong');
});

test('a portal’s description is cut at 300 characters', () => {
  expect(portalError('X', 'word '.repeat(1000)).description).toHaveLength(300);
});
