import { describe, expect, test } from '@jest/globals';
import type { StoredRule } from '../../../lib/rules/version.ts';
import type { PresentRecord } from '../../../lib/tasks/decide.ts';
import { callsFor, rulesFor, rulesToPlan } from '../../../lib/tasks/planned.ts';
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

test('what was looked for for some rules is never too old for them, and news of 7 days for the others', () => {
  const [a, b, c] = [
    { ...rule, id: 'a' },
    { ...rule, id: 'b' },
    { ...rule, id: 'c' },
  ];
  const found = (receivedAt: number, sought: string[]) =>
    rulesFor(lost, [a, b, c], enforcing, { source: 'reconcile', sought, receivedAt, now: receivedAt });
  expect(found(moved + week + 1, ['c', 'b'])).toEqual([b, c]);
  expect(found(moved + week + 1, [])).toEqual([]);
  expect(found(moved + week, ['b'])).toEqual([a, b, c]);
});

test.each<[string, Partial<StoredRule>, Parameters<typeof rulesFor>[2]]>([
  ['said something else then', { since: moved + 1 }, enforcing],
  ['is on a portal that enforces since later', {}, { mode: 'enforce', enforcedAt: moved + 1 }],
])('what was looked for for a rule is not its own when it %s', (_name, changed, portal) => {
  const found = { source: 'reconcile', sought: ['spam'], receivedAt: moved + 2, now: moved + 2 } as const;
  expect(rulesFor(lost, [{ ...rule, ...changed }], portal, found)).toEqual([]);
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

test('a record that is gone calls for nothing, whoever asks', () => {
  for (const source of ['app', 'operator', 'reconcile'] as const) {
    const question = { ...asked, source };
    expect(rulesFor({ found: false }, [rule], { mode: 'observe' }, question)).toEqual([]);
    expect(rulesToPlan({ found: false }, [rule], { mode: 'observe' }, question)).toEqual([]);
  }
});

test('a person may ask for what was lost after they asked, as long as the rule was there and the portal enforced', () => {
  const byPerson = { ...asked, source: 'operator', askedAt: moved - 1 } as const;
  expect(rulesFor(lost, [rule], enforcing, byPerson)).toEqual([]);
  expect(rulesFor(lost, [{ ...rule, since: moved - 1 }], { mode: 'enforce', enforcedAt: moved - 1 }, byPerson)).toEqual(
    [{ ...rule, since: moved - 1 }],
  );
});

describe('a task is made now', () => {
  const waiting = (waitMs: number, more: Partial<StoredRule> = {}): StoredRule => ({ ...rule, waitMs, ...more });
  const ends = week + 9;
  const now = moved + 9;

  test.each<[string, StoredRule, boolean]>([
    ['whose wait is over', waiting(0), true],
    ['whose wait ends in 7 days, to the millisecond', waiting(ends), true],
    ['whose wait ends a millisecond later', waiting(ends + 1), false],
  ])('for a rule %s: %s', (_name, one, expected) => {
    for (const source of ['app', 'reconcile', 'operator'] as const) {
      const question = { source, receivedAt: now, now };
      expect(rulesToPlan(lost, [one], enforcing, question)).toEqual(expected ? [one] : []);
    }
  });

  test.each<[string, StoredRule, Parameters<typeof rulesFor>[2]]>([
    ['the rule is younger than the loss', waiting(ends + 1, { since: moved + 1 }), enforcing],
    ['the portal enforces since later', waiting(ends + 1), { mode: 'enforce', enforcedAt: moved + 1 }],
  ])('for what a person asked for and no later look would find, because %s', (_name, one, portal) => {
    const question = { source: 'operator', receivedAt: now, now } as const;
    expect(rulesToPlan(lost, [one], portal, question)).toEqual([one]);
    expect(rulesToPlan(lost, [one], portal, { ...question, source: 'reconcile' })).toEqual([]);
    expect(rulesToPlan(lost, [one], portal, { ...question, source: 'app' })).toEqual([]);
  });

  test('for nothing that the nightly look will find, however long ago it was lost when a person asks', () => {
    const later = moved + 2 * week;
    const question = { source: 'operator', receivedAt: later, now: later } as const;
    expect(rulesToPlan(lost, [waiting(4 * week)], enforcing, question)).toEqual([]);
  });

  test('for what a person asked for and was in its stage before that became a lost one', () => {
    const question = { source: 'operator', receivedAt: now, now, stageLostSince: moved + 1 } as const;
    expect(rulesToPlan(lost, [waiting(ends + 1)], enforcing, question)).toEqual([waiting(ends + 1)]);
  });
});

describe('a wish calls for rules, each with the source that counts for it', () => {
  const now = moved + 9;
  const at = { now };
  const named = (id: string, more: Partial<StoredRule> = {}): StoredRule => ({ ...rule, id, ...more });
  const [a, b] = [named('a'), named('b')];
  const byPerson = { source: 'operator', receivedAt: now, askedAt: now } as const;

  test.each(['app', 'webhook', 'robot', 'reconcile'] as const)('of %s for all that act', (source) => {
    const rules = [a, named('off', { enabled: false }), named('young', { since: moved + 1 }), b];
    expect(callsFor(lost, rules, enforcing, { source, receivedAt: now }, at)).toEqual([
      { rule: a, source },
      { rule: b, source },
    ]);
  });

  test('what an event tells of has no names of rules', () => {
    const wish = { source: 'app', receivedAt: now, rules: ['b'] } as const;
    expect(callsFor(lost, [a], enforcing, wish, at)).toEqual([{ rule: a, source: 'app' }]);
    const late = { source: 'app', receivedAt: moved + week + 1, rules: ['a'] } as const;
    expect(callsFor(lost, [a], enforcing, late, at)).toEqual([]);
  });

  test('of reconciliation for those that it looked for it for, however old; for the others as of an event', () => {
    const wish = (receivedAt: number) => ({ source: 'reconcile', receivedAt, rules: ['b'] }) as const;
    const calls = (late: number) => callsFor(lost, [a, b], enforcing, wish(late), { now: late });
    expect(calls(moved + week + 1)).toEqual([{ rule: b, source: 'reconcile' }]);
    expect(calls(moved + week)).toEqual([
      { rule: a, source: 'reconcile' },
      { rule: b, source: 'reconcile' },
    ]);
  });

  test('of reconciliation for none that names rules which are gone, or none, when the loss is no news', () => {
    const late = moved + week + 1;
    for (const rules of [['gone'], []]) {
      expect(callsFor(lost, [a], enforcing, { source: 'reconcile', receivedAt: late, rules }, { now: late })).toEqual(
        [],
      );
    }
  });

  test('of a person for the others as found on purpose, however old', () => {
    const late = moved + 52 * week;
    const wish = { source: 'operator', receivedAt: late, askedAt: late, rules: ['b'] } as const;
    expect(callsFor(lost, [a, b], enforcing, wish, { now: late })).toEqual([
      { rule: b, source: 'operator' },
      { rule: a, source: 'reconcile' },
    ]);
  });

  test('of an event for none when it came more than 7 days after the loss, or the stage became a lost one later', () => {
    const late = { source: 'app', receivedAt: moved + week + 1 } as const;
    expect(callsFor(lost, [a], enforcing, late, { now: late.receivedAt })).toEqual([]);
    const event = { source: 'app', receivedAt: now } as const;
    expect(callsFor(lost, [a], enforcing, event, { now, stageLostSince: moved + 1 })).toEqual([]);
  });

  test('of a person for all, when they name none', () => {
    const rules = [a, named('young', { since: now })];
    expect(callsFor(lost, rules, enforcing, byPerson, at)).toEqual(
      rules.map((one) => ({ rule: one, source: 'operator' })),
    );
  });

  test('of a person for those that they name; for the others the record has been found on purpose', () => {
    const young = named('young', { since: moved + 1 });
    expect(callsFor(lost, [a, b, young], enforcing, { ...byPerson, rules: ['b'] }, at)).toEqual([
      { rule: b, source: 'operator' },
      { rule: a, source: 'reconcile' },
    ]);
    expect(callsFor(lost, [a, young], enforcing, { ...byPerson, rules: ['young'] }, at)).toEqual([
      { rule: young, source: 'operator' },
      { rule: a, source: 'reconcile' },
    ]);
    expect(callsFor(lost, [a], enforcing, { ...byPerson, rules: [] }, at)).toEqual([{ rule: a, source: 'reconcile' }]);
  });

  test('of a person for what a rule said when they asked, not when their wish arrived', () => {
    const wish = { ...byPerson, askedAt: moved + 1 };
    const [asAsked, changed] = [named('asked', { since: moved + 1 }), named('changed', { since: moved + 2 })];
    expect(callsFor(lost, [asAsked, changed], enforcing, wish, at)).toEqual([{ rule: asAsked, source: 'operator' }]);
  });

  test('of a person by what their wait says: a task now only for what no later look would find', () => {
    const long = { waitMs: 2 * week };
    const [known, young] = [named('known', long), named('young', { ...long, since: moved + 1 })];
    expect(callsFor(lost, [known, young], enforcing, byPerson, at)).toEqual([{ rule: young, source: 'operator' }]);
  });
});
