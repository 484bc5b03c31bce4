import { expect, test } from '@jest/globals';
import { didYouMean, nearest } from '../../../lib/rules/nearest.ts';

test.each<[string, string[], string | undefined]>([
  ['enabled', ['enabled'], 'enabled'],
  ['ENABLED', ['enabled'], 'enabled'],
  ['enabled', ['ENABLED'], 'ENABLED'],
  // two letters away, in each way there is
  ['enable', ['enabled'], 'enabled'],
  ['source', ['sourceId'], 'sourceId'],
  ['sourceId', ['source'], 'source'],
  ['obsrve', ['observe'], 'observe'],
  ['dael', ['deal'], 'deal'],
  ['enxblyd', ['enabled'], 'enabled'],
  // three
  ['enxblyz', ['enabled'], undefined],
  ['enab', ['enabled'], undefined],
  ['enabled', ['enab'], undefined],
  ['abcd', ['xyab'], undefined],
  ['xyab', ['abcd'], undefined],
  ['abcdef', ['fabcxy'], undefined],
  // short words: half of their letters
  ['ids', ['id'], 'id'],
  ['ids', ['is'], 'is'],
  ['ids', ['x'], undefined],
  ['ab', ['ax'], 'ax'],
  ['ab', ['xy'], undefined],
  ['xd', ['abcd'], undefined],
  ['a', ['A'], 'A'],
  ['a', ['b'], undefined],
  ['', ['a'], undefined],
  // the nearest, and of several the first
  ['form', ['from', 'for', 'format'], 'for'],
  ['contact', ['contacts', 'contract'], 'contacts'],
  ['anything', [], undefined],
])('%j, of %j: %j', (word, candidates, meant) => {
  expect(nearest(word, candidates)).toBe(meant);
});

test('what was probably meant is asked, in quotes, and nothing else', () => {
  expect(didYouMean('enable', ['enabled'])).toEqual({ hint: 'did you mean "enabled"?' });
  expect(didYouMean('enable', [])).toStrictEqual({});
});
