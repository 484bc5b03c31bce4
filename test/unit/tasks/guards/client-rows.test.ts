import { describe, expect, test } from '@jest/globals';
import type { JudgedAnswer } from '../../../../lib/portals/judge.ts';
import { nothingProtected } from '../../../../lib/rules/protect.ts';
import { allGuards, type Guards } from '../../../../lib/rules/guards.ts';
import type { Ask } from '../../../../lib/tasks/guards/asks.ts';
import { clientAsks, type Kind, kindsOf } from '../../../../lib/tasks/guards/client-rows.ts';
import { type ClientRow, HolderNotes } from '../../../../lib/tasks/guards/holders.ts';
import { answered, listed, refusal, trouble } from './answers.ts';

const none: Guards = {
  'open-deals': false,
  'won-deals': false,
  'open-leads': false,
  'open-items': false,
  quotes: false,
  invoices: false,
  duplicates: false,
  'recent-activity': 0,
};

describe('what is asked for', () => {
  const of = (on: Partial<Guards>) => kindsOf({ ...none, ...on }, [{ entityTypeId: 1044, hasStages: false }]);

  test('is nothing where no guard looks at other records', () => {
    expect(of({ duplicates: true, 'recent-activity': 1 })).toEqual([]);
  });

  test.each<[Partial<Guards>, Kind]>([
    [{ 'open-deals': true }, { entityTypeId: 2, guards: ['open-deals'], semantics: ['P'] }],
    [{ 'won-deals': true }, { entityTypeId: 2, guards: ['won-deals'], semantics: ['S'] }],
    [
      { 'open-deals': true, 'won-deals': true },
      { entityTypeId: 2, guards: ['open-deals', 'won-deals'], semantics: ['P', 'S'] },
    ],
    [{ 'open-leads': true }, { entityTypeId: 1, guards: ['open-leads'], semantics: ['P'] }],
    [{ quotes: true }, { entityTypeId: 7, guards: ['quotes'] }],
    [{ invoices: true }, { entityTypeId: 31, guards: ['invoices'] }],
    [{ 'open-items': true }, { entityTypeId: 1044, guards: ['open-items'], isStaged: false }],
  ])('for %j: %j', (on, kind) => {
    expect(of(on)).toEqual([kind]);
  });

  test('are all types of items that there are', () => {
    const types = [1044, 1045].map((entityTypeId) => ({ entityTypeId, hasStages: true }));
    expect(kindsOf(allGuards, types).map(({ entityTypeId }) => entityTypeId)).toEqual([2, 1, 7, 31, 1044, 1045]);
    expect(kindsOf(allGuards, types).at(-1)?.isStaged).toBe(true);
  });
});

const deals: Kind = { entityTypeId: 2, guards: ['open-deals'], semantics: ['P'] };
const quotes: Kind = { entityTypeId: 7, guards: ['quotes'] };
const items: Kind = { entityTypeId: 1044, guards: ['open-items'], isStaged: true };
const notes = (entityTypeId: number, ...ids: number[]) => ids.map((id) => new HolderNotes({ entityTypeId, id }));
const nothing = { parentTypes: [], protect: nothingProtected, isOwn: () => false };

/** Answers the only question there is with each of these in turn; the questions that follow in the end. */
function answerInTurn(asks: readonly Ask[], ...answers: (JudgedAnswer | undefined)[]): readonly Ask[] {
  let open = asks;
  for (const answer of answers) {
    expect(open).toHaveLength(1);
    open = open.flatMap((ask) => ask.read(answer));
  }
  return open;
}
const full = (first: number, row: object, count = 50) =>
  listed(...Array.from({ length: count }, (_, index) => ({ id: first + index, ...row })));

