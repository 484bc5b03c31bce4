import { describe, expect, test } from '@jest/globals';
import type { JudgedAnswer } from '../../../../lib/portals/judge.ts';
import type { Guards } from '../../../../lib/rules/guards.ts';
import { nothingProtected } from '../../../../lib/rules/protect.ts';
import type { ItemType } from '../../../../lib/tasks/guards/item-types.ts';
import { type FindingOptions, readFindings, type Subject } from '../../../../lib/tasks/guards/read-findings.ts';
import { answered, refusal, trouble } from './answers.ts';

const off: Guards = {
  'open-deals': false,
  'won-deals': false,
  'open-leads': false,
  'open-items': false,
  quotes: false,
  invoices: false,
  duplicates: false,
  'recent-activity': 0,
};
const time = '2026-07-01T00:00:00Z';
const lost = { entityTypeId: 2, id: 7 };
const subject = (id: number, more: Partial<Subject> = {}): Subject => ({
  entityTypeId: 3,
  id,
  fields: { id, lastActivityTime: time, createdTime: time },
  lost,
  itemTypes: new Set(),
  listed: new Set(),
  items: new Map(),
  ...more,
});
const phone = { fm: [{ typeId: 'PHONE', value: '1' }], lastActivityTime: time, createdTime: time };

interface Portal {
  /** By the number of the type: what names a client. */
  rows?: Record<number, JudgedAnswer | Record<string, unknown>[]>;
  /** By the number of the type: records themselves. */
  records?: Record<number, Record<string, unknown>[]>;
  duplicates?: Record<string, number[]>;
  stages?: Record<string, JudgedAnswer>;
}

/** What is found in such a portal, what was asked for, and of what it was asked whether it is on hold. */
async function find(
  subjects: readonly Subject[],
  { rows = {}, records = {}, duplicates = {}, stages = {} }: Portal,
  options: Partial<FindingOptions> & { held?: string[] } = {},
) {
  const asked: string[] = [];
  const requests: number[] = [];
  const selected: unknown[] = [];
  const heldAsked: string[] = [];
  const answer = (method: string, params: Record<string, unknown>): JudgedAnswer => {
    const filter = (params['filter'] ?? {}) as Record<string, unknown[]>;
    const type = Number(params['entityTypeId']);
    asked.push(`${method} ${method === 'crm.item.list' ? `${type} ` : ''}${Object.keys(filter).join()}`);
    selected.push(params['select']);
    if (method === 'crm.duplicate.findbycomm') return answered(duplicates);
    if (method === 'crm.status.list') return stages[String(filter['ENTITY_ID'])] ?? answered([]);
    if (filter['@id'])
      return answered({ items: (records[type] ?? []).filter(({ id }) => filter['@id']?.includes(id)) });
    const some = rows[type] ?? [];
    if (!Array.isArray(some)) return some;
    const named = filter['@contactIds'] ?? filter['@companyId'];
    const key = filter['@contactIds'] ? 'contactId' : 'companyId';
    const after = Number(filter['>id'] ?? 0);
    const page = some.filter((row) => named?.includes(row[key]) && Number(row['id']) > after).slice(0, 50);
    return answered({ items: page });
  };
  const batch = async (commands: ReadonlyMap<string, { method: string; params: Record<string, unknown> }>) => {
    requests.push(commands.size);
    return new Map([...commands].map(([key, { method, params }]) => [key, answer(method, params)]));
  };
  const { held = [], ...more } = options;
  const found = await readFindings(
    {
      session: { batch },
      clock: () => 0,
      guards: off,
      types: [],
      protect: nothingProtected,
      heldAmong: async (some) => {
        heldAsked.push(...some.map(({ entityTypeId, id }) => `${entityTypeId}:${id}`));
        return new Set(held);
      },
      ...more,
    },
    subjects,
  );
  return { found, first: found.get(subjects[0] ?? subject(0)), asked, requests, selected, heldAsked };
}

const guards = { ...off, 'open-deals': true } as const;
const projects: ItemType = { entityTypeId: 1044, hasStages: true };

