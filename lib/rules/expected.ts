import { mostConditions } from './conditions.ts';
import { guardNames, switchedGuards } from './guards.ts';
import { contactMethods, plainDeletions, ruleModes, snapshotDepths, waitFroms } from './schema.ts';
import { operators } from './where-file.ts';

const type = 'must be deal, lead, or the number of a smart process: 31, 128 to 191, or 1030 and greater';
const time = 'must be a time from 0m to 10y, such as 30m, 24h, 30d, 2w or 1y';
const value = 'must be text of at most 500 characters, a number, or true or false';

/** What must stand at a path; its indices left out, and `*` for a field's name. */
export const expected: Readonly<Record<string, string>> = {
  '': 'must be a map with version and rules',
  version: 'must be 1',
  rules: 'must be a list of at most 100 rules',
  'rules[]': 'must be a rule: a map with id, when and delete',
  'rules[].id': 'must be lower-case letters, digits and single hyphens, at most 64, such as spam-contacts',
  'rules[].description': 'must be text of at most 500 characters',
  'rules[].enabled': 'must be true or false',
  'rules[].when': 'must be a map with type and stages',
  'rules[].when.type': type,
  'rules[].when.pipelines': 'must be a list of 1 to 100 pipeline numbers',
  'rules[].when.pipelines[]': 'must be the number of a pipeline, 0 or greater',
  'rules[].when.stages': 'must be all-lost, or a list of 1 to 100 stages',
  'rules[].when.stages[]': 'must be the code or the name of a stage, as text',
  'rules[].where': `must be a map of 1 to ${mostConditions} fields, each with its condition`,
  'rules[].where.*': `must be a value, or a map of conditions: ${operators.join(', ')}`,
  'rules[].where.*.equals': value,
  'rules[].where.*.in': 'must be a list of 1 to 100 values',
  'rules[].where.*.in[]': value,
  'rules[].where.*.empty': 'must be true or false',
  'rules[].where.*.older-than': time,
  'rules[].where.*.at-least': 'must be a number',
  'rules[].where.*.at-most': 'must be a number',
  'rules[].wait': `${time}, or a map with for and from`,
  'rules[].wait.for': time,
  'rules[].wait.from': `must be ${waitFroms.join(' or ')}`,
  'rules[].delete': 'must be a list of 1 to 10 things to delete, such as [deal-contacts]',
  'rules[].delete[]': `must be ${plainDeletions.join(', ')}, or a map: contacts: { via: … } or items: { type: … }`,
  'rules[].delete[].contacts': 'must be a map, such as { via: crm.contact.delete }',
  'rules[].delete[].contacts.via': `must be ${contactMethods.join(' or ')}`,
  'rules[].delete[].items': 'must be a map, such as { type: 1044 }',
  'rules[].delete[].items.type': 'must be the number of a smart process: 31, 128 to 191, or 1030 and greater',
  'rules[].delete[].items.linked': 'must be parent',
  'rules[].mode': `must be ${ruleModes.join(' or ')}`,
  'rules[].comment': 'must be true or false',
  'rules[].snapshot': `must be ${snapshotDepths.join(' or ')}`,
  'rules[].guards': 'must be a map of guards, such as { won-deals: off }',
  ...Object.fromEntries(switchedGuards.map((name) => [`rules[].guards.${name}`, 'must be on or off'])),
  'rules[].guards.recent-activity': 'must be a time from 1m to 10y, such as 30d, or off',
  protect: 'must be a map of what no rule touches',
  'protect.hold-field': 'must be the code of a checkbox in capitals, such as UF_CRM_KEEP',
  'protect.ids': 'must be a map of types, each with a list of ids',
  'protect.ids.*': 'must be a list of 1 to 1000 ids',
  'protect.ids.*[]': 'must be the number of a record',
  'protect.responsible': 'must be a list of 1 to 100 users',
  'protect.responsible[]': 'must be the number of a user',
  'protect.sources': 'must be a list of 1 to 100 sources',
  'protect.sources[]': 'must be the code or the name of a source, as text',
};

/** The keys that may stand in the map at a path. */
export const knownKeys: Readonly<Record<string, readonly string[]>> = {
  '': ['version', 'rules', 'protect'],
  'rules[]': [
    'id',
    'description',
    'enabled',
    'when',
    'where',
    'wait',
    'delete',
    'mode',
    'comment',
    'snapshot',
    'guards',
  ],
  'rules[].when': ['type', 'pipelines', 'stages'],
  'rules[].where.*': operators,
  'rules[].wait': ['for', 'from'],
  'rules[].delete[].contacts': ['via'],
  'rules[].delete[].items': ['type', 'linked'],
  'rules[].guards': guardNames,
  protect: ['hold-field', 'ids', 'responsible', 'sources'],
};

/** How the fields that people speak of are called. */
export const spokenFields: ReadonlyMap<string, string> = new Map([
  ['source', 'sourceId'],
  ['responsible', 'assignedById'],
  ['assigned', 'assignedById'],
  ['amount', 'opportunity'],
  ['currency', 'currencyId'],
  ['last-activity', 'lastActivityTime'],
  ['created', 'createdTime'],
  ['company', 'companyId'],
  ['contact', 'contactId'],
  ['contacts', 'contactIds'],
]);
