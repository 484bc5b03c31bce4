import { describe, expect, test } from '@jest/globals';
import { loadRules } from '../../../lib/rules/load.ts';
import { nextVersion, reach, type StoredRules, storedRulesSchema, typesOf } from '../../../lib/rules/version.ts';
import { nothingProtected } from '../../../lib/rules/protect.ts';
import { ruleDefaults } from './rule-defaults.ts';

const file = (rule: string, deletions = 'deal-contacts'): string =>
  `version: 1\nrules:\n  - { ${rule}, delete: [${deletions}] }`;
const original = file('id: one, when: { type: deal, pipelines: [0, 10, 9], stages: [LOSE, "C9:LOSE"] }');

function push(previous: StoredRules | undefined, source: string, at: number): StoredRules {
  return nextVersion(previous, loadRules(source), source, at, 'someone');
}
const sinceOf = (stored: StoredRules): (number | undefined)[] => stored.rules.map(({ since }) => since);

test('the first version is 1, and its rules act from now on', () => {
  const stored = push(undefined, original, 1000);
  expect(stored).toEqual({
    version: 1,
    pushedAt: 1000,
    pushedBy: 'someone',
    source: original,
    rules: [
      {
        id: 'one',
        enabled: true,
        when: { type: 'deal', pipelines: [0, 10, 9], stages: ['LOSE', 'C9:LOSE'] },
        where: [],
        waitMs: 86_400_000,
        waitFrom: 'loss',
        delete: [{ what: 'deal-contacts' }],
        ...ruleDefaults,
        since: 1000,
      },
    ],
    protect: nothingProtected,
  });
});

test('a stored version is read again by its schema, and nothing else is', () => {
  const stored = push(undefined, original, 1000);
  expect(storedRulesSchema.parse(JSON.parse(JSON.stringify(stored)))).toEqual(stored);
  expect(storedRulesSchema.safeParse({ ...stored, version: 0 }).success).toBe(false);
  expect(storedRulesSchema.safeParse({ ...stored, extra: 1 }).success).toBe(false);
  expect(storedRulesSchema.safeParse({ ...stored, rules: [{ ...stored.rules[0], since: -1 }] }).success).toBe(false);
  expect(storedRulesSchema.safeParse({ ...stored, rules: [{ ...stored.rules[0], wait: '1d' }] }).success).toBe(false);
});

describe('the rule goes on from when it began', () => {
  const first = push(undefined, original, 1000);
  test.each([
    ['when nothing has changed', original],
    [
      'when only the order of lists has',
      file('id: one, when: { type: deal, pipelines: [9, 0, 10], stages: ["C9:LOSE", LOSE] }'),
    ],
    [
      'when only its wait, description or switch have',
      file(
        'id: one, description: x, enabled: false, wait: 1d, when: { type: deal, pipelines: [0, 9, 10], stages: [LOSE, "C9:LOSE"] }',
      ),
    ],
  ])('%s', (_, source) => {
    const second = push(first, source, 2000);
    expect(second.version).toBe(2);
    expect(second.pushedAt).toBe(2000);
    expect(sinceOf(second)).toEqual([1000]);
  });

  const deals = 'id: one, when: { type: deal, stages: all-lost }';
  test.each([
    [
      'when only the order of conditions, their parts and values has changed',
      file(`${deals}, where: { opportunity: { at-least: 1, at-most: 2 }, sourceId: { in: [WEB, CALL] } }`),
      file(`${deals}, where: { sourceId: { in: [CALL, WEB] }, opportunity: { at-most: 2, at-least: 1 } }`),
    ],
    [
      'when one value is written as a list of one',
      file(`${deals}, where: { sourceId: WEB }`),
      file(`${deals}, where: { sourceId: { in: [WEB] } }`),
    ],
    [
      'when only the order of deletions has',
      file(deals, 'contacts, { items: { type: 130 } }'),
      file(deals, '{ items: { type: 130 } }, { contacts: { via: crm.item.delete } }'),
    ],
    [
      'when only the time of a wait from the last activity has',
      file(`${deals}, wait: { for: 24h, from: last-activity }`),
      file(`${deals}, wait: { for: 10d, from: last-activity }`),
    ],
  ])('%s', (_, before, after) => {
    expect(sinceOf(push(push(undefined, before, 1000), after, 2000))).toEqual([1000]);
  });

  test('over many versions', () => {
    expect(sinceOf(push(push(first, original, 2000), original, 3000))).toEqual([1000]);
  });
});

