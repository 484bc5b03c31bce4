import { describe, expect, test } from '@jest/globals';
import { loadRules } from '../../../lib/rules/load.ts';
import { RulesError } from '../../../lib/rules/rules-error.ts';

/** One rule with a line of its own for everything that may be wrong; the type's line is 4, the others' 5 and 6. */
const file = (lines: readonly string[], when = '{ type: deal, stages: all-lost }'): string =>
  ['version: 1', 'rules:', '  - id: a', `    when: ${when}`, ...lines.map((line) => `    ${line}`)].join('\n');

function problems(source: string): string[] {
  try {
    loadRules(source);
  } catch (error) {
    if (error instanceof RulesError) return error.message.split('\n').map((line) => line.replace('rules.yaml:', ''));
    throw error;
  }
  return [];
}

const time = 'must be a time from 0m to 10y, such as 30m, 24h, 30d, 2w or 1y';
const value = 'must be text of at most 500 characters, a number, or true or false';
const condition = 'must be a value, or a map of conditions: equals, in, empty, older-than, at-least, at-most';
const field = 'must be the name of a field, such as sourceId or UF_CRM_1723456789';
const things =
  'must be deal-contacts, company-contacts, contacts, company, deal, lead, item, or a map: contacts: { via: … } or items: { type: … }';
const forEmpty = '(for a field without a value write { empty: true })';
const dynamic = 'must be the number of a smart process: 31, 128 to 191, or 1030 and greater';

describe('what is wrong with a condition', () => {
  test.each([
    [
      '[]',
      '5:12 rules[0].where: must be a map of 1 to 20 fields, each with its condition (without conditions leave where out)',
    ],
    ['5', '5:12 rules[0].where: must be a map of 1 to 20 fields, each with its condition'],
    ['null', '5:12 rules[0].where: must be a map of 1 to 20 fields, each with its condition'],
    [
      '{}',
      '5:12 rules[0].where: must be a map of 1 to 20 fields, each with its condition (without conditions leave where out)',
    ],
    [
      `{ ${Array.from({ length: 21 }, (_, index) => `f${index}: 1`).join(', ')} }`,
      '5:12 rules[0].where: must be a map of 1 to 20 fields, each with its condition',
    ],
    ['{ sourceId: {} }', `5:24 rules[0].where.sourceId: ${condition}`],
    ['{ sourceId: null }', `5:24 rules[0].where.sourceId: ${condition} ${forEmpty}`],
    ['{ sourceId: "" }', `5:24 rules[0].where.sourceId: ${condition} ${forEmpty}`],
    ['{ sourceId: " " }', `5:24 rules[0].where.sourceId: ${condition} ${forEmpty}`],
    [
      '{ sourceId: [WEB] }',
      `5:24 rules[0].where.sourceId: ${condition} (for one of several values write { in: [ … ] })`,
    ],
    [
      '{ UF_CRM_1: 12345678901234567890 }',
      `5:24 rules[0].where.UF_CRM_1: ${condition} (so large a number loses digits: put it in quotes)`,
    ],
    ['{ sourceId: { equals: [WEB] } }', `5:34 rules[0].where.sourceId.equals: ${value}`],
    ['{ sourceId: { equals: "" } }', `5:34 rules[0].where.sourceId.equals: ${value} ${forEmpty}`],
    [
      '{ sourceId: { in: WEB } }',
      '5:30 rules[0].where.sourceId.in: must be a list of 1 to 100 values (for one value write equals)',
    ],
    ['{ sourceId: { in: [] } }', '5:30 rules[0].where.sourceId.in: must be a list of 1 to 100 values'],
    ['{ sourceId: { in: [WEB, null] } }', `5:36 rules[0].where.sourceId.in[1]: ${value} ${forEmpty}`],
    [`{ sourceId: ${'x'.repeat(501)} }`, `5:24 rules[0].where.sourceId: ${condition}`],
    [`{ sourceId: { equals: ${'x'.repeat(501)} } }`, `5:34 rules[0].where.sourceId.equals: ${value}`],
    ['{ sourceId: { empty: yes } }', '5:33 rules[0].where.sourceId.empty: must be true or false'],
    [
      '{ sourceId: { equal: WEB } }',
      '5:26 rules[0].where.sourceId.equal: "equal" is no known key (did you mean "equals"?)',
    ],
    ['{ sourceId: { not: WEB } }', '5:26 rules[0].where.sourceId.not: "not" is no known key'],
    ['{ where: { whatever: 1 } }', '5:23 rules[0].where.where.whatever: "whatever" is no known key'],
    ['{ movedTime: { older-than: 30 } }', `5:39 rules[0].where.movedTime.older-than: ${time}`],
    ['{ movedTime: { older-than: 11y } }', `5:39 rules[0].where.movedTime.older-than: ${time}`],
    ['{ opportunity: { at-least: "1" } }', '5:39 rules[0].where.opportunity.at-least: must be a number'],
    ['{ opportunity: { at-most: .inf } }', '5:38 rules[0].where.opportunity.at-most: must be a number'],
    // names of fields
    ['{ SOURCE_ID: WEB }', `5:14 rules[0].where.SOURCE_ID: ${field} (did you mean "sourceId"?)`],
    ['{ Responsible: 1 }', `5:14 rules[0].where.Responsible: ${field} (did you mean "assignedById"?)`],
    ['{ last-activity: x }', `5:14 rules[0].where.last-activity: ${field} (did you mean "lastActivityTime"?)`],
    [
      '{ ufCrm_1723: 1 }',
      `5:14 rules[0].where.ufCrm_1723: ${field} (a user field is named by its code, which is in capitals: UF_CRM_…)`,
    ],
    [
      '{ UF_CRM_reason: 1 }',
      `5:14 rules[0].where.UF_CRM_reason: ${field} (a user field is named by its code, which is in capitals: UF_CRM_…)`,
    ],
    [
      '{ ufCrmReason_1: 1 }',
      `5:14 rules[0].where.ufCrmReason_1: ${field} (a user field is named by its code, which is in capitals: UF_CRM_…)`,
    ],
    ['{ my_uf_crm_1: 1 }', `5:14 rules[0].where.my_uf_crm_1: ${field} (did you mean "myUfCrm1"?)`],
    ['{ SOURCE__ID: WEB }', `5:14 rules[0].where.SOURCE__ID: ${field} (did you mean "sourceId"?)`],
    ['{ 1source: WEB }', `5:14 rules[0].where.1source: ${field}`],
    ['{ "Grund?": 1 }', `5:14 rules[0].where.Grund?: ${field}`],
    ['{ __proto__: 1, sourceId: WEB }', `5:14 rules[0].where.__proto__: ${field}`],
    // what can never hold
    [
      '{ opportunity: { at-least: 2, at-most: 1 } }',
      '5:27 rules[0].where.opportunity: can never hold: at-least is greater than at-most (exchange them)',
    ],
    [
      '{ sourceId: { empty: true, equals: WEB } }',
      '5:24 rules[0].where.sourceId: can never hold: an empty field meets no other condition (leave either out)',
    ],
    [
      '{ sourceId: { equals: WEB, in: [CALL] } }',
      '5:24 rules[0].where.sourceId: can never hold: equals is none of the values of in (leave either out)',
    ],
    [
      '{ opportunity: { equals: 5, at-least: 6 } }',
      '5:27 rules[0].where.opportunity: can never hold: equals is out of the range (leave either out)',
    ],
    [
      '{ movedTime: { older-than: 1d, at-most: 6 } }',
      '5:25 rules[0].where.movedTime: can never hold: no field is both a time and a number (leave either out)',
    ],
  ])('where: %s', (where, message) => {
    expect(problems(file([`where: ${where}`, 'delete: [contacts]']))).toEqual([message]);
  });
});

