import { describe, expect, test } from '@jest/globals';
import { allGuards, guardNames, type Guards } from '../../../lib/rules/guards.ts';
import { type Findings, guardOf, type Linked, type Unread } from '../../../lib/tasks/guards/guard-of.ts';

const now = 1_785_000_000_000;
const minute = 60_000;
const day = 24 * 60 * minute;
const none: Findings = { linked: [], duplicates: [], unread: new Map(), createdTime: now - 400 * day };
const has = (linked: Linked): Findings => ({ ...none, linked: [linked] });
const off = (name: keyof Guards): Guards => ({ ...allGuards, [name]: name === 'recent-activity' ? 0 : false });

const keeping: [keyof Guards, Findings, string][] = [
  ['open-deals', has({ entityTypeId: 2, id: 101, semantics: 'P' }), 'open deal 101'],
  ['won-deals', has({ entityTypeId: 2, id: 101, semantics: 'S' }), 'won deal 101'],
  ['open-leads', has({ entityTypeId: 1, id: 5, semantics: 'P' }), 'open lead 5'],
  ['open-items', has({ entityTypeId: 1044, id: 7, semantics: 'P' }), 'open item 7 of type 1044'],
  ['open-items', has({ entityTypeId: 1044, id: 7 }), 'open item 7 of type 1044'],
  ['quotes', has({ entityTypeId: 7, id: 3, semantics: 'F' }), 'quote 3'],
  ['invoices', has({ entityTypeId: 31, id: 9, semantics: 'S' }), 'invoice 9'],
  ['recent-activity', { ...none, lastActivityTime: now - 30 * day + 1 }, 'activity at 2026-06-25T17:20:00.001Z'],
  [
    'duplicates',
    { ...none, duplicates: [{ ...has({ entityTypeId: 2, id: 101, semantics: 'P' }), entityTypeId: 3, id: 8 }] },
    'its duplicate contact 8 has: open deal 101',
  ],
  [
    'duplicates',
    { ...none, duplicates: [{ ...none, entityTypeId: 4, id: 8, lastActivityTime: now }] },
    'its duplicate company 8 has: activity at 2026-07-25T17:20:00.000Z',
  ],
  [
    'duplicates',
    { ...none, duplicates: [{ ...has({ entityTypeId: 1, id: 12, semantics: 'P' }), entityTypeId: 1, id: 12 }] },
    'open lead 12',
  ],
];

describe('a contact or company is kept', () => {
  test.each(keeping)('by %s, and not when that is off: case %#', (guard, findings, text) => {
    expect(guardOf(findings, allGuards, now)).toEqual({ guard, text });
    expect(guardOf(findings, off(guard), now)).toBeUndefined();
    for (const other of guardNames.filter((name) => name !== guard && guard !== 'duplicates')) {
      expect(guardOf(findings, off(other), now)).toEqual({ guard, text });
    }
  });

  test('by what its duplicate has, unless the guard for that is off', () => {
    const findings = keeping[8]?.[1] ?? none;
    expect(guardOf(findings, off('open-deals'), now)).toBeUndefined();
  });
});

describe('a contact or company is not kept', () => {
  test.each<[string, Findings]>([
    ['by nothing', none],
    ['by a lost deal', has({ entityTypeId: 2, id: 1, semantics: 'F' })],
    ['by a junk lead', has({ entityTypeId: 1, id: 1, semantics: 'F' })],
    ['by a converted lead', has({ entityTypeId: 1, id: 1, semantics: 'S' })],
    ['by an item that was won', has({ entityTypeId: 1044, id: 1, semantics: 'S' })],
    ['by an activity 30 days ago', { ...none, lastActivityTime: now - 30 * day }],
    ['by its own creation', { ...none, createdTime: now - day, lastActivityTime: now - day }],
    [
      'by the form that created it a moment before',
      { ...none, createdTime: now - day, lastActivityTime: now - day + minute },
    ],
    ['by a duplicate that has nothing', { ...none, duplicates: [{ ...none, entityTypeId: 3, id: 8 }] }],
  ])('%s', (_, findings) => {
    expect(guardOf(findings, allGuards, now)).toBeUndefined();
  });

  test('an activity a minute after its creation counts', () => {
    const findings = { ...none, createdTime: now - day, lastActivityTime: now - day + minute + 1 };
    expect(guardOf(findings, allGuards, now)).toMatchObject({ guard: 'recent-activity' });
  });

  test('an activity of a moment that is still to come counts only while activities do', () => {
    const findings = { ...none, lastActivityTime: now + minute };
    expect(guardOf(findings, allGuards, now)).toMatchObject({ guard: 'recent-activity' });
    expect(guardOf(findings, off('recent-activity'), now)).toBeUndefined();
  });

  test('an activity counts as far back as the rule says', () => {
    const findings = { ...none, lastActivityTime: now - 60 * day };
    expect(guardOf(findings, { ...allGuards, 'recent-activity': 61 * day }, now)).toMatchObject({
      guard: 'recent-activity',
    });
  });
});

describe('what cannot be read', () => {
  const unread = (...entries: [(typeof guardNames)[number], Unread][]): Findings => ({
    ...none,
    unread: new Map(entries),
  });

  test.each<[Unread, string, boolean]>([
    ['refused', 'won-deals: the portal does not say', false],
    ['too-many', 'won-deals: more is linked than can be looked through', false],
    ['unanswered', 'won-deals: the portal has not answered', true],
  ])('%s keeps it', (why, text, passing) => {
    const expected = { guard: 'guard-unreadable', text, ...(passing && { passing }) };
    expect(guardOf(unread(['won-deals', why]), allGuards, now)).toEqual(expected);
    expect(guardOf(unread(['won-deals', why]), off('won-deals'), now)).toBeUndefined();
    const duplicates = [{ ...unread(['won-deals', why]), entityTypeId: 3, id: 8 }];
    expect(guardOf({ ...none, duplicates }, allGuards, now)).toEqual(expected);
    expect(guardOf({ ...none, duplicates }, off('duplicates'), now)).toBeUndefined();
  });

  test('of activities counts only while they do', () => {
    expect(guardOf(unread(['recent-activity', 'refused']), off('recent-activity'), now)).toBeUndefined();
    expect(guardOf(unread(['recent-activity', 'refused']), allGuards, now)).toMatchObject({
      guard: 'guard-unreadable',
    });
  });

  test('for good comes before what may be read later, and what is known before both', () => {
    const both = unread(['quotes', 'unanswered'], ['won-deals', 'refused']);
    expect(guardOf(both, allGuards, now)).toEqual({
      guard: 'guard-unreadable',
      text: 'won-deals: the portal does not say',
    });
    expect(guardOf({ ...both, linked: [{ entityTypeId: 31, id: 1 }] }, allGuards, now)).toEqual({
      guard: 'invoices',
      text: 'invoice 1',
    });
  });
});
