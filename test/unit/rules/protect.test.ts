import { describe, expect, test } from '@jest/globals';
import { allGuards, guardNames } from '../../../lib/rules/guards.ts';
import { holdFieldSchema, nothingProtected, type Protect, protectsLess } from '../../../lib/rules/protect.ts';

const less = (before: Partial<Protect>, after: Partial<Protect>) =>
  protectsLess({ ...nothingProtected, ...before }, { ...nothingProtected, ...after });

test('a hold field is the code of a user field and nothing around it', () => {
  const accepted = (name: string) => holdFieldSchema.safeParse(name).success;
  expect(['UF_CRM_KEEP', 'UF_CRM_7_KEEP'].map(accepted)).toEqual([true, true]);
  expect(['xUF_CRM_KEEP', 'UF_CRM_KEEP ', 'UF_CRM_', 'UF_CRM_keep'].map(accepted)).toEqual([
    false,
    false,
    false,
    false,
  ]);
});

describe('a file protects less than before', () => {
  test('without its hold field, or with another one', () => {
    expect(less({ holdField: 'UF_CRM_A' }, {})).toBe(true);
    expect(less({ holdField: 'UF_CRM_A' }, { holdField: 'UF_CRM_B' })).toBe(true);
    expect(less({ holdField: 'UF_CRM_A' }, { holdField: 'UF_CRM_A' })).toBe(false);
    expect(less({}, { holdField: 'UF_CRM_A' })).toBe(false);
  });

  test('without one of its users or sources, not with more', () => {
    expect(less({ responsible: [1, 2] }, { responsible: [1] })).toBe(true);
    expect(less({ responsible: [1] }, { responsible: [1, 2] })).toBe(false);
    expect(less({ sources: ['A', 'B'] }, { sources: ['B'] })).toBe(true);
    expect(less({ sources: ['A'] }, { sources: ['A', 'B'] })).toBe(false);
  });

  test('but not without a single record', () => {
    expect(less({ ids: { 3: [5] } }, {})).toBe(false);
  });
});

test('every guard of a rule can be named', () => {
  expect(Object.keys(allGuards)).toEqual([...guardNames]);
});