describe('the rule begins anew', () => {
  const first = push(undefined, original, 1000);
  test.each([
    ['with another id', file('id: two, when: { type: deal, pipelines: [0, 9, 10], stages: [LOSE, "C9:LOSE"] }')],
    ['with other pipelines', file('id: one, when: { type: deal, pipelines: [0, 9], stages: [LOSE, "C9:LOSE"] }')],
    ['with all pipelines', file('id: one, when: { type: deal, stages: [LOSE, "C9:LOSE"] }')],
    ['with other stages', file('id: one, when: { type: deal, pipelines: [0, 9, 10], stages: [LOSE] }')],
    ['with all-lost', file('id: one, when: { type: deal, pipelines: [0, 9, 10], stages: all-lost }')],
  ])('%s', (_, source) => {
    expect(sinceOf(push(first, source, 2000))).toEqual([2000]);
  });

  test('after it was switched off', () => {
    const off = push(first, original.replace('id: one', 'id: one, enabled: false'), 2000);
    expect(sinceOf(push(off, original, 3000))).toEqual([3000]);
  });

  test('after it was left out', () => {
    const without = push(first, 'version: 1\nrules: []', 2000);
    expect(sinceOf(push(without, original, 3000))).toEqual([3000]);
  });

  const deals = 'id: one, when: { type: deal, stages: all-lost }';
  test.each([
    ['with a further deletion', file(deals), file(deals, 'deal-contacts, contacts')],
    ['with a deletion less', file(deals, 'deal-contacts, company'), file(deals)],
    ['with items of another type', file(deals, '{ items: { type: 130 } }'), file(deals, '{ items: { type: 131 } }')],
    ['with another type', file(deals, 'contacts'), file(deals.replace('deal', 'lead'), 'contacts')],
    ['with a condition', file(deals), file(`${deals}, where: { sourceId: WEB }`)],
    ['without its condition', file(`${deals}, where: { sourceId: WEB }`), file(deals)],
    [
      'with another value in a condition',
      file(`${deals}, where: { sourceId: { in: [WEB, CALL] } }`),
      file(`${deals}, where: { sourceId: { in: [WEB] } }`),
    ],
    [
      'with a number in place of text',
      file(`${deals}, where: { sourceId: "1" }`),
      file(`${deals}, where: { sourceId: 1 }`),
    ],
    ['counting from the last activity', file(deals), file(`${deals}, wait: { for: 24h, from: last-activity }`)],
  ])('%s', (_, before, after) => {
    expect(sinceOf(push(push(undefined, before, 1000), after, 2000))).toEqual([2000]);
  });

  test('when all-lost becomes the name of a stage', () => {
    const all = push(undefined, file('id: one, when: { type: deal, stages: all-lost }'), 1000);
    expect(sinceOf(push(all, file('id: one, when: { type: deal, stages: [all-lost] }'), 2000))).toEqual([2000]);
  });

  test('without touching the others', () => {
    const two = `${original}\n  - { id: two, when: { type: deal, stages: all-lost }, delete: [deal-contacts] }`;
    expect(sinceOf(push(first, two, 2000))).toEqual([1000, 2000]);
  });
});

test('the types of the rules are those of the ones that are switched on, each once', () => {
  const rules = [
    ['a', 1044],
    ['b', 'deal'],
    ['c', 'lead'],
    ['d', 'deal'],
  ].map(([id, type]) => `  - { id: ${id}, when: { type: ${type}, stages: all-lost }, delete: [contacts] }`);
  const off = '  - { id: e, enabled: false, when: { type: 130, stages: all-lost }, delete: [contacts] }';
  expect(typesOf(loadRules(`version: 1\nrules:\n${[...rules, off].join('\n')}`).rules)).toEqual([1, 2, 1044]);
});

describe('what a rule is about', () => {
  const [rule] = loadRules(original).rules;
  if (!rule) throw new Error('no rule');

  test('does not depend on the order of the keys of a condition', () => {
    const inOrder = { field: 'opportunity', atLeast: 1, atMost: 5 };
    const other = { atMost: 5, atLeast: 1, field: 'opportunity' };
    expect(reach({ ...rule, where: [other] })).toBe(reach({ ...rule, where: [inOrder] }));
  });

  test('is another thing for all lost stages than for any list of stages', () => {
    const of = (stages: 'all-lost' | string[]) => reach({ ...rule, when: { type: 'deal', stages } });
    expect(of([...new Set('all-lost')])).not.toBe(of('all-lost'));
  });
});

test('a rule that goes on observing goes on', () => {
  const observing = (wait: string) =>
    file(`id: one, mode: observe, wait: ${wait}, when: { type: deal, stages: all-lost }`);
  expect(sinceOf(push(push(undefined, observing('1d'), 1000), observing('2d'), 2000))).toEqual([1000]);
});
