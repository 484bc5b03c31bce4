import { describe, expect, test } from '@jest/globals';
import type { JudgedAnswer } from '../../../../lib/portals/judge.ts';
import { duplicateAsks, holderAsks } from '../../../../lib/tasks/guards/duplicates.ts';
import { HolderNotes } from '../../../../lib/tasks/guards/holders.ts';
import type { RecordKey } from '../../../../lib/tasks/task.ts';
import { answered, listed, refusal, trouble } from './answers.ts';

const phone = (value: string) => ({ typeId: 'PHONE', value });
const mail = (value: string) => ({ typeId: 'EMAIL', value });

/** What is asked of a contact with these fields, and what each of the answers leads to. */
function asked(fields: Record<string, unknown>, answer?: JudgedAnswer) {
  const holder = new HolderNotes({ entityTypeId: 3, id: 5 });
  const found: RecordKey[] = [];
  const asks = duplicateAsks(holder, fields, (duplicate) => found.push(duplicate));
  const params = asks.map(({ command }) => command.params);
  if (answer !== undefined) for (const ask of asks) expect(ask.read(answer)).toEqual([]);
  return { params, methods: asks.map(({ command }) => command.method), found, unread: [...holder.unread], asks };
}

describe('what is looked for', () => {
  test('are telephone numbers and e-mail addresses, each once and without blanks around', () => {
    const fm = [phone(' 1 '), phone('1'), mail('a@b'), { typeId: 'WEB', value: 'x' }, phone('  ')];
    const { params, methods } = asked({ fm });
    expect(params).toEqual([
      { type: 'PHONE', values: ['1'] },
      { type: 'EMAIL', values: ['a@b'] },
    ]);
    expect(methods).toEqual(['crm.duplicate.findbycomm', 'crm.duplicate.findbycomm']);
  });

  test('is also read where PHP has made a map of the list', () => {
    expect(asked({ fm: { 1: phone('1') } }).params).toEqual([{ type: 'PHONE', values: ['1'] }]);
  });

  test('is asked for twenty at a time', () => {
    const fm = Array.from({ length: 41 }, (_, index) => phone(String(index)));
    const { params } = asked({ fm });
    expect(params.map(({ values }) => (values as string[]).length)).toEqual([20, 20, 1]);
    expect(params.flatMap(({ values }) => values)).toEqual(fm.map(({ value }) => value));
    expect(asked({ fm: fm.slice(0, 20) }).params).toHaveLength(1);
  });

  test('is nothing for whoever has neither and says so', () => {
    for (const no of ['N', false]) {
      for (const fm of [undefined, null]) {
        expect(asked({ fm, hasPhone: no, hasEmail: no })).toMatchObject({ params: [], unread: [] });
      }
    }
    expect(asked({ fm: [] })).toMatchObject({ params: [], unread: [] });
  });

  test.each<[object]>([
    [{}],
    [{ fm: null, hasPhone: 'Y', hasEmail: 'N' }],
    [{ fm: null, hasPhone: 'N', hasEmail: 'Y' }],
    [{ hasPhone: 'N' }],
    [{ fm: 'x', hasPhone: 'N', hasEmail: 'N' }],
    [{ fm: 5 }],
    [{ fm: [{ typeId: 'PHONE' }] }],
    [{ fm: [null] }],
  ])('is not known of a record that does not tell: %j', (fields) => {
    expect(asked(fields as Record<string, unknown>)).toMatchObject({
      params: [],
      unread: [['duplicates', 'refused']],
    });
  });
});

describe('what is found', () => {
  const of = (answer: JudgedAnswer) => asked({ fm: [phone('1')] }, answer);
  const many = (count: number) => Array.from({ length: count }, (_, index) => index + 100);

  test('are leads, contacts and companies, but not the record itself', () => {
    const { found, unread } = of(answered({ LEAD: ['5'], CONTACT: [5, 6], COMPANY: [5], OTHER: [1] }));
    expect(found).toEqual([
      { entityTypeId: 1, id: 5 },
      { entityTypeId: 3, id: 6 },
      { entityTypeId: 4, id: 5 },
    ]);
    expect(unread).toEqual([]);
  });

  test('is nothing where the list is empty', () => {
    expect(of(answered([]))).toMatchObject({ found: [], unread: [] });
    expect(of(answered({}))).toMatchObject({ found: [], unread: [] });
  });

  test('may not be all from twenty of one type on', () => {
    expect(of(answered({ CONTACT: many(19) }))).toMatchObject({ unread: [] });
    expect(of(answered({ CONTACT: many(20) }))).toMatchObject({ unread: [['duplicates', 'too-many']] });
    expect(of(answered({ CONTACT: many(20) })).found).toHaveLength(20);
  });

  test.each<[string, JudgedAnswer, string]>([
    ['a refusal', refusal, 'refused'],
    ['trouble', trouble, 'unanswered'],
    ['text', answered('x'), 'unanswered'],
    ['a list with something in it', answered([6]), 'unanswered'],
    ['ids that are none', answered({ CONTACT: ['x'] }), 'unanswered'],
  ])('is not known after %s', (_, answer, why) => {
    expect(of(answer)).toMatchObject({ found: [], unread: [['duplicates', why]] });
  });

  test('is not known without an answer', () => {
    const { asks } = asked({ fm: [phone('1')] });
    expect(asks.flatMap((ask) => ask.read(undefined))).toEqual([]);
  });
});

