import { expect, test } from '@jest/globals';
import { nothingProtected } from '../../../lib/rules/protect.ts';
import { protectFileSchema, toProtect } from '../../../lib/rules/protect-file.ts';

const accepted = (type: string) => protectFileSchema.safeParse({ ids: { [type]: [1] } }).success;

const words = ['contact', 'company', 'deal', 'lead'];
const small = [31, 128, 129, 130, 145, 189, 190, 191];
const large = [1030, 1045, 1099, 1100, 1234, 1987, 2000, 9999, 10_000, 123_456, 999_999, 1_000_000];

test.each([...words, ...small.map(String), ...large.map(String)])('records of %s can be named', (type) => {
  expect(accepted(type)).toBe(true);
});

test.each(['quote', '2', '30', '032', '127', '192', '199', '1029', '1000001', '31x', 'x31', ' deal', '1x5', '10x5'])(
  'records of %j cannot',
  (type) => {
    expect(accepted(type)).toBe(false);
  },
);

test('a source is read without blanks around it', () => {
  expect(protectFileSchema.parse({ sources: [' WEB '] })).toEqual({ sources: ['WEB'] });
});

test('what is written becomes numbers of types, each record, user and source once', () => {
  expect(toProtect()).toStrictEqual(nothingProtected);
  expect(
    toProtect({
      'hold-field': 'UF_CRM_KEEP',
      ids: { deal: [1, 1, 2], 1044: [3] },
      responsible: [7, 7],
      sources: ['WEB', 'WEB'],
    }),
  ).toStrictEqual({
    ...nothingProtected,
    holdField: 'UF_CRM_KEEP',
    ids: { 2: [1, 2], 1044: [3] },
    responsible: [7],
    sources: ['WEB'],
  });
});