test('twenty conditions are not too many', () => {
  const where = Array.from({ length: 20 }, (_, index) => `f${index}: 1`).join(', ');
  expect(problems(file([`where: { ${where} }`, 'delete: [contacts]']))).toEqual([]);
});

describe('what is wrong with a wait', () => {
  test.each([
    ['30', `5:11 rules[0].wait: ${time}, or a map with for and from`],
    ['[30d]', `5:11 rules[0].wait: ${time}, or a map with for and from`],
    ['{}', `5:11 rules[0].wait.for: is missing; ${time}`],
    ['{ from: loss }', `5:11 rules[0].wait.for: is missing; ${time}`],
    ['{ for: 30 }', `5:18 rules[0].wait.for: ${time}`],
    ['{ for: 11y, from: loss }', `5:18 rules[0].wait.for: ${time}`],
    [
      '{ for: 1d, from: last-activty }',
      '5:28 rules[0].wait.from: must be loss or last-activity (did you mean "last-activity"?)',
    ],
    ['{ for: 1d, from: los }', '5:28 rules[0].wait.from: must be loss or last-activity (did you mean "loss"?)'],
    ['{ for: 1d, since: loss }', '5:22 rules[0].wait.since: "since" is no known key'],
    ['{ for: 1d, form: loss }', '5:22 rules[0].wait.form: "form" is no known key (did you mean "for"?)'],
  ])('wait: %s', (wait, message) => {
    expect(problems(file([`wait: ${wait}`, 'delete: [contacts]']))).toEqual([message]);
  });
});

test.each([
  ['null', ''],
  ['[3]', ''],
  ['3', ' (put it in quotes: "3")'],
])('what is wrong with the eleventh of the stages is said like that of the first: %s', (stage, hint) => {
  const when = `{ type: deal, stages: [${'A, '.repeat(10)}${stage}] }`;
  expect(problems(file(['delete: [contacts]'], when))).toEqual([
    `4:64 rules[0].when.stages[10]: must be the code or the name of a stage, as text${hint}`,
  ]);
});

test.each([
  ['ufCrmKeep', ' (a user field is named by its code, which is in capitals: UF_CRM_…)'],
  ['my_uf_crm_keep', ''],
])('the hold field is no %s', (name, hint) => {
  const protect = `protect: { hold-field: ${name} }`;
  expect(problems(`${file(['delete: [contacts]'])}\n${protect}`)).toEqual([
    `6:24 protect.hold-field: must be the code of a checkbox in capitals, such as UF_CRM_KEEP${hint}`,
  ]);
});

