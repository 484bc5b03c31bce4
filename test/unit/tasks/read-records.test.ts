import { describe, expect, test } from '@jest/globals';
import { classify } from '../../../lib/bitrix24/errors.ts';
import type { JudgedAnswer } from '../../../lib/portals/judge.ts';
import { fittingLook, type Judged, lookCommands, readLook } from '../../../lib/tasks/look.ts';
import { tasksPerMessage } from '../../../lib/tasks/messages.ts';
import { readRecords, recordCommands } from '../../../lib/tasks/read-records.ts';
import { semanticsFrom, stageCommands } from '../../../lib/tasks/stage-semantics.ts';

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
const deals = (ids: readonly number[]) => ids.map((id) => ({ entityTypeId: 2, id }));
/** The deals by their ids. */
const read = (ids: number[], ...answers: JudgedAnswer[]) => {
  const { records } = readRecords(deals(ids), new Map(answers.map((answer, index) => [`t2p${index}`, answer])));
  return new Map([...records].map(([key, record]) => [Number(key.slice(2)), record]));
};
/** Tasks of deals whose contacts are to be unlinked. */
const judged = (ids: readonly number[], entityTypeId = 2, stageId = 'C5:LOSE'): Judged[] =>
  ids.map(
    (id) =>
      ({
        task: { record: { entityTypeId, id }, transition: { stageId, movedTime: 1 } },
        rule: { when: { type: 'deal', stages: 'all-lost' }, where: [], delete: [{ what: 'deal-contacts' }] },
      }) as unknown as Judged,
  );

