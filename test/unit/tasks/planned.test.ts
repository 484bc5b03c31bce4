import { expect, test } from '@jest/globals';
import type { StoredRule } from '../../../lib/rules/version.ts';
import type { PresentRecord } from '../../../lib/tasks/decide.ts';
import { rulesFor } from '../../../lib/tasks/planned.ts';
import { ruleDefaults } from '../rules/rule-defaults.ts';

const week = 7 * 24 * 3600 * 1000;
const moved = 1_785_000_000_000;
const lost = {
  found: true,
  entityTypeId: 2,
  categoryId: 5,
  stageId: 'C5:LOSE',
  semantics: 'F',
  movedTime: moved,
  companyId: 0,
  contactIds: [],
  fields: {},
} as const;
const rule: StoredRule = {
  id: 'spam',
  when: { type: 'deal', stages: 'all-lost' },
  where: [],
  delete: [{ what: 'deal-contacts' }],
  enabled: true,
  waitMs: 0,
  waitFrom: 'loss',
  ...ruleDefaults,
  since: moved,
};
const enforcing = { mode: 'enforce', enforcedAt: moved } as const;

test.each<[string, PresentRecord, StoredRule, Parameters<typeof rulesFor>[2], number, boolean]>([
  ['a loss that is news', lost, rule, enforcing, moved + 1, true],
  ['a record that is gone', { found: false }, rule, enforcing, moved, false],
  ['a deal that was won', { ...lost, semantics: 'S' }, rule, enforcing, moved, false],
  ['a deal in progress', { ...lost, semantics: 'P' }, rule, enforcing, moved, false],
  ['a loss of 7 days ago, to the millisecond', lost, rule, enforcing, moved + week, true],
  ['a loss of a millisecond more than 7 days ago', lost, rule, enforcing, moved + week + 1, false],
  ['a loss at the moment the rule was pushed', lost, { ...rule, since: moved }, enforcing, moved, true],
  ['a loss a millisecond before the rule was pushed', lost, { ...rule, since: moved + 1 }, enforcing, moved, false],
  ['a loss at the moment the portal began to enforce', lost, rule, { mode: 'enforce', enforcedAt: moved }, moved, true],
  ['a loss a millisecond before that', lost, rule, { mode: 'enforce', enforcedAt: moved + 1 }, moved, false],
  ['a portal that enforces and does not say since when', lost, rule, { mode: 'enforce' }, moved, false],
  ['a portal that observes', lost, rule, { mode: 'observe' }, moved, true],
  ['a portal that observes and enforced later', lost, rule, { mode: 'observe', enforcedAt: moved + 1 }, moved, true],
  ['a rule that is switched off', lost, { ...rule, enabled: false }, enforcing, moved, false],
  ['a rule for another pipeline', lost, { ...rule, when: { ...rule.when, pipelines: [0] } }, enforcing, moved, false],
  ['a record of another type', { ...lost, entityTypeId: 1 }, rule, enforcing, moved, false],
])('%s', (_name, record, aRule, portal, receivedAt, expected) => {
  expect(rulesFor(record, [aRule], portal, { source: 'app', receivedAt, now: receivedAt })).toEqual(
    expected ? [aRule] : [],
  );
});

const asked = { source: 'app', receivedAt: moved, now: moved } as const;

test('every rule that matches is called for, in the order of the file, and no other', () => {
  const rules = [
    { ...rule, id: 'first' },
    { ...rule, id: 'off', enabled: false },
    { ...rule, id: 'second' },
    { ...rule, id: 'too-new', since: moved + 1 },
  ];
  expect(rulesFor(lost, rules, enforcing, asked).map(({ id }) => id)).toEqual(['first', 'second']);
});

test('what reconciliation looked for on purpose is never too old, but for the portal and the rule', () => {
  const found = { source: 'reconcile', receivedAt: moved + 52 * week, now: moved + 52 * week } as const;
  expect(rulesFor(lost, [rule], enforcing, found)).toEqual([rule]);
  expect(rulesFor(lost, [{ ...rule, since: moved + 1 }], enforcing, found)).toEqual([]);
  expect(rulesFor(lost, [rule], { mode: 'enforce', enforcedAt: moved + 1 }, found)).toEqual([]);
});

test.each(['app', 'webhook', 'robot'] as const)('an event of %s makes news of the 7 days before it came', (source) => {
  const event = { ...asked, source };
  expect(rulesFor(lost, [rule], enforcing, { ...event, receivedAt: moved + week })).toEqual([rule]);
  expect(rulesFor(lost, [rule], enforcing, { ...event, receivedAt: moved + week + 1 })).toEqual([]);
});

test('what a person asked for is taken whenever it was lost, as long as the rule is about it', () => {
  const byPerson = { ...asked, source: 'operator', receivedAt: moved + 52 * week, stageLostSince: moved + 1 } as const;
  const late = { ...rule, since: moved + 1 };
  expect(rulesFor(lost, [late], { mode: 'enforce', enforcedAt: moved + 1 }, byPerson)).toEqual([late]);
  expect(rulesFor(lost, [{ ...late, enabled: false }], enforcing, byPerson)).toEqual([]);
});

test.each<[string, Partial<StoredRule>, Parameters<typeof rulesFor>[2], boolean]>([
  ['a rule as it was when the person asked', { since: moved + 9 }, { mode: 'enforce', enforcedAt: moved + 9 }, true],
  ['a rule of a millisecond later', { since: moved + 10 }, enforcing, false],
  ['a switch to enforce of a millisecond later', {}, { mode: 'enforce', enforcedAt: moved + 10 }, false],
  ['a portal that only observes', {}, { mode: 'observe', enforcedAt: moved + 10 }, true],
])('asked for by a person: %s', (_name, changed, portal, expected) => {
  const late = { ...rule, ...changed };
  const byPerson = { source: 'operator', receivedAt: moved + week, askedAt: moved + 9, now: moved + week } as const;
  expect(rulesFor(lost, [late], portal, byPerson)).toEqual(expected ? [late] : []);
});

test.each([0, -1])('a record that was in its stage before that became a lost one has not been lost', (earlier) => {
  const question = { ...asked, stageLostSince: moved - earlier };
  expect(rulesFor(lost, [rule], enforcing, question)).toEqual(earlier === 0 ? [rule] : []);
});
