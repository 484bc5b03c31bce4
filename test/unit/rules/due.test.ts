import { expect, test } from '@jest/globals';
import { dueAt } from '../../../lib/rules/due.ts';

const lost = 1_000_000;

test('counted from the loss, activity changes nothing', () => {
  expect(dueAt({ waitMs: 500, waitFrom: 'loss' }, { movedTime: lost, lastActivityTime: lost + 100 })).toBe(lost + 500);
});

test('counted from the last activity, it is that after the loss', () => {
  const rule = { waitMs: 500, waitFrom: 'last-activity' } as const;
  expect(dueAt(rule, { movedTime: lost, lastActivityTime: lost + 100 })).toBe(lost + 600);
  expect(dueAt(rule, { movedTime: lost, lastActivityTime: lost - 100 })).toBe(lost + 500);
  expect(dueAt(rule, { movedTime: lost })).toBe(lost + 500);
});