describe('the commands that read records', () => {
  test('ask for 50 ids each, without counting, and all fit into one batch', () => {
    const ids = Array.from({ length: 2_500 }, (_, index) => index + 1);
    const commands = [...recordCommands(deals(ids), [])];
    expect(commands).toHaveLength(50);
    expect(commands[1]).toEqual([
      't2p1',
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
    expect(recordCommands([], []).size).toBe(0);
  });

  test('ask each type by itself, for the fields that it has and those that its rules look at', () => {
    const where = [{ field: 'UF_CRM_REASON', equals: 1 }];
    const rules = [{ when: { type: 'lead' as const, stages: 'all-lost' as const }, where }];
    const commands = recordCommands([...deals([7]), { entityTypeId: 1, id: 7 }, { entityTypeId: 1044, id: 7 }], rules);
    const selects = [...commands.values()].map(({ params }) => params['select']);
    expect([...commands.keys()]).toEqual(['t2p0', 't1p0', 't1044p0']);
    expect(selects[0]).toEqual(expect.arrayContaining(['stageSemanticId', 'categoryId']));
    expect(selects[1]).toEqual(expect.arrayContaining(['stageSemanticId', 'UF_CRM_REASON']));
    expect(selects[1]).not.toContain('categoryId');
    expect(selects[2]).not.toContain('stageSemanticId');
    expect(selects[2]).not.toContain('UF_CRM_REASON');
  });

  test('with the links and who we are fit into one batch for as many tasks as a message holds', () => {
    const ids = Array.from({ length: tasksPerMessage }, (_, index) => index + 1);
    expect(lookCommands(judged(ids)).size).toBeLessThanOrEqual(50);
    expect(lookCommands(judged([7])).get('links2n7')).toEqual({
      method: 'crm.deal.contact.items.get',
      params: { id: 7 },
    });
  });

  test('never ask for more than fits: of tasks of many kinds some wait for the next round', () => {
    const many = [
      ...judged(Array.from({ length: 46 }, (_, index) => index + 1)),
      ...judged([1, 2], 1044, 'DT1044_3:FAIL'),
      ...judged([1], 1, 'JUNK'),
    ];
    const fitting = fittingLook(many);
    expect(fitting.length).toBeGreaterThan(40);
    expect(fitting.length).toBeLessThan(many.length);
    expect(lookCommands(fitting).size).toBeLessThanOrEqual(50);
  });
});

describe('what a stage of a smart process means', () => {
  const stages = [
    { STATUS_ID: 'DT1044_3:NEW', NAME: 'New', SEMANTICS: null },
    { STATUS_ID: 'DT1044_3:FAIL', NAME: 'Lost', SEMANTICS: 'F' },
  ];
  const inPipeline = { entityTypeId: 1044, stageId: 'DT1044_3:FAIL' };
  const item = { ...row(7, { categoryId: 3, stageId: 'DT1044_3:FAIL' }), stageSemanticId: undefined };
  const readItem = (answers: [string, JudgedAnswer][]) =>
    readRecords(
      [{ entityTypeId: 1044, id: 7 }],
      new Map([['t1044p0', page(item)], ...answers]),
      semanticsFrom(new Map(answers)),
    );

  test('is asked of its own directory, and of deals and leads not at all', () => {
    expect([
      ...stageCommands([inPipeline, { entityTypeId: 2, stageId: 'C5:LOSE' }, { entityTypeId: 1, stageId: 'JUNK' }]),
    ]).toEqual([
      [
        'stages1044p3',
        {
          method: 'crm.status.list',
          params: expect.objectContaining({ filter: { ENTITY_ID: 'DYNAMIC_1044_STAGE_3' } }),
        },
      ],
    ]);
    expect([...stageCommands([{ entityTypeId: 31, stageId: 'DT31_9:D' }]).values()][0]?.params).toMatchObject({
      filter: { ENTITY_ID: 'SMART_INVOICE_STAGE_9' },
    });
  });

  test('makes its item lost', () => {
    const { records } = readItem([['stages1044p3', { kind: 'result', result: stages }]]);
    expect(records.get('1044:7')).toMatchObject({ found: true, semantics: 'F', stageId: 'DT1044_3:FAIL' });
  });

  test.each<[string, JudgedAnswer | undefined]>([
    ['was not asked', undefined],
    ['could not be read', refused],
    ['is an empty list, which an unknown directory gives too', { kind: 'result', result: [] }],
  ])('is unknown, and so is the item, when it %s', (_name, answer) => {
    expect(readItem(answer ? [['stages1044p3', answer]] : []).records.size).toBe(0);
  });

  test('is no loss when the pipeline has no such stage any more', () => {
    const { records } = readItem([['stages1044p3', { kind: 'result', result: stages.slice(0, 1) }]]);
    expect(records.get('1044:7')).toMatchObject({ semantics: 'P' });
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
      movedBy: 0,
      fields: row('7', { categoryId: '5' }),
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
      judged([7, 8, 9]),
      new Map<string, JudgedAnswer>([
        ['profile', { kind: 'result', result: { ID: '1', ADMIN: true } }],
        ['t2p0', page(row(7), row(9))],
        ['links2n7', { kind: 'result', result: [{ CONTACT_ID: '55', SORT: 10, ROLE_ID: 0, IS_PRIMARY: 'Y' }] }],
        ['links2n8', gone],
        ['links2n9', refused],
      ]),
      123,
    );
    expect(look).toMatchObject({ at: 123, profile: { ID: 1, ADMIN: true } });
    expect(look.links.get('links:2:7')).toEqual({
      kind: 'links',
      links: [{ CONTACT_ID: 55, SORT: 10, ROLE_ID: 0, IS_PRIMARY: 'Y' }],
    });
    expect(look.links.get('links:2:8')).toEqual({ kind: 'gone' });
    expect(look.links.get('links:2:9')).toMatchObject({ kind: 'unknown', row: { name: 'rate-limit' } });
    expect(look.records.get('2:8')).toEqual({ found: false });
  });

  test('knows nothing where the answers say nothing', () => {
    const look = readLook(judged([7]), new Map(), 0);
    expect(look.profile).toBeUndefined();
    expect(look.records.has('2:7')).toBe(false);
    expect(look.links.get('links:2:7')).toEqual({ kind: 'unknown', row: undefined });
  });

  test('a link without a contact is not read as a link to contact 0', () => {
    const look = readLook(
      judged([7]),
      new Map([['links2n7', { kind: 'result', result: [{ CONTACT_ID: null }] } as const]]),
      0,
    );
    expect(look.links.get('links:2:7')?.kind).toBe('unknown');
  });
});
