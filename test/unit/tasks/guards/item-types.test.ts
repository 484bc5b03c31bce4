import { describe, expect, test } from '@jest/globals';
import type { JudgedAnswer } from '../../../../lib/portals/judge.ts';
import { type ItemType, itemTypes } from '../../../../lib/tasks/guards/item-types.ts';
import type { Unread } from '../../../../lib/tasks/guards/guard-of.ts';
import { answered, refusal, trouble } from './answers.ts';

const type = (entityTypeId: unknown, more: Record<string, unknown> = {}) => ({
  entityTypeId,
  isStagesEnabled: 'Y',
  isClientEnabled: 'Y',
  ...more,
});
const page = (...types: unknown[]) => answered({ types });
const full = (first: number) => page(...Array.from({ length: 50 }, (_, index) => type(first + index)));

/** A portal that answers one request after the other with these, the last again and again. */
function portal(...answers: JudgedAnswer[]) {
  const asked: unknown[] = [];
  const at = { now: 1_785_000_000_000 };
  const options = { clock: () => at.now };
  const batch = async (commands: ReadonlyMap<string, unknown>) => {
    const answer = answers[Math.min(asked.length, answers.length - 1)];
    asked.push(...commands.values());
    return new Map([...commands.keys()].map((key) => [key, answer])) as Map<string, JudgedAnswer>;
  };
  const read = (memberId = 'm', remembered: object = options) =>
    itemTypes({ options: remembered as typeof options, session: { batch }, memberId });
  return { read, asked, at, options };
}

test('the smart processes are read whose items may have clients, with stages or without', async () => {
  const { read, asked } = portal(
    page(
      type('1044'),
      type(1046, { isStagesEnabled: 'N' }),
      type(1048, { isClientEnabled: 'N' }),
      // What is not said counts as there.
      { entityTypeId: 1050 },
      type(1052, { isStagesEnabled: true, isClientEnabled: null }),
    ),
  );
  expect(await read()).toEqual([
    { entityTypeId: 1044, hasStages: true },
    { entityTypeId: 1046, hasStages: false },
    { entityTypeId: 1050, hasStages: true },
    { entityTypeId: 1052, hasStages: true },
  ]);
  expect(asked).toEqual([{ method: 'crm.type.list', params: { order: { id: 'ASC' }, start: 0 } }]);
});

test('every page of 50 is read, until one is shorter', async () => {
  const { read, asked } = portal(full(1030), full(1080), page(type(2000)));
  const types = (await read()) as readonly ItemType[];
  expect(types.map(({ entityTypeId }) => entityTypeId)).toEqual([
    ...Array.from({ length: 100 }, (_, index) => 1030 + index),
    2000,
  ]);
  expect(asked).toMatchObject([0, 50, 100].map((start) => ({ params: { start } })));
});

test('a thousand are too many, unless the last page says that there are no more', async () => {
  const endless = portal(full(1030));
  expect(await endless.read()).toBe('too-many');
  expect(endless.asked).toHaveLength(20);
  const short = portal(...Array.from({ length: 19 }, (_, index) => full(1030 + 50 * index)), page());
  expect(await short.read()).toHaveLength(950);
});

describe('what could not be read', () => {
  test.each<[string, JudgedAnswer[], Unread]>([
    ['was refused', [refusal], 'refused'],
    ['was not answered', [trouble], 'unanswered'],
    ['was answered in another form', [answered({ items: [] })], 'refused'],
    ['has a type without a number', [page(type(1044), type(null))], 'refused'],
    ['has a type of another form', [page(type(0))], 'refused'],
    ['was refused on a later page', [full(1030), refusal], 'refused'],
  ])('%s: the guard does not know', async (_name, answers, unread) => {
    expect(await portal(...answers).read()).toBe(unread);
  });

  test('is asked again the next time', async () => {
    const { read } = portal(trouble, page(type(1044)));
    expect(await read()).toBe('unanswered');
    expect(await read()).toEqual([{ entityTypeId: 1044, hasStages: true }]);
  });
});

describe('what was read is remembered', () => {
  test('for less than a minute: no longer than may lie between a look and a deletion', async () => {
    const { read, asked, at } = portal(page(type(1044)), page(type(1046)));
    expect(await read()).toMatchObject([{ entityTypeId: 1044 }]);
    at.now += 59_999;
    expect(await read()).toMatchObject([{ entityTypeId: 1044 }]);
    expect(asked).toHaveLength(1);
    at.now += 1;
    expect(await read()).toMatchObject([{ entityTypeId: 1046 }]);
  });

  test('for each portal, and each caller, by itself', async () => {
    const { read, asked, options } = portal(page(type(1044)));
    await read('m');
    await read('n');
    expect(asked).toHaveLength(2);
    await read('m');
    await read('n');
    expect(asked).toHaveLength(2);
    await read('m', { clock: options.clock });
    expect(asked).toHaveLength(3);
  });
});
