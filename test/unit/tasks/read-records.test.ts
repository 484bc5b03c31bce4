import { describe, expect, test } from '@jest/globals';
import { classify } from '../../../lib/bitrix24/errors.ts';
import type { JudgedAnswer } from '../../../lib/portals/judge.ts';
import { linkCommands, lookCommands, readLook } from '../../../lib/tasks/look.ts';
import { tasksPerMessage } from '../../../lib/tasks/messages.ts';
import { dealCommands, readDeals } from '../../../lib/tasks/read-records.ts';

const row = (id: number | string | null, changed: object = {}) => ({
  id,
  categoryId: 5,
  stageId: 'C5:LOSE',
  stageSemanticId: 'F',
  movedTime: '2026-07-29T10:00:00+02:00',
  ...changed,
});
const page = (...items: unknown[]): JudgedAnswer => ({ kind: 'result', result: { items } });
const refused: JudgedAnswer = {
  kind: 'error',
  error: 'QUERY_LIMIT_EXCEEDED',
  description: '',
  row: classify({ error: 'QUERY_LIMIT_EXCEEDED', description: '', method: 'crm.item.list', status: 200 }),
};
const read = (ids: number[], ...answers: JudgedAnswer[]) =>
  readDeals(ids, new Map(answers.map((answer, index) => [`deals${index}`, answer]))).records;

describe('the commands that read deals', () => {
  test('ask for 50 ids each, without counting, and all fit into one batch', () => {
    const ids = Array.from({ length: 2_500 }, (_, index) => index + 1);
    const commands = [...dealCommands(ids)];
    expect(commands).toHaveLength(50);
    expect(commands[1]).toEqual([
      'deals1',
      {
        method: 'crm.item.list',
        params: expect.objectContaining({ entityTypeId: 2, start: -1, filter: { '@id': ids.slice(50, 100) } }),
      },
    ]);
    expect(new Set(commands.flatMap(([, { params }]) => (params['filter'] as { '@id': number[] })['@id']))).toEqual(
      new Set(ids),
    );
  });

  test('are none for no ids: a list without a filter would be a list of everything', () => {
    expect(dealCommands([]).size).toBe(0);
  });

  test('with the links and who we are fit into one batch for as many tasks as a message holds', () => {
    const ids = Array.from({ length: tasksPerMessage }, (_, index) => index + 1);
    expect(lookCommands(ids).size).toBeLessThanOrEqual(50);
    expect([...linkCommands([7]).values()]).toEqual([{ method: 'crm.deal.contact.items.get', params: { id: 7 } }]);
  });
});

describe('what the answers tell of the deals', () => {
  test('numbers may be text, and the moment of the move is an instant', () => {
    expect(read([7], page(row('7', { categoryId: '5' }))).get(7)).toEqual({
      found: true,
      entityTypeId: 2,
      categoryId: 5,
      stageId: 'C5:LOSE',
      semantics: 'F',
      movedTime: Date.UTC(2026, 6, 29, 8),
    });
  });

  test('a deal that was asked for and is not in the answer is gone', () => {
    expect([...read([7, 8], page(row(8)))]).toContainEqual([7, { found: false }]);
  });

  test('nothing is known of the deals of a command that failed, was not answered, or was answered with nonsense', () => {
    const ids = Array.from({ length: 51 }, (_, index) => index + 1);
    const useless: JudgedAnswer[] = [
      refused,
      { kind: 'missing' },
      { kind: 'result', result: [] },
      { kind: 'result', result: { items: 'x' } },
    ];
    for (const answer of useless) {
      const records = read(ids, answer, page(row(51)));
      expect([...records.keys()]).toEqual([51]);
    }
  });

  test.each([
    ['a semantics that is none', { stageSemanticId: 'X' }],
    ['no moment of its move', { movedTime: null }],
    ['a moment without a zone', { movedTime: '2026-07-29T10:00:00' }],
    ['no stage', { stageId: null }],
  ])('nothing is known of a deal whose row has %s', (_name, changed) => {
    expect([...read([7, 8], page(row(7, changed), row(8))).keys()]).toEqual([8]);
  });

  test('a row that was not asked for is passed over', () => {
    expect([...read([7], page(row(7), row(9))).keys()]).toEqual([7]);
  });

  test('of two rows of one deal the first counts', () => {
    const records = read([7], page(row(7), row(7, { stageSemanticId: 'S' })));
    expect(records.get(7)).toMatchObject({ semantics: 'F' });
  });

  // Were it gone, its task would end as skipped: record-gone.
  test('a row without a usable id does not make the deal it stands for count as gone', () => {
    expect(read([7], page(row(null))).get(7)).toBeUndefined();
  });

  test('a row that is no object does not make the deal it stands for count as gone', () => {
    expect(read([7], page('7')).get(7)).toBeUndefined();
  });
});

describe('a look at the deals of tasks', () => {
  test('tells who we are, what is linked, and what is gone', () => {
    const gone: JudgedAnswer = {
      kind: 'error',
      error: '',
      description: 'Not found',
      row: classify({ error: '', description: 'Not found', method: 'crm.deal.contact.items.get', status: 200 }),
    };
    const look = readLook(
      [7, 8, 9],
      new Map<string, JudgedAnswer>([
        ['profile', { kind: 'result', result: { ID: '1', ADMIN: true } }],
        ['deals0', page(row(7), row(9))],
        ['links7', { kind: 'result', result: [{ CONTACT_ID: '55', SORT: 10, ROLE_ID: 0, IS_PRIMARY: 'Y' }] }],
        ['links8', gone],
        ['links9', refused],
      ]),
      123,
    );
    expect(look).toMatchObject({ at: 123, profile: { ID: 1, ADMIN: true } });
    expect(look.links.get(7)).toEqual({
      kind: 'links',
      links: [{ CONTACT_ID: 55, SORT: 10, ROLE_ID: 0, IS_PRIMARY: 'Y' }],
    });
    expect(look.links.get(8)).toEqual({ kind: 'gone' });
    expect(look.links.get(9)).toMatchObject({ kind: 'unknown', row: { name: 'rate-limit' } });
    expect(look.records.get(8)).toEqual({ found: false });
  });

  test('knows nothing where the answers say nothing', () => {
    const look = readLook([7], new Map(), 0);
    expect(look.profile).toBeUndefined();
    expect(look.records.has(7)).toBe(false);
    expect(look.links.get(7)).toEqual({ kind: 'unknown', row: undefined });
  });

  test('a link without a contact is not read as a link to contact 0', () => {
    const look = readLook([7], new Map([['links7', { kind: 'result', result: [{ CONTACT_ID: null }] } as const]]), 0);
    expect(look.links.get(7)?.kind).toBe('unknown');
  });
});
