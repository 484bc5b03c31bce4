import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { loadRules, longestSourceBytes } from '../../../lib/rules/load.ts';
import { RulesError } from '../../../lib/rules/rules-error.ts';
import { ruleSchema } from '../../../lib/rules/schema.ts';
import { ruleDefaults } from './rule-defaults.ts';

const minimal = `version: 1
rules:
  - id: lost
    when: { type: deal, stages: all-lost }
    delete: [deal-contacts]
`;

/** A file with so many rules. */
const fileOf = (count: number): string => {
  const list = Array.from(
    { length: count },
    (_, index) => `  - { id: r${index}, when: { type: deal, stages: all-lost }, delete: [deal-contacts] }`,
  );
  return `version: 1\nrules:\n${list.join('\n')}`;
};
/** The minimal file, that large. */
const padding = (bytes: number): string => `${minimal}#${'x'.repeat(bytes - minimal.length - 1)}`;

function refusal(source: string): RulesError {
  try {
    loadRules(source);
  } catch (error) {
    if (error instanceof RulesError) return error;
    throw error;
  }
  throw new Error('was not refused');
}
const lines = (source: string): string[] => refusal(source).message.split('\n');

/** The minimal file with one line in place of another. */
const withLine = (line: string, replacement: string): string => {
  if (!minimal.includes(line)) throw new Error(`no line ${line}`);
  return minimal.replace(line, replacement);
};

describe('a rules file that is accepted', () => {
  test('gets the defaults: enabled, and a wait of 24 hours', () => {
    const { version, rules } = loadRules(minimal);
    expect(version).toBe(1);
    expect(rules).toEqual([
      {
        id: 'lost',
        enabled: true,
        when: { type: 'deal', stages: 'all-lost' },
        where: [],
        waitMs: 86_400_000,
        waitFrom: 'loss',
        delete: [{ what: 'deal-contacts' }],
        ...ruleDefaults,
      },
    ]);
    for (const rule of rules) expect(ruleSchema.parse(rule)).toEqual(rule);
  });

  test('may say everything else too', () => {
    const source = `
# what became of spam
version: 1
rules:
  - id: spam-2
    description: Contacts of spam
    enabled: false
    when:
      type: deal
      pipelines: [0, 5]
      stages: ["Spam", "C5:APOLOGY", ' Не наш клиент ', "3"]
    wait: 30d
    delete:
      - deal-contacts
  - { id: b, when: { type: deal, stages: [LOSE] }, wait: 0m, delete: [deal-contacts] }
`;
    expect(loadRules(source).rules).toEqual([
      {
        id: 'spam-2',
        description: 'Contacts of spam',
        enabled: false,
        when: { type: 'deal', pipelines: [0, 5], stages: ['Spam', 'C5:APOLOGY', 'Не наш клиент', '3'] },
        where: [],
        waitMs: 30 * 86_400_000,
        waitFrom: 'loss',
        delete: [{ what: 'deal-contacts' }],
        ...ruleDefaults,
      },
      {
        id: 'b',
        enabled: true,
        when: { type: 'deal', stages: ['LOSE'] },
        where: [],
        waitMs: 0,
        waitFrom: 'loss',
        delete: [{ what: 'deal-contacts' }],
        ...ruleDefaults,
      },
    ]);
  });

  test('may be about leads and smart processes, with conditions, waits from the last activity and every deletion', () => {
    const source = `
version: 1
rules:
  - id: leads
    when: { type: lead, stages: [JUNK] }
    where:
      sourceId: WEB
      UF_CRM_REASON: { in: [Spam, 79] }
      assignedById: { empty: true }
      opportunity: { at-least: 0.5, at-most: 100 }
      lastActivityTime: { older-than: 90d, empty: false }
      opened: false
    wait: { for: 2y, from: last-activity }
    delete: [lead, contacts, company, company-contacts]
  - id: projects
    when: { type: 1044, stages: all-lost }
    wait: { for: 1d }
    delete: [{ items: { type: 31 } }, { items: { type: 128, linked: parent } }, { contacts: { via: crm.contact.delete } }, item]
  - id: deals
    when: { type: deal, stages: all-lost }
    delete: [deal-contacts, deal, { contacts: {} }]
`;
    const { rules } = loadRules(source);
    for (const rule of rules) expect(ruleSchema.parse(rule)).toEqual(rule);
    expect(rules).toMatchObject([
      {
        when: { type: 'lead' },
        waitMs: 2 * 365 * 86_400_000,
        waitFrom: 'last-activity',
        where: [
          { field: 'sourceId', equals: 'WEB' },
          { field: 'UF_CRM_REASON', in: ['Spam', 79] },
          { field: 'assignedById', empty: true },
          { field: 'opportunity', atLeast: 0.5, atMost: 100 },
          { field: 'lastActivityTime', olderThanMs: 90 * 86_400_000, empty: false },
          { field: 'opened', equals: false },
        ],
        delete: [
          { what: 'lead' },
          { what: 'contacts', via: 'crm.item.delete' },
          { what: 'company' },
          { what: 'company-contacts' },
        ],
      },
      {
        when: { type: 1044 },
        waitMs: 86_400_000,
        waitFrom: 'loss',
        delete: [
          { what: 'items', type: 31 },
          { what: 'items', type: 128 },
          { what: 'contacts', via: 'crm.contact.delete' },
          { what: 'item' },
        ],
      },
      { delete: [{ what: 'deal-contacts' }, { what: 'deal' }, { what: 'contacts', via: 'crm.item.delete' }] },
    ]);
  });

  test('may have no rules at all', () => {
    expect(loadRules('version: 1\nrules: []').rules).toEqual([]);
  });

  test('keeps where everything stands, counted from 1', () => {
    const { positions } = loadRules(minimal);
    expect(positions.get('rules[0].when.stages')).toEqual({ line: 4, column: 33 });
    expect(positions.get('rules[0].delete[0]')).toEqual({ line: 5, column: 14 });
  });
});