test('what a contact has is told by type and number, and when it was active', async () => {
  const rows = {
    2: [
      { id: 8, contactId: 5, stageSemanticId: 'P' },
      { id: 9, contactId: 6, stageSemanticId: 'P' },
    ],
  };
  const { found, asked } = await find([subject(5), subject(6), subject(4)], { rows }, { guards });
  const linked = [...found.values()].map((one) => one.linked);
  expect(linked).toEqual([
    [{ entityTypeId: 2, id: 8, semantics: 'P' }],
    [{ entityTypeId: 2, id: 9, semantics: 'P' }],
    [],
  ]);
  expect([...found.values()][0]).toMatchObject({
    lastActivityTime: Date.parse(time),
    createdTime: Date.parse(time),
    duplicates: [],
    unread: new Map(),
  });
  expect(asked).toEqual(['crm.item.list 2 @contactIds,@stageSemanticId']);
});

test('questions of others go with the first request', async () => {
  const heard: unknown[] = [];
  const also = [{ command: { method: 'x', params: {} }, read: (answer: unknown) => (heard.push(answer), []) }];
  const { requests } = await find([subject(5)], {}, { guards, also });
  expect(requests).toEqual([2]);
  expect(heard).toHaveLength(1);
});

describe('the lost record', () => {
  const rows = { 2: [{ id: 7, contactId: 5, stageId: 'C5:NEW', stageSemanticId: 'P' }] };

  test('keeps nothing, and tells the stage that it was seen in', async () => {
    const { first, heldAsked } = await find([subject(5)], { rows }, { guards });
    expect(first).toMatchObject({ linked: [], lostStage: 'C5:NEW' });
    expect(heldAsked).toEqual([]);
  });

  test('of another keeps', async () => {
    const { first } = await find([subject(5, { lost: { entityTypeId: 2, id: 8 } })], { rows }, { guards });
    expect(first).toMatchObject({ linked: [{ id: 7 }], lostStage: undefined });
  });
});

test('whoever is named by a record that keeps nobody is looked for on the next page', async () => {
  const deal = (id: number, contactId: number) => ({ id, contactId, stageSemanticId: 'P' });
  const rows = { 2: [deal(7, 5), ...Array.from({ length: 49 }, (_, index) => deal(100 + index, 6)), deal(200, 5)] };
  const [one, other] = [subject(5), subject(6, { lost: { entityTypeId: 2, id: 9 } })];
  const { found, requests } = await find([one, other], { rows }, { guards });
  expect(found.get(one)?.linked).toMatchObject([{ id: 200 }]);
  expect(requests).toEqual([1, 1]);
});

test('the parents of records are asked for only of tasks that delete items', async () => {
  const fields = ['id', 'stageId', 'stageSemanticId', 'contactId', 'contactIds'];
  const parents = async (...subjects: Subject[]) => (await find(subjects, {}, { guards })).selected;
  expect(await parents(subject(5))).toEqual([fields]);
  const itemTypes = new Set([1044]);
  const some = [subject(4), subject(5, { itemTypes }), subject(6, { itemTypes })];
  expect(await parents(...some)).toEqual([[...fields, 'parentId2']]);
});

