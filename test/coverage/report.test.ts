import { describe, expect, test } from '@jest/globals';
import { factIdsIn } from './fact.ts';
import { allFacts } from './facts.ts';
import { problemsOf, proofsIn, render } from './report.ts';

const groups = [
  {
    title: 'Letters',
    facts: [
      { id: 'letter/a', says: 'the first | of all' },
      { id: 'letter/b', says: 'the second', pending: 'not written' },
    ],
  },
];
const run = (...tests: [fullName: string, status: string][]) =>
  proofsIn(
    {
      testResults: [
        {
          name: '/project/test/letters.test.ts',
          assertionResults: tests.map(([fullName, status]) => ({ fullName, title: fullName, status })),
        },
      ],
    },
    '/project',
  );

test('a title may name several facts, and other brackets are none', () => {
  expect(factIdsIn('is [done] at last [letter/a] [letter/b/c-1] [x]')).toEqual(['letter/a', 'letter/b/c-1']);
});

describe('the check', () => {
  test('has nothing to say when every fact has a test that passes', () => {
    const [first] = groups;
    const one = [{ title: 'Letters', facts: first?.facts.slice(0, 1) ?? [] }];
    expect(problemsOf(one, run(['holds [letter/a]', 'passed'], ['has no fact', 'passed']))).toEqual([]);
  });

  test('names facts without a test, those that are pending, and tests that fail or were left out', () => {
    expect(problemsOf(groups, run(['holds [letter/a]', 'pending']))).toEqual([
      'letter/a has no test that passes',
      'letter/b is pending: not written',
    ]);
    expect(problemsOf(groups, run(['holds [letter/a]', 'failed']))).toContain(
      'test/letters.test.ts: "holds" fails, so letter/a is not proven',
    );
  });

  test('names what is pending and proven, and facts that nobody lists or somebody lists twice', () => {
    expect(problemsOf(groups, run(['a [letter/a]', 'passed'], ['b [letter/b]', 'passed']))).toEqual([
      'letter/b is proven now and must not be pending any more',
    ]);
    expect(problemsOf([], run(['c [letter/c]', 'passed']))).toEqual([
      'test/letters.test.ts: "c" names letter/c, which is no fact',
    ]);
    expect(problemsOf([...groups, ...groups], run(['a [letter/a]', 'passed']))).toContain('letter/a is listed twice');
  });
});

test('the page has a row for each fact, with its tests', () => {
  const text = render(groups, run(['holds [letter/a]', 'passed'], ['holds too [letter/a]', 'passed']));
  const link = '[letters.test.ts](../test/letters.test.ts)';
  expect(text).toContain(`| \`letter/a\` | the first \\| of all | ${link}: holds<br>${link}: holds too |`);
  expect(text).toContain('| `letter/b` | the second | not yet: not written |');
});

test('each fact is listed once, under an id that a title can carry', () => {
  const ids = allFacts.flatMap(({ facts }) => facts.map(({ id }) => id));
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.flatMap((id) => factIdsIn(`[${id}]`))).toEqual(ids);
});
