import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { Semantics } from '../../../lib/bitrix24/stages.ts';
import { matches, type RecordState } from '../../../lib/rules/match.ts';
import type { Rule } from '../../../lib/rules/schema.ts';

type Matching = Pick<Rule, 'enabled' | 'when' | 'where'>;
const allLost: Matching = { enabled: true, where: [], when: { type: 'deal', stages: 'all-lost' } };
const of = (stages: string[], pipelines?: number[]): Matching => ({
  enabled: true,
  where: [],
  when: { type: 'deal', stages, ...(pipelines && { pipelines }) },
});
const lost = (categoryId: number, stageId: string): RecordState => ({
  entityTypeId: 2,
  categoryId,
  stageId,
  semantics: 'F',
  fields: {},
});

test.each<[string, Matching, RecordState, boolean]>([
  ['all-lost takes every lost stage', allLost, lost(5, 'C5:APOLOGY'), true],
  ['all-lost takes a lost stage of the main pipeline', allLost, lost(0, 'LOSE'), true],
  ['a disabled rule takes nothing', { ...allLost, enabled: false }, lost(0, 'LOSE'), false],
  ['a rule for deals takes no lead', allLost, { ...lost(0, 'JUNK'), entityTypeId: 1 }, false],
  ['a stage in progress is not lost, whatever its name', of(['LOSE']), { ...lost(0, 'LOSE'), semantics: 'P' }, false],
  ['a won stage is not lost, whatever its name', allLost, { ...lost(0, 'LOSE'), semantics: 'S' }, false],
  ['a pipeline that is named is taken', of(['C5:LOSE'], [0, 5]), lost(5, 'C5:LOSE'), true],
  [
    'a pipeline that is not named is not',
    { enabled: true, where: [], when: { type: 'deal', stages: 'all-lost', pipelines: [0] } },
    lost(5, 'C5:LOSE'),
    false,
  ],
  ['a stage that is not named is not taken', of(['C5:LOSE']), lost(5, 'C5:APOLOGY'), false],
  ['one of several stages is taken', of(['C5:APOLOGY', 'C5:LOSE']), lost(5, 'C5:LOSE'), true],
  ['a bare code is the main pipeline’s', of(['LOSE']), lost(0, 'LOSE'), true],
  ['a bare code is no other pipeline’s', of(['LOSE']), lost(5, 'C5:LOSE'), false],
  ['a prefixed code is no main pipeline’s', of(['C5:LOSE']), lost(0, 'LOSE'), false],
  ['a record’s bare code belongs to its pipeline', of(['C5:LOSE']), lost(5, 'LOSE'), true],
  ['and to no other', of(['LOSE']), lost(5, 'LOSE'), false],
  ['C0: is the main pipeline', of(['C0:LOSE']), lost(0, 'LOSE'), true],
  ['codes are compared as a whole', of(['C5:LOSE']), lost(55, 'C55:LOSE'), false],
  ['codes are compared in their case', of(['c5:lose']), lost(5, 'C5:LOSE'), false],
])('%s', (_, rule, record, expected) => {
  expect(matches(rule, record, 0)).toBe(expected);
});

test('no rule whatever takes a record that is not lost', () => {
  const code = fc.constantFrom('LOSE', 'WON', 'C5:LOSE', 'C5:NEW');
  const rule = fc.record({
    enabled: fc.boolean(),
    where: fc.constant<Matching['where']>([]),
    when: fc.record({
      type: fc.constant('deal' as const),
      stages: fc.oneof(fc.constant('all-lost' as const), fc.array(code)),
    }),
  });
  const record = fc.record({
    entityTypeId: fc.constantFrom(1, 2),
    categoryId: fc.constantFrom(0, 5),
    stageId: code,
    semantics: fc.constantFrom<Semantics>('P', 'S'),
    fields: fc.constant({}),
  });
  fc.assert(fc.property(rule, record, (drawnRule, drawnRecord) => !matches(drawnRule, drawnRecord, 0)));
});

test('a condition looks at what the record has itself, and at nothing that every object has', () => {
  const filled = (field: string): Matching => ({ ...allLost, where: [{ field, empty: false }] });
  for (const name of ['constructor', 'toString', 'valueOf', 'hasOwnProperty']) {
    expect(matches(filled(name), lost(0, 'LOSE'), 0)).toBe(false);
  }
  const record = { ...lost(0, 'LOSE'), fields: { title: 'x' } };
  expect(matches(filled('title'), record, 0)).toBe(true);
  expect(matches({ ...allLost, where: [{ field: 'sourceId', empty: true }] }, record, 0)).toBe(false);
});
