import { describe, expect, test } from '@jest/globals';
import type { EventMessage } from '../../../lib/tasks/messages.ts';
import { fold, inReadingOrder } from '../../../lib/tasks/wanted.ts';

const at = 1_785_000_000_000;
const event = (source: EventMessage['source'], more: Partial<EventMessage> = {}): EventMessage => ({
  v: 1,
  memberId: '0123456789abcdef0123456789abcdef',
  entityTypeId: 2,
  id: 9,
  source,
  receivedAt: at,
  ...more,
});
const found = (...rules: string[]) => event('reconcile', { rules });
const foundForAll = event('reconcile');
const asked = (askedAt: number, ...rules: string[]) => event('operator', { askedAt, rules });

test('events of several records are as many wishes, in the order of the first of each', () => {
  const wishes = fold([event('app'), event('app', { id: 3 }), event('app', { entityTypeId: 1 }), event('app')]);
  expect(wishes.map(({ record }) => record)).toEqual([
    { entityTypeId: 2, id: 9 },
    { entityTypeId: 2, id: 3 },
    { entityTypeId: 1, id: 9 },
  ]);
});

test('of the events of one record the earliest counts, the most attempts, and each row that they come from', () => {
  const events = [
    event('app', { receivedAt: at + 5, stamp: 'x', attempts: 2 }),
    event('webhook', { receivedAt: at, attempts: 7 }),
    event('robot', { receivedAt: at + 9, stamp: 'y' }),
  ];
  expect(fold(events)).toEqual([
    { record: { entityTypeId: 2, id: 9 }, source: 'app', receivedAt: at, attempts: 7, stamps: ['x', 'y'] },
  ]);
  expect(fold([event('app')])).toMatchObject([{ attempts: 0, stamps: [] }]);
});

describe('wishes for one record become one, whichever comes first', () => {
  const both = (a: EventMessage, b: EventMessage) =>
    [fold([a, b]), fold([b, a])].map(([wish]) => ({
      source: wish?.source,
      rules: wish?.rules?.toSorted(),
      askedAt: wish?.askedAt,
    }));

  const forAll = (askedAt: number) => event('operator', { askedAt });
  const byPerson = (askedAt: number, rules?: string[]) => ({ source: 'operator', rules, askedAt });
  const byLook = (rules?: string[]) => ({ source: 'reconcile', rules, askedAt: undefined });

  test.each<[string, EventMessage, EventMessage, object]>([
    ['an event, and found for all rules', event('app'), foundForAll, byLook()],
    ['an event, and found for one', event('app'), found('a'), byLook(['a'])],
    ['an event that names rules, which events do not', event('app', { rules: ['b'] }), found('a'), byLook(['a'])],
    ['found for several', found('a', 'b'), found('b', 'c'), byLook(['a', 'b', 'c'])],
    ['found for one and for all', found('a'), foundForAll, byLook()],
    ['found for all twice', foundForAll, foundForAll, byLook()],
    ['a person’s for one, and found for another', asked(at, 'a'), found('b'), byPerson(at, ['a'])],
    ['a person’s for one, and found for all', asked(at, 'a'), foundForAll, byPerson(at, ['a'])],
    ['a person’s for all, and found for one', forAll(at), found('b'), byPerson(at)],
    ['a person’s that says no time, and an event', event('operator'), event('app'), byPerson(at)],
    ['two persons’, the newer for more', asked(at, 'a'), asked(at + 1, 'b', 'a'), byPerson(at + 1, ['a', 'b'])],
    ['two persons’, the newer for less', asked(at, 'a', 'b'), asked(at + 1, 'b'), byPerson(at, ['a', 'b'])],
    ['two persons’, the newer for others', asked(at, 'a'), asked(at + 1, 'b'), byPerson(at, ['a', 'b'])],
    ['two persons’, the newer for all', asked(at, 'a'), forAll(at + 1), byPerson(at + 1)],
    ['two persons’, the older for all', forAll(at), asked(at + 1, 'a'), byPerson(at)],
  ])('%s', (_name, a, b, expected) => {
    expect(both(a, b)).toEqual([expected, expected]);
  });

  test('what was found for one rule, for another, and for all stays for all, also with an event', () => {
    const orders = [
      [found('a'), foundForAll, found('b'), event('app')],
      [event('app'), found('a'), found('b'), foundForAll],
      [foundForAll, event('app'), found('b'), found('a')],
    ];
    for (const events of orders) {
      const [wish] = fold(events);
      expect(wish).toMatchObject({ source: 'reconcile' });
      expect(wish?.rules).toBeUndefined();
    }
  });
});

test('who has waited long is read first, then the newest, and what a person asks for out of the past last', () => {
  const minute = 60_000;
  const wishes = fold([
    event('operator', { id: 1, receivedAt: at - 60 * minute }),
    event('app', { id: 2, receivedAt: at - 9 * minute }),
    event('app', { id: 3, receivedAt: at - minute }),
    event('reconcile', { id: 4, receivedAt: at - 11 * minute }),
    event('operator', { id: 5, receivedAt: at }),
  ]);
  expect(inReadingOrder(wishes, at).map(({ record }) => record.id)).toEqual([4, 3, 2, 5, 1]);
});
