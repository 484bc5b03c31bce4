import { describe, expect, test } from '@jest/globals';
import type { JudgedAnswer } from '../../../../lib/portals/judge.ts';
import { nothingProtected } from '../../../../lib/rules/protect.ts';
import { readProtectedFields } from '../../../../lib/tasks/guards/protected-fields.ts';
import { answered, listed, refusal } from './answers.ts';

const protect = { ...nothingProtected, holdField: 'UF_CRM_HOLD', responsible: [7], sources: ['WEB'] };
const contacts = (...ids: number[]) => ids.map((id) => ({ entityTypeId: 3, id }));
const idsIn = (params: unknown) => (params as { filter: { '@id': number[] } }).filter['@id'];
/** The fields of contacts 5 and 6, after this answer. */
function readWith(answer: JudgedAnswer | undefined) {
  const fields = readProtectedFields(protect, contacts(5, 6), []);
  for (const ask of fields.take()) expect(ask.read(answer)).toEqual([]);
  return contacts(5, 6).map((one) => fields.of(one));
}

describe('the questions', () => {
  test('are after the fields that protect, each record once, each type by itself', () => {
    const asks = readProtectedFields(protect, [...contacts(5, 6, 5), { entityTypeId: 2, id: 5 }], []).take();
    expect(asks.map(({ command }) => command)).toEqual([
      {
        method: 'crm.item.list',
        params: {
          entityTypeId: 3,
          filter: { '@id': [5, 6] },
          select: ['id', 'UF_CRM_HOLD', 'assignedById', 'sourceId'],
          order: { id: 'ASC' },
          start: -1,
          useOriginalUfNames: 'Y',
        },
      },
      { method: 'crm.item.list', params: expect.objectContaining({ entityTypeId: 2, filter: { '@id': [5] } }) },
    ]);
  });

  test('are none where no field protects', () => {
    expect(readProtectedFields({ ...nothingProtected, ids: { 3: [5] } }, contacts(5), []).take()).toEqual([]);
  });

  test('are after 50 records at a time', () => {
    const of = (count: number) =>
      readProtectedFields(protect, contacts(...Array.from({ length: count }, (_, index) => index + 1)), [])
        .take()
        .map(({ command }) => idsIn(command.params).length);
    expect(of(50)).toEqual([50]);
    expect(of(101)).toEqual([50, 50, 1]);
  });

  test('are given out once; what was not taken is asked', async () => {
    const fields = readProtectedFields(protect, contacts(5), []);
    const batches: number[] = [];
    const batch = async (commands: ReadonlyMap<string, unknown>) => {
      batches.push(commands.size);
      return new Map([...commands.keys()].map((key) => [key, listed({ id: 5, assignedById: 1 })]));
    };
    await fields.ask({ session: { batch }, clock: () => 1 });
    expect(fields.of({ entityTypeId: 3, id: 5 })).toEqual({ id: 5, assignedById: 1 });
    expect(fields.take()).toEqual([]);
    await fields.ask({ session: { batch }, clock: () => 1 });
    expect(batches).toEqual([1]);
  });
});

describe('the answers', () => {
  test('tell of each record, and that one that is gone has nothing that protects it', () => {
    const row = { id: '5', UF_CRM_HOLD: 'Y', assignedById: 7 };
    expect(readWith(listed(row))).toEqual([row, { UF_CRM_HOLD: null, assignedById: 0, sourceId: null }]);
  });

  test('tell nothing of one that was there just now and is not shown', () => {
    const fields = readProtectedFields(protect, contacts(5, 6), contacts(6));
    for (const ask of fields.take()) ask.read(listed());
    expect(fields.of({ entityTypeId: 3, id: 5 })).toBeDefined();
    expect(fields.of({ entityTypeId: 3, id: 6 })).toBeUndefined();
  });

  test.each<[string, JudgedAnswer | undefined]>([
    ['there is none', undefined],
    ['it is a refusal', refusal],
    ['it is no list', answered('x')],
    ['a row has no id', listed({ id: 5 }, { name: 'x' })],
    ['a row is of another record', listed({ id: 5 }, { id: 7 })],
  ])('tell nothing when %s', (_, answer) => {
    expect(readWith(answer)).toEqual([undefined, undefined]);
  });
});