describe('of duplicates', () => {
  const all = { activity: true, leads: true };
  const holders = (entityTypeId: number, ...ids: number[]) => ids.map((id) => new HolderNotes({ entityTypeId, id }));
  const readAll = (some: readonly HolderNotes[], answer: JudgedAnswer | undefined) => {
    for (const ask of holderAsks(some, all)) expect(ask.read(answer)).toEqual([]);
    return some;
  };

  test('leads are asked whether they are open, others when something happened, each type by itself', () => {
    const some = [...holders(1, 5), ...holders(3, 6, 7), ...holders(4, 8)];
    const rest = { order: { id: 'ASC' }, start: -1 };
    const times = ['id', 'createdTime', 'lastActivityTime'];
    const asks = holderAsks(some, all);
    expect(asks.map(({ command }) => command.method)).toEqual(Array(3).fill('crm.item.list'));
    expect(asks.map(({ command }) => command.params)).toEqual([
      { entityTypeId: 1, filter: { '@id': [5], '@stageSemanticId': ['P'] }, select: ['id'], ...rest },
      { entityTypeId: 3, filter: { '@id': [6, 7] }, select: times, ...rest },
      { entityTypeId: 4, filter: { '@id': [8] }, select: times, ...rest },
    ]);
  });

  test('only what guards look at is asked', () => {
    const some = [...holders(1, 5), ...holders(3, 6)];
    const typesFor = (wanted: { activity: boolean; leads: boolean }) =>
      holderAsks(some, wanted).map(({ command }) => command.params['entityTypeId']);
    expect(typesFor({ activity: true, leads: false })).toEqual([3]);
    expect(typesFor({ activity: false, leads: true })).toEqual([1]);
    expect(typesFor({ activity: false, leads: false })).toEqual([]);
  });

  test('50 are asked at a time', () => {
    const ids = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
    expect(holderAsks(holders(3, ...ids(50)), all)).toHaveLength(1);
    const sizes = holderAsks(holders(1, ...ids(101)), all).map(
      ({ command }) => (command.params['filter'] as { '@id': number[] })['@id'].length,
    );
    expect(sizes).toEqual([50, 50, 1]);
  });

  test('an open lead is itself what keeps', () => {
    const [open, closed] = readAll(holders(1, 5, 6), listed({ id: '5' }));
    expect([...(open?.rows ?? [])]).toEqual([
      ['1:5', { entityTypeId: 1, id: 5, stageId: '', semantics: 'P', parents: {}, isHeld: false }],
    ]);
    expect(closed?.rows.size).toBe(0);
    expect(open?.unread.size).toBe(0);
  });

  test('times are noted; one that is not there any more has none', () => {
    const row = { id: 6, createdTime: '2026-07-01T00:00:00Z', lastActivityTime: '2026-07-02T00:00:00Z' };
    const [there, gone] = readAll(holders(3, 6, 7), listed(row));
    expect(there).toMatchObject({ createdTime: Date.UTC(2026, 6, 1), lastActivityTime: Date.UTC(2026, 6, 2) });
    expect(gone?.lastActivityTime).toBeUndefined();
    expect(gone?.unread.size).toBe(0);
  });

  test.each<[string, JudgedAnswer | undefined, string]>([
    ['no answer', undefined, 'unanswered'],
    ['a refusal', refusal, 'refused'],
    ['no list', answered('x'), 'unanswered'],
    ['a row without an id', listed({ id: 5 }, {}), 'unanswered'],
  ])('nothing is known after %s', (_, answer, why) => {
    expect([...(readAll(holders(1, 5), answer)[0]?.unread ?? [])]).toEqual([['open-leads', why]]);
    expect([...(readAll(holders(3, 5), answer)[0]?.unread ?? [])]).toEqual([['recent-activity', why]]);
  });
});
