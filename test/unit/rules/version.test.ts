import { describe, expect, test } from '@jest/globals';
import { loadRules } from '../../../lib/rules/load.ts';
import { nextVersion, type StoredRules, storedRulesSchema } from '../../../lib/rules/version.ts';

const file = (rule: string): string => `version: 1\nrules:\n  - { ${rule}, delete: [deal-contacts] }`;
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
        waitMs: 86_400_000,
        delete: ['deal-contacts'],
        since: 1000,
      },
    ],
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

  test('with other deletions', () => {
    const before: StoredRules = { ...first, rules: first.rules.map((rule) => ({ ...rule, delete: [] })) };
    expect(sinceOf(push(before, original, 2000))).toEqual([2000]);
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
