import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { type Directory, directoryNeeds, type PortalField } from '../../../lib/rules/directory.ts';
import { loadRules } from '../../../lib/rules/load.ts';
import { resolveRules } from '../../../lib/rules/resolve.ts';
import { RulesError } from '../../../lib/rules/rules-error.ts';
import type { Condition } from '../../../lib/rules/conditions.ts';

const field = (name: string, type: string, more: Partial<PortalField> = {}): PortalField => ({
  name,
  type,
  title: name,
  ...more,
});
const dealFields: PortalField[] = [
  field('id', 'integer'),
  field('sourceId', 'crm_status', {
    items: [
      { id: 'WEB', text: 'Website' },
      { id: 'CALL', text: 'Call' },
    ],
  }),
  field('assignedById', 'user', { title: 'Responsible person' }),
  field('opportunity', 'double'),
  field('opened', 'boolean'),
  field('comments', 'text'),
  field('closedate', 'date'),
  field('movedTime', 'datetime'),
  field('lastCommunicationTime', 'string'),
  field('contacts', 'crm_contact'),
  field('contactIds', 'crm_contact'),
  field('fm', 'crm_multifield'),
  field('UF_CRM_LOST_REASON', 'enumeration', {
    title: 'Lost reason',
    items: [
      { id: '79', text: 'Too expensive' },
      { id: '80', text: ' Spam ' },
      { id: '81', text: 'Other' },
      { id: '82', text: 'Other' },
      { id: '83', text: '79' },
    ],
  }),
  field('UF_CRM_1723456789', 'money'),
  field('UF_CRM_2', 'file'),
  field('UF_CRM_BARE', 'enumeration'),
  field('UF_CRM_NONE', 'enumeration', { items: [] }),
  field('UF_CRM_MANY', 'enumeration', {
    items: Array.from({ length: 21 }, (_, index) => ({ id: String(index + 1), text: `Number ${index + 1}` })),
  }),
];
const stages = [
  { code: 'NEW', name: 'New', semantics: 'P' },
  { code: 'FAIL', name: 'Failed', semantics: 'F' },
] as const;
const directory: Directory = {
  types: [
    { entityTypeId: 1, title: 'Lead' },
    { entityTypeId: 2, title: 'Deal' },
    { entityTypeId: 31, title: 'Invoice' },
    { entityTypeId: 1044, title: 'Projects', hasStages: true },
    { entityTypeId: 1046, title: 'Sites', hasStages: false },
    { entityTypeId: 1048, title: 'Secrets' },
  ],
  pipelines: new Map([
    [
      1,
      [{ pipelineId: 0, pipelineName: 'leads', stages: [{ code: 'JUNK', name: 'Junk', semantics: 'F' }, stages[0]] }],
    ],
    [2, [{ pipelineId: 0, pipelineName: 'Sales', stages: [{ code: 'LOSE', name: 'Lost', semantics: 'F' }] }]],
    [31, [{ pipelineId: 4, pipelineName: 'General', stages: [{ code: 'DT31_4:D', name: 'Unpaid', semantics: 'F' }] }]],
    [
      1044,
      [
        { pipelineId: 3, pipelineName: 'One', stages },
        { pipelineId: 7, pipelineName: 'Two', stages },
      ],
    ],
  ]),
  fields: new Map([
    [2, dealFields],
    [1044, [field('parentId2', 'crm_entity')]],
    [1046, [field('parentId2', 'crm_entity'), field('parentId1044', 'crm_entity')]],
    [31, [field('title', 'string')]],
  ]),
};

/** One rule; its `when` is in line 4, `where` in line 5, `delete` in line 6. */
const file = (when: string, where = '{ id: 1 }', entries = 'contacts'): string =>
  `version: 1\nrules:\n  - id: a\n    when: { ${when} }\n    where: ${where}\n    delete: [${entries}]\n`;
const withoutWhere = (when: string, entries?: string): string =>
  file(when, undefined, entries).replace('    where: { id: 1 }\n', '\n');

function resolved(source: string) {
  const rule = resolveRules(loadRules(source), directory).rules[0];
  if (rule === undefined) throw new Error('no rule');
  return rule;
}

function refusal(source: string): string[] {
  try {
    resolved(source);
  } catch (error) {
    if (error instanceof RulesError) return error.message.replaceAll('rules.yaml:', '').split('\n');
    throw error;
  }
  throw new Error('was not refused');
}