describe('a rules file is refused with line, column and field', () => {
  const id = '  - id: lost';
  const when = '    when: { type: deal, stages: all-lost }';
  const what = '    delete: [deal-contacts]';
  const types = 'must be deal, lead, or the number of a smart process: 31, 128 to 191, or 1030 and greater';
  const things = 'must be deal-contacts, company-contacts, contacts, company, deal, lead, item, or a map: ';

  test.each([
    // version
    ['version: 1', 'version: 2', '1:10 version: must be 1'],
    ['version: 1', 'version: "1"', '1:10 version: must be 1'],
    ['version: 1\n', '', '1:1 version: is missing; must be 1'],
    // id
    [id, '  - id: Lost', '3:9 rules[0].id: must be lower-case letters'],
    [id, '  - id: lost--deal', '3:9 rules[0].id: must be lower-case letters'],
    [id, '  - id: lost-', '3:9 rules[0].id: must be lower-case letters'],
    [id, '  - id: 7', '3:9 rules[0].id: must be lower-case letters'],
    [id, '  - id: ""', '3:9 rules[0].id: must be lower-case letters'],
    [id, `  - id: ${'x'.repeat(65)}`, '3:9 rules[0].id: must be lower-case letters'],
    [id, '  - enabled: true', '3:5 rules[0].id: is missing; must be lower-case letters'],
    // description, enabled
    [id, `${id}\n    description: 5`, '4:18 rules[0].description: must be text of at most 500 characters'],
    [id, `${id}\n    description: ${'x'.repeat(501)}`, '4:18 rules[0].description: must be text of at most 500'],
    [id, `${id}\n    enabled: yes`, '4:14 rules[0].enabled: must be true or false'],
    // when
    [`${when}\n`, '', '3:5 rules[0].when: is missing; must be a map with type and stages'],
    [when, '    when: all-lost', '4:11 rules[0].when: must be a map with type and stages'],
    [when, '    when: { stages: all-lost }', '4:11 rules[0].when.type: is missing; must be deal, lead'],
    [when, '    when: { type: dael, stages: all-lost }', `4:19 rules[0].when.type: ${types} (did you mean "deal"?)`],
    [when, '    when: { type: leads, stages: all-lost }', `4:19 rules[0].when.type: ${types} (did you mean "lead"?)`],
    [when, '    when: { type: "1044", stages: all-lost }', `4:19 rules[0].when.type: ${types} (without quotes: 1044)`],
    [when, '    when: { type: contact, stages: all-lost }', `4:19 rules[0].when.type: ${types}`],
    ...[2, 127, 192, 1029, 1044.5, 1_000_001].map((type) => [
      when,
      `    when: { type: ${type}, stages: all-lost }`,
      `4:19 rules[0].when.type: ${types}`,
    ]),
    [
      when,
      '    when: { type: deal }',
      '4:11 rules[0].when.stages: is missing (for every lost stage write it out: stages: all-lost)',
    ],
    [
      when,
      '    when: { type: deal, stages: all_lost }',
      '4:33 rules[0].when.stages: must be all-lost, or a list of 1 to 100 stages (did you mean "all-lost"?)',
    ],
    [
      when,
      '    when: { type: deal, stages: Spam }',
      '4:33 rules[0].when.stages: must be all-lost, or a list of 1 to 100 stages (for one stage write ["Spam"])',
    ],
    [when, '    when: { type: deal, stages: [] }', '4:33 rules[0].when.stages: must be all-lost, or a list'],
    [when, '    when: { type: deal, stages: 5 }', '4:33 rules[0].when.stages: must be all-lost, or a list'],
    [
      when,
      `    when: { type: deal, stages: [${Array.from({ length: 101 }, () => 'A').join(', ')}] }`,
      '4:33 rules[0].when.stages: must be all-lost, or a list',
    ],
    [
      when,
      '    when: { type: deal, stages: [LOSE, 3] }',
      '4:40 rules[0].when.stages[1]: must be the code or the name of a stage, as text (put it in quotes: "3")',
    ],
    [when, '    when: { type: deal, stages: [" "] }', '4:34 rules[0].when.stages[0]: must be the code or the name'],
    [when, '    when: { type: deal, stages: [[x]] }', '4:34 rules[0].when.stages[0]: must be the code or the name'],
    [
      when,
      '    when: { type: deal, stages: all-lost, pipelines: 5 }',
      '4:54 rules[0].when.pipelines: must be a list of 1',
    ],
    [
      when,
      '    when: { type: deal, stages: all-lost, pipelines: [] }',
      '4:54 rules[0].when.pipelines: must be a list of 1',
    ],
    [
      when,
      '    when: { type: deal, stages: all-lost, pipelines: [-1] }',
      '4:55 rules[0].when.pipelines[0]: must be the number',
    ],
    [
      when,
      '    when: { type: deal, stages: all-lost, pipelines: [0, 1.5] }',
      '4:58 rules[0].when.pipelines[1]: must be the number',
    ],
    [
      when,
      '    when: { type: deal, stages: all-lost, pipelines: [Sales] }',
      '4:55 rules[0].when.pipelines[0]: must be the number',
    ],
    [
      when,
      '    when: { type: deal, stages: all-lost, pipeline: [0] }',
      '4:43 rules[0].when.pipeline: "pipeline" is no known key (did you mean "pipelines"?)',
    ],
    // wait
    [
      what,
      `${what}\n    wait: 30`,
      '6:11 rules[0].wait: must be a time from 0m to 10y, such as 30m, 24h, 30d, 2w or 1y',
    ],
    [what, `${what}\n    wait: 11y`, '6:11 rules[0].wait: must be a time from 0m to 10y'],
    [what, `${what}\n    wait: 30 days`, '6:11 rules[0].wait: must be a time from 0m to 10y'],
    [what, `${what}\n    wait: -1d`, '6:11 rules[0].wait: must be a time from 0m to 10y'],
    // delete
    [`${what}\n`, '', '3:5 rules[0].delete: is missing; must be a list of 1 to 10 things to delete, such as'],
    [what, '    delete: deal-contacts', '5:13 rules[0].delete: must be a list of 1 to 10 things to delete'],
    [what, '    delete: []', '5:13 rules[0].delete: must be a list of 1 to 10 things to delete'],
    [what, '    delete: [everything]', `5:14 rules[0].delete[0]: ${things}`],
    [what, '    delete: [null]', `5:14 rules[0].delete[0]: ${things}`],
    [what, '    delete: [deal-contacts, deal-contacts]', '5:29 rules[0].delete[1]: deal-contacts is named twice'],
    // keys
    [what, `${what}\n    enable: true`, '6:5 rules[0].enable: "enable" is no known key (did you mean "enabled"?)'],
    [what, `${what}\n    whatever: 1`, '6:5 rules[0].whatever: "whatever" is no known key'],
    [what, `${what}\n    __proto__: 1`, '6:5 rules[0].__proto__: "__proto__" is no known key'],
    [what, `${what}\nrule: []`, '6:1 rule: "rule" is no known key (did you mean "rules"?)'],
    // the list
    [what, `${what}\n  - nothing`, '6:5 rules[1]: must be a rule: a map with id, when and delete'],
    [what, `${what}\n  -`, '6:4 rules[1]: must be a rule: a map with id, when and delete'],
    [
      what,
      `${what}\n  - { id: lost, when: { type: deal, stages: all-lost }, delete: [deal-contacts] }`,
      '6:11 rules[1].id: rules[0] has the same id',
    ],
  ])('%j → %j', (line, replacement, message) => {
    const [first, ...rest] = lines(withLine(line, replacement));
    expect(rest).toEqual([]);
    expect(first?.slice(0, 'rules.yaml:'.length + message.length)).toBe(`rules.yaml:${message}`);
    // Without a hint where none is expected: hints are as exact as the rest.
    if (!message.endsWith(')')) expect(first).not.toContain('(did');
  });

  test.each([
    ['', '1:1 must be a map with version and rules'],
    ['- 1', '1:1 must be a map with version and rules'],
    ['just text', '1:1 must be a map with version and rules'],
    ['version: 1', '1:1 rules: is missing; must be a list of at most 100 rules'],
    ['version: 1\nrules: {}', '2:8 rules: must be a list of at most 100 rules'],
    ['version: 1\nrules:', '2:7 rules: must be a list of at most 100 rules'],
    ['version: [1', '1:12 is no valid YAML: Flow sequence in block collection must be sufficiently indented'],
    ['version: 1\nrules: "', '2:9 is no valid YAML: Missing closing "quote'],
    ['version: 1\nversion: 1', '2:1 the key "version" is written twice'],
    ['version: 1\nrules: []\n---\nversion: 1', '3:1 the file holds more than one YAML document'],
    ['version: 1\nrules: !!js/function x', '2:8 is no valid YAML: Unresolved tag: tag:yaml.org,2002:js/function'],
    ['? [x]\n: 1', '1:3 is no valid YAML: With stringKeys, all keys must be strings'],
  ])('%j', (source, message) => {
    expect(lines(source)[0]?.slice(0, 'rules.yaml:'.length + message.length)).toBe(`rules.yaml:${message}`);
  });

  test('with what the parser says, and not where it says so once more', () => {
    expect(lines('version: 1\nrules: [ { a, ]')[0]).toBe(
      'rules.yaml:2:15 is no valid YAML: Flow map in block collection must be sufficiently indented and end with a }',
    );
  });

  test('with all problems at once, in the order of the file, and as data', () => {
    const source = `version: 1
rules:
  - id: A
    when: { stages: [1] }
    delete: [contact]
`;
    expect(refusal(source).problems).toEqual([
      {
        line: 3,
        column: 9,
        path: 'rules[0].id',
        message: 'must be lower-case letters, digits and single hyphens, at most 64, such as spam-contacts',
      },
      {
        line: 4,
        column: 11,
        path: 'rules[0].when.type',
        message:
          'is missing; must be deal, lead, or the number of a smart process: 31, 128 to 191, or 1030 and greater',
      },
      {
        line: 4,
        column: 22,
        path: 'rules[0].when.stages[0]',
        message: 'must be the code or the name of a stage, as text',
        hint: 'put it in quotes: "1"',
      },
      {
        line: 5,
        column: 14,
        path: 'rules[0].delete[0]',
        message:
          'must be deal-contacts, company-contacts, contacts, company, deal, lead, item, or a map: contacts: { via: … } or items: { type: … }',
        hint: 'did you mean "contacts"?',
      },
    ]);
    expect(refusal(source)).toMatchObject({ name: 'RulesError', code: 'RULES' });
  });

  test('under the name of the file', () => {
    expect(() => loadRules('version: 2\nrules: []', 'mine.yml')).toThrow('mine.yml:1:10 version: must be 1');
  });

  test('when it has more than a hundred rules', () => {
    expect(loadRules(fileOf(100)).rules).toHaveLength(100);
    expect(lines(fileOf(101))).toEqual(['rules.yaml:3:3 rules: must be a list of at most 100 rules']);
  });
});

