import { expect, test } from '@jest/globals';
import { codeOf, portalWords } from '../../../lib/tasks/portal-words.ts';

test.each([
  ['The audit needs this contact', 'The audit needs this contact'],
  ['Call +49 (30) 123-45-67 first', 'Call … first'],
  ['Call 8 800 555 35 35.', 'Call ….'],
  ['ask anna.example+crm@mail.example.com, please', 'ask …, please'],
  ['«иван@пример.рф»', '«…»'],
  ['deal 101 and contact 123456 are in use', 'deal 101 and contact 123456 are in use'],
  ['', ''],
])('of %j a dead letter says %j', (text, expected) => {
  expect(portalWords(text)).toBe(expected);
});

test('no more than 200 characters of it are passed on', () => {
  expect(portalWords('a '.repeat(100).trim())).toHaveLength(199);
  expect(portalWords('ab '.repeat(100))).toHaveLength(200);
  expect(portalWords('ab '.repeat(100)).endsWith('…')).toBe(true);
});

test.each([
  ['ERROR_CORE', 'ERROR_CORE'],
  ['expired_token', 'expired_token'],
  ['100', '100'],
  ['Anna Example may not be deleted', 'UNNAMED_ERROR'],
  ['', 'UNNAMED_ERROR'],
])('%j as an error code is %j', (code, expected) => {
  expect(codeOf({ code, row: undefined })).toBe(expected);
});