describe('the questions', () => {
  const paramsOf = (asks: readonly Ask[]) => asks.map(({ command }) => command.params);

  test('name contacts wherever they stand, and companies, each by themselves', () => {
    const asks = clientAsks(deals, [...notes(3, 5, 6), ...notes(4, 9)], { ...nothing, parentTypes: [2, 1044] });
    const rest = { order: { id: 'ASC' }, start: -1, entityTypeId: 2 };
    const parents = ['parentId2', 'parentId1044'];
    expect(asks.map(({ command }) => command.method)).toEqual(['crm.item.list', 'crm.item.list']);
    expect(paramsOf(asks)).toEqual([
      {
        filter: { '@contactIds': [5, 6], '@stageSemanticId': ['P'] },
        select: ['id', 'stageId', 'stageSemanticId', 'contactId', 'contactIds', ...parents],
        ...rest,
      },
      {
        filter: { '@companyId': [9], '@stageSemanticId': ['P'] },
        select: ['id', 'stageId', 'stageSemanticId', 'companyId', ...parents],
        ...rest,
      },
    ]);
  });

  test('ask for any stage where none matters', () => {
    expect(paramsOf(clientAsks(quotes, notes(3, 5), nothing))).toMatchObject([{ filter: { '@contactIds': [5] } }]);
    expect(clientAsks(quotes, notes(3, 5), nothing)[0]?.command.params['filter']).toEqual({ '@contactIds': [5] });
  });

  test('name 50 at a time', () => {
    const sizes = (count: number) =>
      paramsOf(clientAsks(quotes, notes(3, ...Array.from({ length: count }, (_, index) => index + 1)), nothing)).map(
        ({ filter }) => (filter as { '@contactIds': number[] })['@contactIds'].length,
      );
    expect(sizes(50)).toEqual([50]);
    expect(sizes(101)).toEqual([50, 50, 1]);
    expect(sizes(0)).toEqual([]);
  });
});

describe('a row', () => {
  const rowsOf = (kind: Kind, row: object, parentTypes: number[] = []) => {
    const [holder = new HolderNotes({ entityTypeId: 0, id: 0 })] = notes(3, 5);
    answerInTurn(clientAsks(kind, [holder], { ...nothing, parentTypes }), listed({ id: 101, contactId: 5, ...row }));
    return [...holder.rows];
  };
  const row: ClientRow = { entityTypeId: 2, id: 101, stageId: 'C1:NEW', semantics: 'P', parents: {}, isHeld: false };

  test('is noted for whoever it names, with what its stage means', () => {
    expect(rowsOf(deals, { id: '101', stageId: 'C1:NEW', stageSemanticId: 'P' })).toEqual([['2:101', row]]);
    for (const semantics of ['S', 'F']) {
      expect(rowsOf(deals, { stageId: 'C1:X', stageSemanticId: semantics })).toMatchObject([['2:101', { semantics }]]);
    }
  });

  test('of a smart process has a meaning that is not known yet, unless it has no stage', () => {
    expect(rowsOf(items, { stageId: 'DT1044_3:NEW' })).toMatchObject([['1044:101', { stageId: 'DT1044_3:NEW' }]]);
    expect(rowsOf(items, { stageId: 'DT1044_3:NEW' })[0]?.[1].semantics).toBeUndefined();
    expect(rowsOf(items, { stageId: null })[0]?.[1]).toMatchObject({ semantics: 'P', stageId: '' });
    expect(rowsOf(items, { stageId: 'DT1044_3:NEW', stageSemanticId: 'P' })[0]?.[1].semantics).toBe('P');
    expect(rowsOf({ ...items, isStaged: false }, { stageId: 'DT1044_3:NEW' })[0]?.[1].semantics).toBe('P');
  });

  test('that says what its stage means in no known way is taken for open', () => {
    expect(rowsOf(quotes, { stageId: 'SENT', stageSemanticId: 'X' })[0]?.[1].semantics).toBe('P');
    expect(rowsOf(quotes, { stageSemanticId: null })[0]?.[1].semantics).toBe('P');
  });

  test('tells of its parents, 0 for none', () => {
    expect(rowsOf(items, { parentId2: '7' }, [2, 1])[0]?.[1].parents).toEqual({ 2: 7, 1: 0 });
  });

  test('names a contact as the first or as one of several', () => {
    expect(rowsOf(quotes, { contactId: 5, contactIds: null })).toHaveLength(1);
    expect(rowsOf(quotes, { contactId: null, contactIds: ['4', '5'] })).toHaveLength(1);
    expect(rowsOf(quotes, { contactId: '5' })).toHaveLength(1);
  });

  test('names a company by its one field, whatever contacts have the same number', () => {
    const [company] = notes(4, 9);
    if (!company) throw new Error('no company');
    answerInTurn(clientAsks(quotes, [company], nothing), listed({ id: 1, companyId: '9', contactId: 3 }));
    expect(company.rows.size).toBe(1);
    answerInTurn(clientAsks(quotes, [company], nothing), listed({ id: 2, companyId: 8, contactId: 9 }));
    expect([...company.unread]).toEqual([['quotes', 'unanswered']]);
  });
});