describe('a hostile rules file', () => {
  test('with nested aliases is refused before they are expanded', () => {
    const laughs = Array.from({ length: 30 }, (_, index) =>
      index === 0 ? 'a0: &a0 [ha]' : `a${index}: &a${index} [*a${index - 1}, *a${index - 1}]`,
    );
    expect(lines(laughs.join('\n'))[0]).toBe('rules.yaml:1:9 anchors and aliases are not supported (write it out)');
  });

  test('with one alias or a merge key is refused too', () => {
    expect(lines('version: &one 1\nrules: []')).toEqual([
      'rules.yaml:1:15 anchors and aliases are not supported (write it out)',
    ]);
    expect(lines('version: 1\nrules: []\n<<: { x: 1 }')[0]).toBe(
      'rules.yaml:3:1 merge keys are not supported (write it out)',
    );
  });

  test('larger than 128 KiB is refused unread', () => {
    expect(loadRules(padding(longestSourceBytes)).rules).toHaveLength(1);
    expect(lines(padding(longestSourceBytes + 1))).toEqual(['rules.yaml:1:1 the file is larger than 128 KiB']);
    expect(lines(`#${'é'.repeat(longestSourceBytes / 2)}`)).toEqual(['rules.yaml:1:1 the file is larger than 128 KiB']);
  });

  test.each([
    ['brackets', '['.repeat(100_000)],
    ['braces', '{'.repeat(100_000)],
    ['dashes', '- '.repeat(60_000)],
    ['closed brackets', `${'['.repeat(60_000)}${']'.repeat(60_000)}`],
    ['closed braces', `${'{a: '.repeat(25_000)}1${'}'.repeat(25_000)}`],
  ])('of %s without end is refused as a whole', (_, source) => {
    expect(lines(source)).toEqual(['rules.yaml:1:1 the file is nested too deep']);
  });

  test('can only be refused, or be rules', () => {
    const word = fc.constantFrom(
      'version: 1',
      'rules:',
      '  - id: a',
      '    when: {type: deal, stages: all-lost}',
      '    delete: [deal-contacts]',
      '    wait: 1d',
      '    where: {sourceId: WEB, UF_CRM_1: {empty: true}}',
      '    wait: {for: 1d, from: last-activity}',
      '    delete: [{items: {type: 1044}}, contacts]',
      '- ',
      '&a',
      '*a',
      '<<: *a',
      '!!x',
      '"',
      '---',
      '__proto__: 1',
    );
    const source = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(word, { maxLength: 12 }).map((words) => words.join('\n')),
    );
    fc.assert(
      fc.property(source, (text) => {
        try {
          for (const rule of loadRules(text).rules) expect(ruleSchema.parse(rule)).toEqual(rule);
        } catch (error) {
          if (!(error instanceof RulesError)) throw error;
          expect(error.problems.length).toBeGreaterThan(0);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
