import { expect, test } from '@jest/globals';
import { ruleFileSchema } from '../../../lib/rules/file-schema.ts';
import { allGuards, recentActivityMs, switchedGuards } from '../../../lib/rules/guards.ts';
import { toGuards } from '../../../lib/rules/guards-file.ts';
import { isDynamicType, ruleIdSchema } from '../../../lib/rules/schema.ts';

test.each(switchedGuards)('%s alone is switched off by its name', (name) => {
  for (const off of [false, 'off'] as const) expect(toGuards({ [name]: off })).toEqual({ ...allGuards, [name]: false });
  for (const on of [true, 'on'] as const) expect(toGuards({ [name]: on })).toEqual(allGuards);
});

test('recent activity is a time, off, or as by default', () => {
  const of = (recent: string | boolean) => toGuards({ 'recent-activity': recent as never })['recent-activity'];
  expect(of('7d')).toBe(7 * 86_400_000);
  expect([of(false), of('off')]).toEqual([0, 0]);
  expect([of(true), of('on')]).toEqual([recentActivityMs, recentActivityMs]);
  expect(toGuards()).toEqual(allGuards);
});

test('the parts of an id have any number of letters', () => {
  const accepted = (id: string) => ruleIdSchema.safeParse(id).success;
  expect(['a', 'ab-cd-ef', 'a1-2'].map(accepted)).toEqual([true, true, true]);
  expect(['', 'A', '-a', 'a-', 'a--b', 'a b'].map(accepted)).toEqual(Array(6).fill(false));
});

test('the numbers of smart processes are known', () => {
  expect([31, 128, 191, 1030, 1_000_000].map(isDynamicType)).toEqual(Array(5).fill(true));
  expect([1, 2, 30, 32, 127, 192, 1029, 1_000_001].map(isDynamicType)).toEqual(Array(8).fill(false));
});

test('items are linked as children of the record unless it says otherwise', () => {
  const rule = { id: 'a', when: { type: 'deal', stages: 'all-lost' }, delete: [{ items: { type: 1044 } }] };
  expect(ruleFileSchema.parse(rule).delete).toEqual([{ items: { type: 1044, linked: 'parent' } }]);
});
