import { describe, expect, test } from '@jest/globals';
import { type Command, maxBatchCommands } from '../../../lib/bitrix24/batch.ts';
import { DirectoryUnreadable } from '../../../lib/portals/ask.ts';
import { readDirectory } from '../../../lib/portals/directory.ts';
import type { JudgedAnswer } from '../../../lib/portals/judge.ts';
import type { DirectoryNeeds } from '../../../lib/rules/directory.ts';

type Answers = (command: Command) => unknown;

/** A portal that answers so; undefined is an answer that is missing. */
function portal(answers: Answers) {
  const batches: string[][] = [];
  const session = {
    batch: async (commands: ReadonlyMap<string, Command>): Promise<Map<string, JudgedAnswer>> => {
      batches.push([...commands.values()].map(({ method }) => method));
      return new Map(
        [...commands].map(([key, command]): [string, JudgedAnswer] => {
          const result = answers(command);
          return [key, result === undefined ? { kind: 'missing' } : { kind: 'result', result }];
        }),
      );
    },
  };
  return { session, batches };
}

const lose = { STATUS_ID: 'LOSE', NAME: 'Lost', SEMANTICS: 'F' };
const ordinary: Answers = ({ method, params }) => {
  switch (method) {
    case 'crm.enum.ownertype':
      return [
        { ID: '1', NAME: 'Lead' },
        { ID: 1044, NAME: 'Projects' },
        { ID: '1046', NAME: 'Sites' },
      ];
    case 'crm.type.list':
      return { types: [{ entityTypeId: '1046', isStagesEnabled: 'N' }] };
    case 'crm.category.list':
      return { categories: [{ id: '0', name: 'General', isDefault: 'Y' }] };
    case 'crm.item.fields':
      return {
        fields: {
          sourceId: { type: 'crm_status', title: 'Source', statusType: 'SOURCE' },
          stageId: { type: 'crm_status', title: 'Stage', statusType: 'DEAL_STAGE' },
          UF_CRM_1: { type: 'enumeration', title: 'UF_CRM_1', formLabel: 'Reason', items: [{ ID: 7, VALUE: 'Spam' }] },
          UF_CRM_2: { type: 'enumeration', items: 'none' },
        },
      };
    default: {
      const filter = params['filter'] as Record<string, unknown>;
      return filter['ENTITY_ID'] === 'SOURCE' ? [{ STATUS_ID: 'WEB', NAME: 'Website' }] : [lose];
    }
  }
};

const needs = (pipelines: number[], fields: [number, string[]][] = []): DirectoryNeeds => ({
  pipelines: new Set(pipelines),
  fields: new Map(fields.map(([type, names]) => [type, new Set(names)])),
});

describe('what a portal has', () => {
  test('of deals is asked in two batches, without types', async () => {
    const { session, batches } = portal(ordinary);
    const directory = await readDirectory(session, needs([2], [[2, ['sourceId', 'stageId']]]));
    expect(batches).toEqual([
      ['crm.category.list', 'crm.item.fields'],
      ['crm.status.list', 'crm.status.list'],
    ]);
    expect(directory).toEqual({
      types: [],
      pipelines: new Map([
        [2, [{ pipelineId: 0, pipelineName: 'General', stages: [{ code: 'LOSE', name: 'Lost', semantics: 'F' }] }]],
      ]),
      fields: new Map([
        [
          2,
          [
            { name: 'sourceId', type: 'crm_status', title: 'Source', items: [{ id: 'WEB', text: 'Website' }] },
            { name: 'stageId', type: 'crm_status', title: 'Stage' },
            { name: 'UF_CRM_1', type: 'enumeration', title: 'Reason', items: [{ id: '7', text: 'Spam' }] },
            { name: 'UF_CRM_2', type: 'enumeration', title: 'UF_CRM_2' },
          ],
        ],
      ]),
    });
  });

  test('of leads is stages alone', async () => {
    const { session, batches } = portal(ordinary);
    const { pipelines } = await readDirectory(session, needs([1]));
    expect(batches).toEqual([['crm.status.list']]);
    expect(pipelines.get(1)?.[0]).toMatchObject({ pipelineId: 0, stages: [{ code: 'LOSE' }] });
  });

  test('is nothing of a type that it does not have, and no pipeline of one without stages', async () => {
    const refuses: Answers = (command) =>
      command.params['entityTypeId'] === 1045 || command.params['entityTypeId'] === 1046
        ? undefined
        : ordinary(command);
    const { session } = portal(refuses);
    const { types, pipelines, fields } = await readDirectory(session, needs([1045, 1046], [[1045, []]]));
    expect(types).toEqual([
      { entityTypeId: 1, title: 'Lead' },
      { entityTypeId: 1044, title: 'Projects' },
      { entityTypeId: 1046, title: 'Sites', hasStages: false },
    ]);
    expect([pipelines.get(1045), pipelines.get(1046), fields.get(1045)]).toEqual([[], [], undefined]);
  });

  test('is asked in as many batches as it needs', async () => {
    const many: Answers = (command) =>
      command.method === 'crm.category.list'
        ? { categories: Array.from({ length: maxBatchCommands + 1 }, (_, id) => ({ id, name: `P${id}` })) }
        : ordinary(command);
    const { session, batches } = portal(many);
    const { pipelines } = await readDirectory(session, needs([2]));
    expect(pipelines.get(2)).toHaveLength(maxBatchCommands + 1);
    expect(batches.map((methods) => methods.length)).toEqual([1, maxBatchCommands, 1]);
  });

  test.each<[string, string, unknown]>([
    ['crm.enum.ownertype', 'The types of records could not be read from the portal', {}],
    ['crm.category.list', 'The pipelines of type 1044 could not be read from the portal', []],
    ['crm.item.fields', 'The fields of type 1044 could not be read from the portal', { fields: [1] }],
    ['crm.status.list', 'The stages of pipeline 0 (General) could not be read from the portal', undefined],
  ])('is an error when %s does not give it', async (method, message, answer) => {
    const { session } = portal((command) => (command.method === method ? answer : ordinary(command)));
    const reading = readDirectory(session, needs([1044], [[1044, ['sourceId']]]));
    await expect(reading).rejects.toThrow(DirectoryUnreadable);
    await expect(reading).rejects.toThrow(message);
  });

  test('is known without the settings of the types, which administrators alone may see', async () => {
    const { session } = portal((command) => (command.method === 'crm.type.list' ? undefined : ordinary(command)));
    const { types } = await readDirectory(session, needs([1044]));
    expect(types).toContainEqual({ entityTypeId: 1044, title: 'Projects' });
  });
});
