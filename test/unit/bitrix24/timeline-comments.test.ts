import { describe, expect, test } from '@jest/globals';
import {
  addComment,
  findComment,
  listComments,
  readAdded,
  timelineType,
} from '../../../lib/bitrix24/timeline-comments.ts';

test.each([
  [1, 'lead'],
  [2, 'deal'],
  [31, 'SMART_INVOICE'],
  [177, 'DYNAMIC_177'],
])('records of type %i are called %s in timelines', (type, name) => {
  expect(timelineType(type)).toBe(name);
  const owner = { entityTypeId: type, id: 7 };
  expect(addComment(owner, 'gone').params).toEqual({ fields: { ENTITY_ID: 7, ENTITY_TYPE: name, COMMENT: 'gone' } });
  expect(listComments(owner).params['filter']).toEqual({ ENTITY_ID: 7, ENTITY_TYPE: name });
});

describe('an answer', () => {
  test.each([
    [999, 999],
    ['999', 999],
    [0, undefined],
    [true, undefined],
    [null, undefined],
    [{ ID: 9 }, undefined],
  ])('%j to a comment that was sent names comment %s', (result, id) => {
    expect(readAdded(result)).toBe(id);
  });

  test.each([
    [
      'the comment with the text',
      [
        { ID: '12', COMMENT: 'x' },
        { ID: 11, COMMENT: 'Reference: abc-plan' },
      ],
      11,
    ],
    ['none', [{ ID: '12', COMMENT: null }], 'none'],
    ['none in an empty timeline', [], 'none'],
    ['nothing, being no list', { ID: '12' }, undefined],
    ['nothing, being a list of something else', [{ id: 12 }], undefined],
  ])('that lists comments says %s', (_, result, found) => {
    expect(findComment(result, 'abc-plan')).toBe(found);
  });
});
