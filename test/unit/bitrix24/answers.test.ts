import { describe, expect, test } from '@jest/globals';
import {
  contactLinkSchema,
  recordSchema,
  envelopeSchema,
  errorEnvelopeSchema,
  profileSchema,
} from '../../../lib/bitrix24/answers.ts';

describe('an answer', () => {
  test.each<[string, unknown, object | undefined]>([
    [
      'in full',
      { duration: 0.2, operating: 1.5, operating_reset_at: 1785312600 },
      { duration: 0.2, operating: 1.5, operating_reset_at: 1785312600 },
    ],
    [
      'with numbers as text',
      { operating: '1.5', operating_reset_at: '1785312600' },
      { operating: 1.5, operating_reset_at: 1785312600 },
    ],
    ['without operating time', { duration: 0.2 }, { duration: 0.2 }],
    ['empty, as PHP writes it', [], undefined],
    ['missing', undefined, undefined],
    ['null', null, undefined],
    ['as text', 'soon', undefined],
    ['with nonsense in it', { duration: 'x', operating: 'x', operating_reset_at: {} }, {}],
  ])('is taken whatever its time is: %s', (_name, time, expected) => {
    const answer = envelopeSchema.parse({ result: true, time });
    expect(answer.result).toBe(true);
    if (expected === undefined) expect(answer.time).toBeUndefined();
    else expect(answer.time).toEqual(expected);
  });

  test('is taken whatever total and next are', () => {
    expect(envelopeSchema.parse({ result: [], total: '7', next: 50 })).toMatchObject({ total: 7, next: 50 });
    const answer = envelopeSchema.parse({ result: [], total: 'many', next: {} });
    expect([answer.total, answer.next]).toEqual([undefined, undefined]);
  });
});

describe('an error is the presence of its key', () => {
  test.each<[object, object | undefined]>([
    [
      { error: 'NOT_FOUND', error_description: 'gone' },
      { error: 'NOT_FOUND', description: 'gone' },
    ],
    [
      { error: '', error_description: 'Not found' },
      { error: '', description: 'Not found' },
    ],
    [{ error: '' }, { error: '', description: '' }],
    [
      { error: 100, error_description: 'Could not find value' },
      { error: '100', description: 'Could not find value' },
    ],
    [{ error: 0 }, { error: '0', description: '' }],
    [{ error: null }, { error: '', description: '' }],
    [
      { error: 'X', error_description: ['a'] },
      { error: 'X', description: '' },
    ],
    [
      { error: 'X', result: true },
      { error: 'X', description: '' },
    ],
    [{ result: true }, undefined],
    [{}, undefined],
  ])('%j', (answer, expected) => {
    expect(errorEnvelopeSchema.safeParse(answer).data).toEqual(expected);
  });

  // Whatever is not seen would count as a success.
  test.each([[[]], [false], [{ code: 'BITRIX_REST_V3_EXCEPTION_ACCESSDENIED' }]])('even when it is %j', (error) => {
    expect(errorEnvelopeSchema.safeParse({ error, result: true }).success).toBe(true);
  });
});

describe('a deal', () => {
  const deal = {
    id: 7,
    categoryId: 5,
    stageId: 'C5:LOSE',
    stageSemanticId: 'F',
    movedTime: '2026-07-29T10:00:00+02:00',
  };

  test('without a pipeline is one of the main pipeline', () => {
    expect(recordSchema.parse({ ...deal, categoryId: null }).categoryId).toBe(0);
    expect(recordSchema.parse({ ...deal, categoryId: undefined }).categoryId).toBe(0);
  });

  test.each([
    { stageSemanticId: 'f' },
    { stageSemanticId: null },
    { movedTime: '' },
    { stageId: 5 },
    { id: 'x' },
    { id: 1.5 },
  ])('that says %j is not read', (changed) => {
    expect(recordSchema.safeParse({ ...deal, ...changed }).success).toBe(false);
  });
});

test('links keep what is needed to put them back, and nothing is invented where a field is missing', () => {
  expect(contactLinkSchema.parse({ CONTACT_ID: '55', SORT: '10', ROLE_ID: 0, IS_PRIMARY: 'Y' })).toEqual({
    CONTACT_ID: 55,
    SORT: 10,
    ROLE_ID: 0,
    IS_PRIMARY: 'Y',
  });
  expect(contactLinkSchema.parse({ CONTACT_ID: 55, SORT: null })).toEqual({ CONTACT_ID: 55, SORT: null });
});

test('who we are must say whether we are an administrator', () => {
  expect(profileSchema.safeParse({ ID: '1', ADMIN: true }).success).toBe(true);
  expect(profileSchema.safeParse({ ID: '1' }).success).toBe(false);
  expect(profileSchema.safeParse({ ID: '1', ADMIN: 'Y' }).success).toBe(false);
});