describe('what cannot be read is not known', () => {
  test.each<[string, JudgedAnswer | undefined, string]>([
    ['no answer', undefined, 'unanswered'],
    ['a refusal', refusal, 'refused'],
    ['trouble', trouble, 'unanswered'],
    ['no list', answered('x'), 'unanswered'],
    ['a row without an id', listed({ contactId: 5 }), 'unanswered'],
    ['a row that names nobody who was asked for', listed({ id: 1, contactId: 6 }), 'unanswered'],
    ['a row that names nobody', listed({ id: 1 }), 'unanswered'],
    ['a row of a company with that number', listed({ id: 1, companyId: 5 }), 'unanswered'],
  ])('%s', (_, answer, why) => {
    const holders = notes(3, 5);
    expect(answerInTurn(clientAsks(deals, holders, nothing), answer)).toEqual([]);
    expect(holders.map(({ unread }) => [...unread])).toEqual([[['open-deals', why]]]);
  });

  test('an empty list is known: there are none', () => {
    const holders = notes(3, 5);
    expect(answerInTurn(clientAsks(deals, holders, nothing), listed())).toEqual([]);
    expect(holders[0]?.unread.size).toBe(0);
  });
});

describe('a list is followed', () => {
  test('from where it ended, for those of whom nothing is known that keeps them', () => {
    const holders = notes(3, 5, 6);
    const [next, ...more] = answerInTurn(
      clientAsks(deals, holders, nothing),
      full(201, { contactId: 5, stageSemanticId: 'P' }),
    );
    expect(more).toEqual([]);
    expect(next?.command.params['filter']).toEqual({
      '@contactIds': [6],
      '@stageSemanticId': ['P'],
      '>id': 250,
    });
    expect(next?.read(listed())).toEqual([]);
  });

  test('not when it was not full, or everybody is kept', () => {
    const first = (count: number, contactIds: number[]) =>
      answerInTurn(clientAsks(deals, notes(3, 5, 6), nothing), full(201, { contactIds, stageSemanticId: 'P' }, count));
    expect(first(49, [5])).toEqual([]);
    expect(first(50, [5, 6])).toEqual([]);
    expect(first(50, [5])).toHaveLength(1);
  });

  test('on where rows mean something else, nothing yet, or are what the task deletes itself', () => {
    const goesOn = (kind: Kind, row: object, isOwn = () => false) =>
      answerInTurn(clientAsks(kind, notes(3, 5), { ...nothing, isOwn }), full(201, { contactId: 5, ...row })).length ===
      1;
    expect(goesOn(deals, { stageSemanticId: 'S' })).toBe(true);
    expect(goesOn({ ...deals, semantics: ['P', 'S'] }, { stageSemanticId: 'S' })).toBe(false);
    expect(goesOn(items, { stageId: 'DT1044_3:NEW' })).toBe(true);
    expect(goesOn({ ...items, isStaged: false }, {})).toBe(false);
    expect(goesOn(quotes, {})).toBe(false);
    expect(goesOn(quotes, {}, () => true)).toBe(true);
  });

  test('over six pages; of whoever is left then it is not known', () => {
    const holders = notes(3, 5, 6);
    const page = (number: number) => full(number * 50 + 1, { contactId: 5, stageSemanticId: 'S' });
    const five = [0, 1, 2, 3, 4].map(page);
    expect(answerInTurn(clientAsks(deals, holders, nothing), ...five)).toHaveLength(1);
    const sixth = full(300, { contactId: 6, stageSemanticId: 'P' });
    const alone = answerInTurn(clientAsks(deals, holders, nothing), ...five, sixth);
    expect(alone.map(({ command }) => command.params['filter'])).toMatchObject([{ '@contactIds': [5], '>id': 349 }]);
    expect(answerInTurn(alone, full(350, { contactId: 5, stageSemanticId: 'S' }))).toEqual([]);
    expect(holders.map(({ unread }) => [...unread])).toEqual([[['open-deals', 'too-many']], []]);
  });

  test('each by itself after that, as far as six pages of its own', () => {
    const holders = notes(3, 5, 6);
    for (const { rows } of holders) {
      const quote: ClientRow = { entityTypeId: 7, id: 0, stageId: '', semantics: 'P', parents: {}, isHeld: false };
      for (let id = 1; id <= 300; id += 1) rows.set(`7:${id}`, { ...quote, id });
    }
    const both = (number: number) => full(number * 50 + 1, { contactIds: [number < 4 ? 5 : 6], stageSemanticId: 'S' });
    const alone = answerInTurn(clientAsks(deals, holders, nothing), ...[0, 1, 2, 3, 4, 5].map(both));
    expect(alone.map(({ command }) => command.params['filter'])).toMatchObject([
      { '@contactIds': [5], '>id': 300 },
      { '@contactIds': [6], '>id': 300 },
    ]);
    const rows = [301, 351].map((first) => full(first, { contactId: 5, stageSemanticId: 'S' }));
    expect(answerInTurn(alone.slice(0, 1), ...rows)).toEqual([]);
    expect(holders.map(({ unread }) => [...unread])).toEqual([[['open-deals', 'too-many']], []]);
  });

  test('not when it does not grow by its ids: its end would say nothing', () => {
    const unreadAfter = (...ids: number[]) => {
      const holders = notes(3, 5);
      const rows = ids.map((id) => ({ id, contactId: 5 }));
      expect(answerInTurn(clientAsks(deals, holders, nothing), listed(...rows))).toEqual([]);
      return holders.flatMap(({ unread }) => [...unread]);
    };
    expect(unreadAfter(1, 2)).toEqual([]);
    expect(unreadAfter(2, 1)).toEqual([['open-deals', 'unanswered']]);
  });

  test('on where a short page names a next one, unless it is empty', () => {
    const after = (...rows: object[]) =>
      answerInTurn(clientAsks(deals, notes(3, 5), nothing), { kind: 'result', result: { items: rows }, next: 50 });
    expect(after({ id: 1, contactId: 5, stageSemanticId: 'S' })).toHaveLength(1);
    expect(after()).toEqual([]);
  });
});