describe('stages of other types', () => {
  test.each<[string, string, string[]]>([
    ['a lead’s by code', 'type: lead, stages: [JUNK]', ['JUNK']],
    ['a lead’s by name', 'type: lead, stages: [Junk]', ['JUNK']],
    ['a smart process’s by code', 'type: 1044, stages: ["DT1044_3:FAIL"]', ['DT1044_3:FAIL']],
    ['a smart process’s by name, in all pipelines', 'type: 1044, stages: [Failed]', ['DT1044_3:FAIL', 'DT1044_7:FAIL']],
    ['in one pipeline', 'type: 1044, pipelines: [7], stages: [Failed]', ['DT1044_7:FAIL']],
    ['an invoice’s by name', 'type: 31, stages: [Unpaid]', ['DT31_4:D']],
  ])('%s', (_, when, expected) => {
    expect(resolved(withoutWhere(when)).when.stages).toEqual(expected);
  });

  test.each([
    ['type: lead, stages: [NEW]', '4:34 rules[0].when.stages[0]: "NEW" is not a lost stage of leads'],
    ['type: lead, stages: [LOSE]', `4:34 rules[0].when.stages[0]: the portal's leads have no stage "LOSE"`],
    [
      'type: 1044, stages: [FAIL]',
      '4:34 rules[0].when.stages[0]: no pipeline of the rule has a stage "FAIL" (did you mean "DT1044_3:FAIL", "DT1044_7:FAIL"?)',
    ],
    [
      'type: 1044, pipelines: [3], stages: ["DT1044_7:FAIL"]',
      '4:50 rules[0].when.stages[0]: "DT1044_7:FAIL" is a stage of pipeline 7 (Two), which the rule does not name',
    ],
    [
      'type: 1044, pipelines: [4], stages: all-lost',
      '4:37 rules[0].when.pipelines[0]: the portal has no pipeline 4 (its user may see 3 One, 7 Two)',
    ],
  ])('%s: %s', (when, message) => {
    expect(refusal(withoutWhere(when))).toEqual([message]);
  });
});

describe('types', () => {
  test.each([
    [
      withoutWhere('type: 1045, stages: all-lost'),
      '4:19 rules[0].when.type: the portal has no smart process 1045 (it has 31 Invoice, 1044 Projects, 1046 Sites, 1048 Secrets)',
    ],
    [
      withoutWhere('type: 1046, stages: all-lost'),
      '4:19 rules[0].when.type: items of type 1046 (Sites) have no stages, so that none of them is ever lost (stages are switched on in the settings of the smart process)',
    ],
    [
      withoutWhere('type: 1048, stages: all-lost'),
      '4:19 rules[0].when.type: the portal shows no stages of items of type 1048 (Secrets) (the user of its credentials may not see them: connect the portal as an administrator)',
    ],
    [
      withoutWhere('type: deal, stages: all-lost', '{ items: { type: 1045 } }'),
      '6:31 rules[0].delete[0].items.type: the portal has no smart process 1045 (it has 31 Invoice, 1044 Projects, 1046 Sites, 1048 Secrets)',
    ],
    [
      withoutWhere('type: deal, stages: all-lost', 'contacts, { items: { type: 31 } }'),
      '6:41 rules[0].delete[1].items.type: items of type 31 (Invoice) cannot have deals as their parent (link the two types in the settings of the smart process)',
    ],
  ])('%#', (source, message) => {
    expect(refusal(source)).toEqual([message]);
  });

  test('items of a type whose links nobody may see are not deleted', () => {
    expect(refusal(withoutWhere('type: deal, stages: all-lost', '{ items: { type: 1048 } }'))).toEqual([
      '6:31 rules[0].delete[0].items.type: items of type 1048 (Secrets) cannot have deals as their parent (link the two types in the settings of the smart process)',
    ]);
  });

  test('the items of a linked type may be deleted, with stages or without', () => {
    const entries = '{ items: { type: 1044 } }, { items: { type: 1046 } }';
    expect(resolved(withoutWhere('type: deal, stages: all-lost', entries)).delete).toHaveLength(2);
    expect(resolved(withoutWhere('type: 1044, stages: all-lost', '{ items: { type: 1046 } }')).delete).toHaveLength(1);
  });
});

