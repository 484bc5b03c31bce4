import { describe, expect, test } from '@jest/globals';
import { changesBetween, hasShorterWait } from '../../../lib/rules/changes.ts';
import { allGuards } from '../../../lib/rules/guards.ts';
import type { StoredRule } from '../../../lib/rules/version.ts';
import { ruleDefaults } from './rule-defaults.ts';

const day = 86_400_000;
const rule: StoredRule = {
  id: 'spam',
  when: { type: 'deal', stages: 'all-lost' },
  where: [],
  delete: [{ what: 'deal-contacts' }],
  enabled: true,
  waitMs: day,
  waitFrom: 'loss',
  ...ruleDefaults,
  since: 1,
};
const withKeys = (changed: Partial<StoredRule>): StoredRule => ({ ...rule, ...changed });

describe('what a new version changes', () => {
  test('is everything against no version before', () => {
    expect(changesBetween(undefined, [rule])).toStrictEqual({ added: ['spam'], removed: [], changed: [] });
  });

  test('are rules that came and went, by their ids', () => {
    expect(changesBetween([rule, withKeys({ id: 'old' })], [rule, withKeys({ id: 'new' })])).toEqual({
      added: ['new'],
      removed: ['old'],
      changed: [],
    });
  });

  test.each<[string[], Partial<StoredRule>]>([
    [['description'], { description: 'x' }],
    [['enabled'], { enabled: false }],
    [['type'], { when: { type: 'lead', stages: 'all-lost' } }],
    [['pipelines'], { when: { type: 'deal', stages: 'all-lost', pipelines: [5] } }],
    [['stages'], { when: { type: 'deal', stages: ['LOSE'] } }],
    [['where'], { where: [{ field: 'sourceId', equals: 'WEB' }] }],
    [['wait'], { waitMs: 2 * day }],
    [['wait'], { waitFrom: 'last-activity' }],
    [['delete'], { delete: [{ what: 'deal' }] }],
    [['mode'], { mode: 'observe' }],
    [['comment'], { comment: true }],
    [['snapshot'], { snapshot: 'ids' }],
    [['guards'], { guards: { ...allGuards, quotes: false } }],
    [['enabled', 'mode'], { enabled: false, mode: 'observe' }],
  ])('are the keys of its file that say something else: %j', (keys, changed) => {
    const other = withKeys({ id: 'other', since: 9 });
    expect(changesBetween([other, rule], [other, withKeys(changed)])).toEqual({
      added: [],
      removed: [],
      changed: [{ id: 'spam', keys, begins: false }],
    });
  });

  test('is told to begin anew when it acts only on losses from now on', () => {
    expect(changesBetween([rule], [withKeys({ mode: 'observe', since: 2 })]).changed).toEqual([
      { id: 'spam', keys: ['mode'], begins: true },
    ]);
  });
});

describe('whether what waits may be due sooner', () => {
  const sooner = withKeys({ waitMs: day - 1 });

  test('it may where a rule that goes on waits for less', () => {
    expect(hasShorterWait([rule], [sooner])).toBe(true);
    expect(hasShorterWait([withKeys({ id: 'other' }), rule], [withKeys({ id: 'other' }), sooner])).toBe(true);
  });

  test.each<[string, StoredRule[] | undefined, StoredRule[]]>([
    ['it waits as long', [rule], [rule]],
    ['it waits longer', [rule], [withKeys({ waitMs: day + 1 })]],
    ['it is switched off', [rule], [withKeys({ waitMs: 1, enabled: false })]],
    ['it begins anew', [rule], [withKeys({ waitMs: 1, since: 2 })]],
    ['it is new', [rule], [rule, withKeys({ id: 'new', waitMs: 1 })]],
    ['there was none', undefined, [rule]],
  ])('it may not when %s', (_, before, after) => {
    expect(hasShorterWait(before, after)).toBe(false);
  });
});