describe('whether a row is protected', () => {
  const protect = { ...nothingProtected, holdField: 'UF_CRM_HOLD' };
  const ask = (parentTypes: number[], holders = notes(3, 5)) =>
    clientAsks(items, holders, { ...nothing, protect, parentTypes });

  test('is asked where the task may delete it, with its parent', () => {
    const params = (parentTypes: number[]) => ask(parentTypes)[0]?.command.params;
    expect(params([2])).toMatchObject({
      select: ['id', 'stageId', 'stageSemanticId', 'contactId', 'contactIds', 'parentId2', 'UF_CRM_HOLD'],
      useOriginalUfNames: 'Y',
    });
    expect(params([])?.['select']).not.toContain('UF_CRM_HOLD');
    expect(params([])).not.toHaveProperty('useOriginalUfNames');
    expect(clientAsks(items, notes(3, 5), { ...nothing, parentTypes: [2] })[0]?.command.params).not.toHaveProperty(
      'useOriginalUfNames',
    );
  });

  test('is told by its id too', () => {
    const holders = notes(3, 5);
    const listing = { ...nothingProtected, ids: { 1044: [1] } };
    const asks = clientAsks(items, holders, { ...nothing, protect: listing });
    answerInTurn(asks, listed({ id: 1, contactId: 5 }, { id: 2, contactId: 5 }));
    expect([...(holders[0]?.rows.values() ?? [])].map(({ isHeld }) => isHeld)).toEqual([true, false]);
  });

  test.each([
    ['Y', true],
    ['N', false],
    [undefined, true],
  ])('is told by its field, and taken for granted where that is not told: %j', (ticked, isHeld) => {
    const holders = notes(3, 5);
    answerInTurn(ask([2], holders), listed({ id: 1, contactId: 5, UF_CRM_HOLD: ticked }));
    expect(holders[0]?.rows.get('1044:1')?.isHeld).toBe(isHeld);
  });
});
