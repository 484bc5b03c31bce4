import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { redact } from '../../../lib/bitrix24/redact.ts';

test.each([
  // What a person needs to read stays.
  ['Method is blocked due to operation time limit.', 'Method is blocked due to operation time limit.'],
  ['CRM_ITEM_DELETE_ACCESS_DENIED', 'CRM_ITEM_DELETE_ACCESS_DENIED'],
  ['Элемент не найден', 'Элемент не найден'],
  ['The access token provided has expired.', 'The access token provided has expired.'],
  ['Could not find value for parameter {entityTypeId}', 'Could not find value for parameter {entityTypeId}'],
  // Addresses keep their host.
  ['see https://shop.bitrix24.test/rest/1/abc123def456/x.json?id=1 !', 'see https://shop.bitrix24.test/… !'],
  ['see https://user:pass@shop.bitrix24.test/rest/', 'see https://shop.bitrix24.test/…'],
  ['POST /rest/1/abc123/crm.item.list failed', 'POST /rest/1/…/crm.item.list failed'],
  ['POST /rest/api/1/abc123/tasks.get failed', 'POST /rest/api/1/…/tasks.get failed'],
  // Named secrets.
  ['auth=abc&id=5', 'auth=…&id=5'],
  ['refresh_token=abc&client_secret=def', 'refresh_token=…&client_secret=…'],
  ['{"access_token":"abc","x":"y"}', '{"access_token":"…","x":"y"}'],
  ['Authorization: Bearer abc.def', 'Authorization: … …'],
  ['sent with Bearer abc', 'sent with Bearer …'],
  ['AUTH_ID: abc', 'AUTH_ID: …'],
  // Things that look like one.
  ['token 0123456789abcdef0123456789abcdef is wrong', 'token … is wrong'],
  // One line.
  ['a\nb\t\u0000c\u2028d\u001b[31m', 'a b c d [31m'],
  // What SQS refuses to take.
  ['no \uffff way\ufffe!', 'no   way !'],
])('%j becomes %j', (text, expected) => {
  expect(redact(text)).toBe(expected);
});

test('known secrets go whatever they look like', () => {
  expect(redact('x my word y my word', ['my word', ''])).toBe('x … y …');
});

test('is never longer than 300 characters, never more than a line, and stays as it is when done again', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 1000 }), (text) => {
      const clean = redact(text);
      expect(clean.length).toBeLessThanOrEqual(300);
      expect(clean).not.toMatch(/[\n\r\u2028]/);
    }),
  );
});

test('takes a huge text in no time', () => {
  const begin = performance.now();
  for (const piece of ['auth', 'a1', 'https://', '/rest/1/', 'token=']) redact(piece.repeat(200_000));
  expect(performance.now() - begin).toBeLessThan(1000);
});