describe('conditions', () => {
  const deal = 'type: deal, stages: all-lost';
  test.each<[string, Omit<Condition, 'field'>]>([
    ['sourceId: WEB', { equals: 'WEB' }],
    ['sourceId: Website', { equals: 'WEB' }],
    ['sourceId: " Website "', { equals: 'WEB' }],
    ['sourceId: " WEB "', { equals: 'WEB' }],
    ['sourceId: { in: [Call, WEB, Website] }', { in: ['CALL', 'WEB'] }],
    ['UF_CRM_LOST_REASON: Too expensive', { equals: '79' }],
    ['UF_CRM_LOST_REASON: 80', { equals: '80' }],
    ['UF_CRM_LOST_REASON: "79"', { equals: '79' }],
    ['UF_CRM_LOST_REASON: { equals: Spam }', { equals: '80' }],
    ['UF_CRM_LOST_REASON: { empty: true }', { empty: true }],
    ['UF_CRM_BARE: 12', { equals: 12 }],
    ['assignedById: "7"', { equals: '7' }],
    ['opportunity: "100"', { equals: 100 }],
    ['opportunity: { at-least: 1, empty: false }', { atLeast: 1, empty: false }],
    ['UF_CRM_1723456789: 100|EUR', { equals: '100|EUR' }],
    ['UF_CRM_1723456789: { at-most: 5 }', { atMost: 5 }],
    ['opened: Y', { equals: true }],
    ['opened: 0', { equals: false }],
    ['opened: { in: [false, N] }', { in: [false] }],
    ['comments: anything', { equals: 'anything' }],
    ['closedate: { older-than: 0m }', { olderThanMs: 0 }],
    ['lastCommunicationTime: { older-than: 1d }', { olderThanMs: 86_400_000 }],
    ['UF_CRM_2: { empty: true }', { empty: true }],
  ])('%s', (where, expected) => {
    const { field: _, ...condition } = resolved(file(deal, `{ ${where} }`)).where[0] ?? { field: '' };
    expect(condition).toEqual(expected);
  });

  test.each([
    [
      'ufCrmLostReason: 79',
      `5:14 rules[0].where.ufCrmLostReason: the portal's deals have no field "ufCrmLostReason" (did you mean "UF_CRM_LOST_REASON"?)`,
    ],
    [
      'lostreason: 79',
      `5:14 rules[0].where.lostreason: the portal's deals have no field "lostreason" (did you mean "UF_CRM_LOST_REASON"?)`,
    ],
    [
      'sourceid: WEB',
      `5:14 rules[0].where.sourceid: the portal's deals have no field "sourceid" (did you mean "sourceId"?)`,
    ],
    [
      'UF_CRM_1723456788: 1',
      `5:14 rules[0].where.UF_CRM_1723456788: the portal's deals have no field "UF_CRM_1723456788" (did you mean "UF_CRM_1723456789"?)`,
    ],
    [
      'elsewhere: 1',
      `5:14 rules[0].where.elsewhere: the portal's deals have no field "elsewhere" (as far as the user of its credentials may see)`,
    ],
    [
      'constructor: { empty: false }',
      `5:14 rules[0].where.constructor: the portal's deals have no field "constructor"`,
    ],
    ['contacts: { empty: true }', '5:14 rules[0].where.contacts: contacts cannot be asked for (write contactIds)'],
    ['companies: { empty: true }', '5:14 rules[0].where.companies: companies cannot be asked for (write companyIds)'],
    [
      'closedate: 2026-01-01',
      '5:25 rules[0].where.closedate.equals: equals does not suit the field closedate (closedate), which holds a time (it takes older-than, empty)',
    ],
    [
      'comments: { older-than: 1d }',
      '5:38 rules[0].where.comments.older-than: older-than does not suit the field comments (comments), which holds text (it takes equals, in, empty)',
    ],
    [
      'UF_CRM_LOST_REASON: { at-least: 79 }',
      '5:46 rules[0].where.UF_CRM_LOST_REASON.at-least: at-least does not suit the field UF_CRM_LOST_REASON (Lost reason), which holds one of a list (it takes equals, in, empty)',
    ],
    [
      'opened: { empty: true }',
      '5:31 rules[0].where.opened.empty: empty does not suit the field opened (opened), which holds yes or no (it takes equals, in)',
    ],
    [
      'UF_CRM_2: x',
      '5:24 rules[0].where.UF_CRM_2.equals: equals does not suit the field UF_CRM_2 (UF_CRM_2), which holds a file or the like (it takes empty)',
    ],
    [
      'UF_CRM_LOST_REASON: Spamm',
      '5:34 rules[0].where.UF_CRM_LOST_REASON.equals: UF_CRM_LOST_REASON has no value "Spamm" (did you mean " Spam "?)',
    ],
    [
      'UF_CRM_LOST_REASON: { in: [Spam, Nothing at all] }',
      '5:47 rules[0].where.UF_CRM_LOST_REASON.in[1]: UF_CRM_LOST_REASON has no value "Nothing at all" (it has 79 Too expensive, 80  Spam , 81 Other, 82 Other, 83 79)',
    ],
    [
      'UF_CRM_LOST_REASON: Other',
      '5:34 rules[0].where.UF_CRM_LOST_REASON.equals: UF_CRM_LOST_REASON has several values "Other" (write the id of one: 81, 82)',
    ],
    [
      'UF_CRM_NONE: Spam',
      '5:27 rules[0].where.UF_CRM_NONE.equals: UF_CRM_NONE has no value "Spam" (it has none at all)',
    ],
    ['assignedById: Ada', '5:28 rules[0].where.assignedById.equals: "Ada" is no number of a record or a user'],
    ['opportunity: much', '5:27 rules[0].where.opportunity.equals: "much" is no number'],
    ['opportunity: 5|EUR', '5:27 rules[0].where.opportunity.equals: "5|EUR" is no number (without a currency)'],
    ['comments: true', '5:24 rules[0].where.comments.equals: true is no text (put it in quotes: "true")'],
    ['opened: maybe', '5:22 rules[0].where.opened.equals: "maybe" is neither yes nor no (write true or false)'],
  ])('%s', (where, message) => {
    const [first, ...rest] = refusal(file(deal, `{ ${where} }`));
    expect(rest).toEqual([]);
    expect(first?.startsWith(message)).toBe(true);
  });

  test('what no record ever tells, and has no other name, cannot be asked for', () => {
    expect(refusal(file(deal, '{ fm: { empty: true } }'))).toEqual(['5:14 rules[0].where.fm: fm cannot be asked for']);
  });

  test('of the values of a list at most twenty are named', () => {
    const [message] = refusal(file(deal, '{ UF_CRM_MANY: Something else }'));
    expect(message).toContain('19 Number 19, 20 Number 20)');
  });

  test('of records whose fields nobody may see none can be asked for', () => {
    expect(refusal(file('type: lead, stages: all-lost', '{ sourceId: WEB }', 'lead'))).toEqual([
      `5:14 rules[0].where.sourceId: the portal's leads have no field "sourceId" (as far as the user of its credentials may see)`,
    ]);
  });

  test('all of them at once', () => {
    expect(
      refusal(file(deal, '{ opened: maybe, comments: true, nowhere: 1 }', '{ items: { type: 1045 } }')),
    ).toHaveLength(4);
  });
});

