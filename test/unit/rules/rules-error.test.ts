import { expect, test } from '@jest/globals';
import { type Problem, RulesError } from '../../../lib/rules/rules-error.ts';

const problem = (line: number, column: number, more: Partial<Problem> = {}): Problem => ({
  line,
  column,
  path: '',
  message: 'is wrong',
  ...more,
});

test('says each problem on a line of its own: where, what, and how to mend it', () => {
  const error = new RulesError('mine.yaml', [
    problem(1, 2),
    problem(7, 11, { path: 'rules[0].delete[1]', hint: 'mend it' }),
  ]);
  expect(error.message).toBe('mine.yaml:1:2 is wrong\nmine.yaml:7:11 rules[0].delete[1]: is wrong (mend it)');
  expect(error).toMatchObject({ name: 'RulesError', code: 'RULES' });
});

test('has them in the order of the file, however they were found', () => {
  const places = [
    [3, 9],
    [3, 2],
    [12, 1],
    [1, 20],
    [2, 30],
    [1, 3],
  ] as const;
  const { problems, message } = new RulesError(
    'f',
    places.map(([line, column]) => problem(line, column)),
  );
  expect(problems.map(({ line, column }) => `${line}:${column}`)).toEqual([
    '1:3',
    '1:20',
    '2:30',
    '3:2',
    '3:9',
    '12:1',
  ]);
  expect(message.split('\n')[0]).toBe('f:1:3 is wrong');
});

test('has each once', () => {
  const { problems } = new RulesError('f', [problem(1, 1), problem(1, 1), problem(1, 1, { message: 'is amiss' })]);
  expect(problems.map(({ message }) => message)).toEqual(['is wrong', 'is amiss']);
});

test('has the first hundred of the file', () => {
  const all = Array.from({ length: 101 }, (_, index) => problem(101 - index, 1));
  const { problems, message } = new RulesError('f', all);
  expect(problems).toEqual(all.toReversed().slice(0, 100));
  expect(message.split('\n')).toHaveLength(100);
  expect(new RulesError('f', all.slice(1)).problems).toHaveLength(100);
});
