import { describe, expect, test } from '@jest/globals';
import { loadRules } from '../../../lib/rules/load.ts';
import { RulesError } from '../../../lib/rules/rules-error.ts';

const rule = (id: string, lines: string, { type = 'deal', wait = '24h', entry = 'contacts' } = {}) =>
  `  - { id: ${id}, when: { type: ${type}, stages: all-lost }, wait: ${wait}, delete: [${entry}]${lines} }\n`;
const file = (...rules: string[]) => `version: 1\nrules:\n${rules.join('')}`;
const comment = ', comment: true';

function problems(source: string): string[] {
  try {
    loadRules(source);
  } catch (error) {
    if (error instanceof RulesError) return error.message.split('\n');
    throw error;
  }
  return [];
}

const fromActivity = '{ for: 24h, from: last-activity }';

describe('comment: true', () => {
  test('goes with a rule whose wait begins at the loss, of any type', () => {
    const rules = [
      rule('a', comment),
      rule('b', comment, { type: 'lead' }),
      rule('c', comment, { type: '1044', wait: '30d', entry: 'item' }),
    ];
    expect(problems(file(...rules))).toEqual([]);
    expect(loadRules(file(...rules)).rules.map((one) => one.comment)).toEqual([true, true, true]);
  });

  test.each([
    ['a wait from the last activity', rule('a', comment, { wait: fromActivity }), 'from: last-activity'],
    [
      'a condition on the last activity',
      rule('a', `${comment}, where: { lastActivityTime: { older-than: 90d } }`),
      'a condition on lastActivityTime',
    ],
    [
      'a condition on who did something last',
      rule('a', `${comment}, where: { lastActivityBy: 7 }`),
      'a condition on lastActivityBy',
    ],
    [
      'a condition on who changed it last',
      rule('a', `${comment}, where: { updatedBy: 7 }`),
      'a condition on updatedBy',
    ],
    [
      'a condition on the last change',
      rule('a', `${comment}, where: { updatedTime: { older-than: 90d } }`),
      'a condition on updatedTime',
    ],
  ])('does not go with %s, which it would change itself', (_, source, what) => {
    const [problem, ...others] = problems(file(source));
    expect(problem).toContain('rules[0].comment: a comment counts as activity');
    expect(problem).toContain(`the rule has ${what}`);
    expect(others).toEqual([]);
  });

  test('does not go with another rule about such records that counts from the last activity', () => {
    const waiting = rule('b', '', { wait: fromActivity });
    const [problem] = problems(file(rule('a', comment), waiting));
    expect(problem).toContain('rules[0].comment: a comment counts as activity, and rule b has from: last-activity');
  });

  test.each([
    ['is about other records', rule('a', comment), rule('b', '', { type: 'lead', wait: fromActivity })],
    ['is switched off', rule('a', comment), rule('b', ', enabled: false', { wait: fromActivity })],
    [
      'stays, while the one that comments is switched off',
      rule('a', `${comment}, enabled: false`),
      rule('b', '', { wait: fromActivity }),
    ],
  ])('goes with a rule from the last activity that %s', (_, ...rules) => {
    expect(problems(file(...rules))).toEqual([]);
  });

  test('does not go with a rule that deletes the lost record at once', () => {
    const [problem] = problems(file(rule('a', comment, { wait: '0m', entry: 'deal' })));
    expect(problem).toContain('rules[0].comment: nobody could read it');
    expect(problems(file(rule('a', comment, { wait: '0m' })))).toEqual([]);
    expect(problems(file(rule('a', comment, { wait: '1m', entry: 'deal' })))).toEqual([]);
  });

  test.each<[string, string, string]>([
    ['deal', 'deal', '{ for: 0m }'],
    ['lead', 'lead', '0m'],
    ['1044', 'item', '0m'],
  ])('nor with one about %s that deletes it as %s, with the wait %s', (type, entry, wait) => {
    const [problem] = problems(file(rule('a', comment, { type, entry, wait })));
    expect(problem).toContain('rules[0].comment: nobody could read it');
  });

  test('goes with a wait from the loss that is written as a map', () => {
    expect(problems(file(rule('a', comment, { wait: '{ for: 24h, from: loss }', entry: 'deal' })))).toEqual([]);
  });
});