test('rules that are resolved already stay as they are', () => {
  const condition = fc.constantFrom(
    'sourceId: Website',
    'UF_CRM_LOST_REASON: { in: [Spam, "79", Too expensive] }',
    'opportunity: "5"',
    'opened: Y',
    'UF_CRM_1723456789: 5|EUR',
    'assignedById: 7',
    'closedate: { older-than: 1y }',
  );
  const where = fc.uniqueArray(condition, { minLength: 1, selector: (text) => text.split(':')[0] });
  const when = fc.constantFrom(
    'stages: [Lost]',
    'stages: [LOSE]',
    'stages: all-lost',
    'pipelines: [0], stages: [Lost]',
  );
  fc.assert(
    fc.property(when, where, (chosen, conditions) => {
      const once = resolveRules(loadRules(file(`type: deal, ${chosen}`, `{ ${conditions.join(', ')} }`)), directory);
      expect(resolveRules(once, directory)).toEqual(once);
    }),
  );
});

test('what has to be read is the types of the rules, and the fields that conditions name', () => {
  const { rules, protect } = loadRules(`version: 1
rules:
  - { id: a, when: { type: deal, stages: all-lost }, where: { id: 1, sourceId: WEB }, delete: [{ items: { type: 1044 } }] }
  - { id: b, when: { type: deal, stages: all-lost }, where: { comments: x }, delete: [contacts] }
  - { id: c, when: { type: lead, stages: all-lost }, delete: [lead] }
`);
  expect(directoryNeeds(rules, protect)).toEqual({
    pipelines: new Set([2, 1]),
    fields: new Map([
      [2, new Set(['id', 'sourceId', 'comments'])],
      [1044, new Set()],
    ]),
  });
});
