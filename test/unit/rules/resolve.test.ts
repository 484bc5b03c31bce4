import { describe, expect, test } from '@jest/globals';
import { loadRules } from '../../../lib/rules/load.ts';
import type { Directory, Pipeline } from '../../../lib/rules/directory.ts';
import { resolveRules } from '../../../lib/rules/resolve.ts';
import { RulesError } from '../../../lib/rules/rules-error.ts';

const deals: Pipeline[] = [
  {
    pipelineId: 0,
    pipelineName: 'Sales',
    stages: [
      { code: 'NEW', name: 'New', semantics: 'P' },
      { code: 'WON', name: 'Won', semantics: 'S' },
      { code: 'LOSE', name: 'Lost', semantics: 'F' },
      { code: 'APOLOGY', name: 'Spam', semantics: 'F' },
    ],
  },
  {
    pipelineId: 5,
    pipelineName: 'Service',
    stages: [
      { code: 'C5:NEW', name: 'New', semantics: 'P' },
      { code: 'C5:WON', name: 'Lost', semantics: 'S' },
      { code: 'LOSE', name: 'LOSE', semantics: 'F' },
      { code: 'C5:APOLOGY', name: ' Spam ', semantics: 'F' },
      { code: 'C5:UC_1', name: '\u00c9t\u00e9', semantics: 'F' },
    ],
  },
  { pipelineId: 7, pipelineName: 'Trash', stages: [{ code: 'C7:LOSE', name: 'Gone', semantics: 'F' }] },
];

const directory: Directory = { types: [], pipelines: new Map([[2, deals]]), fields: new Map() };

const file = (when: string): string => `version: 1
rules:
  - id: one
    when: { type: deal, ${when} }
    delete: [deal-contacts]
`;

function stages(when: string): unknown {
  return resolveRules(loadRules(file(when)), directory).rules[0]?.when.stages;
}

function refusal(when: string): string[] {
  try {
    stages(when);
  } catch (error) {
    if (error instanceof RulesError) return error.message.split('\n');
    throw error;
  }
  throw new Error('was not refused');
}

describe('stages are resolved', () => {
  test.each<[string, string, string[] | string]>([
    ['all-lost stays as it is', 'stages: all-lost', 'all-lost'],
    ['a bare code of the main pipeline', 'stages: [LOSE]', ['LOSE']],
    ['a code of another pipeline', 'stages: ["C5:APOLOGY"]', ['C5:APOLOGY']],
    ['a code that the portal lists without its prefix', 'stages: ["C5:LOSE"]', ['C5:LOSE']],
    ['C0: is the main pipeline', 'stages: ["C0:LOSE"]', ['LOSE']],
    ['a name in one pipeline', 'pipelines: [0], stages: [Spam]', ['APOLOGY']],
    ['a name in all chosen pipelines', 'pipelines: [0, 5], stages: [Spam]', ['APOLOGY', 'C5:APOLOGY']],
    ['a name in all pipelines', 'stages: [Spam]', ['APOLOGY', 'C5:APOLOGY']],
    ['a name whose twin in a pipeline not chosen is won', 'pipelines: [0], stages: [Lost]', ['LOSE']],
    ['a name in decomposed letters', 'stages: ["E\\u0301te\\u0301"]', ['C5:UC_1']],
    ['a code before a name', 'stages: [LOSE]', ['LOSE']],
    ['a name where no code is meant', 'pipelines: [5], stages: [LOSE]', ['C5:LOSE']],
    ['a name with spaces around it', 'pipelines: [5], stages: [" Spam "]', ['C5:APOLOGY']],
    ['each only once', 'stages: [Spam, APOLOGY, "C5:APOLOGY"]', ['APOLOGY', 'C5:APOLOGY']],
  ])('%s', (_, when, expected) => {
    expect(stages(when)).toEqual(expected);
  });

  test('and everything else of the rules is kept', () => {
    const loaded = loadRules(file('stages: [Spam]'));
    const resolved = resolveRules(loaded, directory);
    expect(resolved).toEqual({
      ...loaded,
      rules: [{ ...loaded.rules[0], when: { type: 'deal', stages: ['APOLOGY', 'C5:APOLOGY'] } }],
    });
    expect(loaded.rules[0]?.when.stages).toEqual(['Spam']);
  });
});

describe('stages are refused', () => {
  test.each([
    [
      'of a pipeline that is not there',
      'pipelines: [0, 9], stages: all-lost',
      '4:40 rules[0].when.pipelines[1]: the portal has no pipeline 9 (its user may see 0 Sales, 5 Service, 7 Trash)',
    ],
    [
      'that are nowhere',
      'stages: [Spamm]',
      '4:34 rules[0].when.stages[0]: no pipeline of the rule has a stage "Spamm" (did you mean "Spam"?)',
    ],
    [
      'that resemble only what is not lost',
      'pipelines: [0], stages: [Wonn]',
      '4:50 rules[0].when.stages[0]: no pipeline of the rule has a stage "Wonn"',
    ],
    [
      'in the wrong case',
      'stages: ["c5:apology"]',
      '4:34 rules[0].when.stages[0]: no pipeline of the rule has a stage "c5:apology" (did you mean "C5:APOLOGY"?)',
    ],
    [
      'that nothing resembles',
      'stages: [Elsewhere]',
      '4:34 rules[0].when.stages[0]: no pipeline of the rule has a stage "Elsewhere"',
    ],
    [
      'in progress',
      'stages: ["C5:NEW"]',
      '4:34 rules[0].when.stages[0]: "C5:NEW" is not a lost stage in pipeline 5 (Service)',
    ],
    ['that are won', 'stages: [WON]', '4:34 rules[0].when.stages[0]: "WON" is not a lost stage in pipeline 0 (Sales)'],
    [
      'whose name is a won stage in another of the rule’s pipelines',
      'pipelines: [0, 5], stages: [Lost]',
      '4:53 rules[0].when.stages[0]: "Lost" is not a lost stage in pipeline 5 (Service) (for the lost one write LOSE)',
    ],
    [
      'of a pipeline that the rule does not name',
      'pipelines: [0], stages: ["C7:LOSE"]',
      '4:50 rules[0].when.stages[0]: "C7:LOSE" is a stage of pipeline 7 (Trash), which the rule does not name',
    ],
    [
      'without the prefix of their pipeline',
      'pipelines: [7], stages: [LOSE]',
      '4:50 rules[0].when.stages[0]: "LOSE" is a stage of pipeline 0 (Sales), which the rule does not name (did you mean "C7:LOSE"?)',
    ],
  ])('%s', (_, when, message) => {
    expect(refusal(when)).toEqual([`rules.yaml:${message}`]);
  });

  test('all at once', () => {
    expect(refusal('pipelines: [9], stages: [NEW, Nowhere]')).toHaveLength(3);
  });
});