describe('what is wrong with a deletion', () => {
  test.each([
    ['deal-contact', `5:14 rules[0].delete[0]: ${things} (did you mean "deal-contacts"?)`],
    ['items', `5:14 rules[0].delete[0]: ${things} (of which type: items: { type: 1044 })`],
    ['everything', `5:14 rules[0].delete[0]: ${things}`],
    ['{}', `5:14 rules[0].delete[0]: ${things}`],
    ['[contacts]', `5:14 rules[0].delete[0]: ${things}`],
    ['{ company: {} }', `5:14 rules[0].delete[0]: ${things} (company takes no options)`],
    [
      '{ contacts: null }',
      '5:26 rules[0].delete[0].contacts: must be a map, such as { via: crm.contact.delete } (without options write contacts alone)',
    ],
    ['{ contacts: 5 }', '5:26 rules[0].delete[0].contacts: must be a map, such as { via: crm.contact.delete }'],
    [
      '{ foo: 1, contacts: 5 }',
      '5:16 rules[0].delete[0].foo: "foo" is no known key (each entry of the list begins with a hyphen of its own)',
    ],
    [
      '{ contacts: { via: crm.itm.delete } }',
      '5:33 rules[0].delete[0].contacts.via: must be crm.item.delete or crm.contact.delete (did you mean "crm.item.delete"?)',
    ],
    ['{ items: { type: deals } }', `5:31 rules[0].delete[0].items.type: ${dynamic}`],
    ['{ items: { type: "1044th" } }', `5:31 rules[0].delete[0].items.type: ${dynamic}`],
    ['{ items: { type: "no. 1044" } }', `5:31 rules[0].delete[0].items.type: ${dynamic}`],
    ['{ contacts: { unless: [open-deals] } }', '5:28 rules[0].delete[0].contacts.unless: "unless" is no known key'],
    [
      '{ contacts: { via: crm.contacts.delete } }',
      '5:33 rules[0].delete[0].contacts.via: must be crm.item.delete or crm.contact.delete (did you mean "crm.contact.delete"?)',
    ],
    ['{ items: 1044 }', '5:23 rules[0].delete[0].items: must be a map, such as { type: 1044 }'],
    ['{ items: {} }', `5:23 rules[0].delete[0].items.type: is missing; ${dynamic}`],
    ['{ items: { type: 2 } }', `5:31 rules[0].delete[0].items.type: ${dynamic}`],
    ['{ items: { type: "1044" } }', `5:31 rules[0].delete[0].items.type: ${dynamic} (without quotes: 1044)`],
    ['{ items: { type: 1044, linked: child } }', '5:45 rules[0].delete[0].items.linked: must be parent'],
    [
      '{ items: { type: 1044, links: parent } }',
      '5:37 rules[0].delete[0].items.links: "links" is no known key (did you mean "linked"?)',
    ],
    [
      '{ items: { type: 1044 }, contacts: {} }',
      '5:39 rules[0].delete[0].contacts: "contacts" is no known key (each entry of the list begins with a hyphen of its own)',
    ],
    ['contacts, { contacts: {} }', '5:24 rules[0].delete[1]: contacts is named twice'],
    [
      '{ items: { type: 1044 } }, { items: { type: 1044, linked: parent } }',
      '5:41 rules[0].delete[1]: items of type 1044 is named twice',
    ],
    [
      'lead',
      '5:14 rules[0].delete[0]: lead does not go with a rule about deals (for the lost record itself write deal)',
    ],
  ])('delete: [%s]', (entry, message) => {
    expect(problems(file([`delete: [${entry}]`]))[0]).toBe(message);
  });

  test.each([
    [
      '{ type: lead, stages: all-lost }',
      'deal-contacts',
      '5:14 rules[0].delete[0]: deal-contacts does not go with a rule about leads (only the links of deals can be removed: leave it out)',
    ],
    [
      '{ type: lead, stages: all-lost }',
      'deal',
      '5:14 rules[0].delete[0]: deal does not go with a rule about leads (for the lost record itself write lead)',
    ],
    [
      '{ type: 1044, stages: all-lost }',
      'lead',
      '5:14 rules[0].delete[0]: lead does not go with a rule about items of type 1044 (for the lost record itself write item)',
    ],
    [
      '{ type: 1044, stages: all-lost }',
      '{ items: { type: 1044 } }',
      "5:31 rules[0].delete[0].items.type: is the type of the rule's own records (for the lost item itself write item)",
    ],
    [
      '{ type: lead, pipelines: [0], stages: all-lost }',
      'lead',
      '4:25 rules[0].when.pipelines: leads have no pipelines (leave pipelines out)',
    ],
  ])('when: %s, delete: [%s]', (when, entry, message) => {
    expect(problems(file([`delete: [${entry}]`], when))).toEqual([message]);
  });
});