describe('an item that the task deletes with the lost record', () => {
  const itemGuards = { ...off, 'open-items': true };
  const row = (more = {}) => ({ id: 70, contactId: 5, stageId: '', parentId2: 7, ...more });
  const options = { guards: itemGuards, types: [{ ...projects, hasStages: false }] };
  const itemTypes = new Set([1044]);
  const keeps = async (one: Subject, more = {}, held: string[] = []) => {
    const { first, heldAsked } = await find([one], { rows: { 1044: [row(more)] } }, { ...options, held });
    return { keeps: first?.linked.length, heldAsked };
  };

  test.each<[string, Subject, object, string[], number]>([
    ['keeps nothing', subject(5, { itemTypes }), {}, [], 0],
    ['keeps it while it is on hold', subject(5, { itemTypes }), {}, ['1044:70'], 1],
    ['keeps it when another record is its parent', subject(5, { itemTypes }), { parentId2: 8 }, [], 1],
    ['keeps it when it has no parent', subject(5, { itemTypes }), { parentId2: null }, [], 1],
    ['keeps it when the task deletes no such items', subject(5), {}, [], 1],
    [
      'keeps nothing when it is still to be deleted',
      subject(5, { itemTypes, items: new Map([['1044:70', true]]) }),
      {},
      [],
      0,
    ],
    [
      'keeps it when it is not to be deleted',
      subject(5, { itemTypes, items: new Map([['1044:70', false]]) }),
      {},
      [],
      1,
    ],
    ['keeps it when no more of them are looked for', subject(5, { itemTypes, listed: itemTypes }), {}, [], 1],
    [
      'keeps nothing when it was found before the looking ended',
      subject(5, { itemTypes, listed: itemTypes, items: new Map([['1044:70', true]]) }),
      {},
      [],
      0,
    ],
  ])('%s', async (_name, one, more, held, count) => {
    expect((await keeps(one, more, held)).keeps).toBe(count);
  });

  test('is asked for its hold, and nothing else is', async () => {
    expect((await keeps(subject(5, { itemTypes }))).heldAsked).toEqual(['1044:70']);
    expect((await keeps(subject(5))).heldAsked).toEqual([]);
  });

  test('of one of two tasks is asked for as well', async () => {
    const other = { entityTypeId: 2, id: 8 };
    const { heldAsked, found } = await find(
      [subject(5, { itemTypes }), subject(6, { itemTypes, lost: other })],
      { rows: { 1044: [row()] } },
      options,
    );
    expect(heldAsked).toEqual(['1044:70']);
    expect([...found.values()].map(({ linked }) => linked)).toEqual([[], []]);
  });
});

describe('the stage of an item', () => {
  const options = { guards: { ...off, 'open-items': true }, types: [projects] };
  const item = (id: number, stageId: string, more = {}) => ({ id, contactId: 5, stageId, ...more });
  const status = (STATUS_ID: string, SEMANTICS: string) => ({ STATUS_ID, NAME: STATUS_ID, SEMANTICS });
  const stages = { DYNAMIC_1044_STAGE_3: answered([status('DT1044_3:A', 'P'), status('DT1044_3:F', 'F')]) };

  test('means what its pipeline says, and is in progress where that does not name it', async () => {
    const rows = { 1044: [item(1, 'DT1044_3:A'), item(2, 'DT1044_3:F'), item(3, 'DT1044_3:X')] };
    const { first, asked } = await find([subject(5)], { rows, stages }, options);
    expect(first?.linked.map(({ id, semantics }) => [id, semantics])).toEqual([
      [1, 'P'],
      [2, 'F'],
      [3, 'P'],
    ]);
    expect(asked.filter((one) => one.startsWith('crm.status'))).toHaveLength(1);
    expect(first?.unread).toEqual(new Map());
  });

  test('is asked for in no pipeline when it names none, or is known', async () => {
    const rows = { 1044: [item(1, 'NEW'), item(2, 'DT1044_3:F', { stageSemanticId: 'S' })] };
    const { first, asked } = await find([subject(5)], { rows, stages }, options);
    expect(first?.linked.map(({ id, semantics }) => [id, semantics])).toEqual([
      [1, undefined],
      [2, 'S'],
    ]);
    expect(asked).toEqual(['crm.item.list 1044 @contactIds']);
  });

  test.each<[string, JudgedAnswer, string]>([
    ['a refusal', refusal, 'refused'],
    ['trouble', trouble, 'unanswered'],
    ['an empty list', answered([]), 'unanswered'],
    ['another form', answered('x'), 'unanswered'],
  ])('is not known after %s: the guard says so', async (_name, answer, why) => {
    const rows = { 1044: [item(1, 'DT1044_3:A')] };
    const { first } = await find([subject(5)], { rows, stages: { DYNAMIC_1044_STAGE_3: answer } }, options);
    expect(first?.linked).toEqual([{ entityTypeId: 1044, id: 1, semantics: 'F' }]);
    expect(first?.unread).toEqual(new Map([['open-items', why]]));
  });
});

describe('types of items that could not be read', () => {
  test('are what the guard of items does not know', async () => {
    const { first, asked } = await find([subject(5)], {}, { guards: { ...off, 'open-items': true }, types: 'refused' });
    expect(first?.unread).toEqual(new Map([['open-items', 'refused']]));
    expect(asked).toEqual([]);
  });

  test('matter to no other guard', async () => {
    const { first } = await find([subject(5)], {}, { guards, types: 'refused' });
    expect(first?.unread).toEqual(new Map());
  });
});

describe('duplicates', () => {
  const withDuplicates = { ...off, duplicates: true };
  const one = subject(5, { fields: phone });
  const duplicates = { CONTACT: [6], COMPANY: [9], LEAD: [20] };

  test('are not looked for without their guard', async () => {
    const { asked, first } = await find([one], { duplicates }, { guards });
    expect(first?.duplicates).toEqual([]);
    expect(asked).toEqual(['crm.item.list 2 @contactIds,@stageSemanticId']);
  });

  test('are told with what they have', async () => {
    const rows = { 2: [{ id: 8, contactId: 6, companyId: 9, stageSemanticId: 'P' }] };
    const { first, asked } = await find(
      [one],
      { rows, duplicates },
      { guards: { ...withDuplicates, 'open-deals': true } },
    );
    const has = [{ entityTypeId: 2, id: 8, semantics: 'P' }];
    expect(first?.linked).toEqual([]);
    expect(first?.duplicates.map(({ entityTypeId, id, linked }) => [entityTypeId, id, linked])).toEqual([
      [1, 20, []],
      [3, 6, has],
      [4, 9, has],
    ]);
    expect(asked).toEqual([
      'crm.item.list 2 @contactIds,@stageSemanticId',
      'crm.duplicate.findbycomm ',
      'crm.item.list 2 @contactIds,@stageSemanticId',
      'crm.item.list 2 @companyId,@stageSemanticId',
    ]);
  });

  test('are asked for activities where these count, and for open leads where those do', async () => {
    const records = { 3: [{ id: 6, lastActivityTime: time, createdTime: time }], 4: [{ id: 9 }], 1: [{ id: 20 }] };
    const { first, asked } = await find(
      [one],
      { duplicates, records },
      { guards: { ...withDuplicates, 'open-leads': true, 'recent-activity': 1 } },
    );
    expect(asked.filter((text) => text.includes('@id')).toSorted()).toEqual([
      'crm.item.list 1 @id,@stageSemanticId',
      'crm.item.list 3 @id',
      'crm.item.list 4 @id',
    ]);
    expect(first?.duplicates.find(({ id }) => id === 6)?.lastActivityTime).toBe(Date.parse(time));
    expect(first?.duplicates.find(({ id }) => id === 20)?.linked).toMatchObject([{ entityTypeId: 1, id: 20 }]);
  });

  test('the lost lead itself is none', async () => {
    const lead = subject(5, { fields: phone, lost: { entityTypeId: 1, id: 20 } });
    const { first } = await find([lead], { duplicates: { LEAD: [20, 21] } }, { guards: withDuplicates });
    expect(first?.duplicates.map(({ id }) => id)).toEqual([21]);
  });

  test('among those that the task deletes have what they have, once', async () => {
    const rows = { 2: [{ id: 8, contactId: 6, stageSemanticId: 'P' }] };
    const both = [one, subject(6)];
    const { found, asked } = await find(
      both,
      { rows, duplicates: { CONTACT: [6] } },
      {
        guards: { ...withDuplicates, 'open-deals': true, 'recent-activity': 1 },
      },
    );
    expect(found.get(one)?.duplicates).toMatchObject([{ id: 6, linked: [{ id: 8 }] }]);
    expect(asked.filter((text) => text.startsWith('crm.item.list'))).toHaveLength(1);
  });
});
