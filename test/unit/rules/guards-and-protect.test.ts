import { describe, expect, test } from '@jest/globals';
import { type Directory, directoryNeeds, type PortalField } from '../../../lib/rules/directory.ts';
import { allGuards } from '../../../lib/rules/guards.ts';
import { loadRules } from '../../../lib/rules/load.ts';
import { holdFieldOf, nothingProtected } from '../../../lib/rules/protect.ts';
import { resolveRules } from '../../../lib/rules/resolve.ts';
import { RulesError } from '../../../lib/rules/rules-error.ts';
import { nextVersion, type StoredRules, storedRulesSchema } from '../../../lib/rules/version.ts';

const day = 24 * 3_600_000;

const file = (lines = '', { protect = '', entries = 'contacts', type = 'deal' } = {}): string =>
  `version: 1
${protect === '' ? '' : `protect: ${protect}\n`}rules:
  - id: a
    when: { type: ${type}, stages: all-lost }
    delete: [${entries}]
${lines === '' ? '' : `    ${lines}\n`}`;

function refusal(work: () => unknown): string[] {
  try {
    work();
  } catch (error) {
    if (error instanceof RulesError) return error.message.replaceAll('rules.yaml:', '').split('\n');
    throw error;
  }
  throw new Error('was not refused');
}

describe('the guards of a rule', () => {
  const guardsOf = (lines: string) => loadRules(file(lines)).rules[0]?.guards;

  test('are all on without a word, for activities of the last 30 days', () => {
    expect(guardsOf('')).toEqual(allGuards);
    expect(Object.values(allGuards)).toEqual([true, true, true, true, true, true, true, 30 * day]);
  });

  test.each([
    ['{ won-deals: off }', { ...allGuards, 'won-deals': false }],
    ['{ won-deals: false, quotes: on, duplicates: true }', { ...allGuards, 'won-deals': false }],
    ['{ recent-activity: 2w }', { ...allGuards, 'recent-activity': 14 * day }],
    ['{ recent-activity: off }', { ...allGuards, 'recent-activity': 0 }],
    ['{ recent-activity: false }', { ...allGuards, 'recent-activity': 0 }],
    ['{ recent-activity: on }', allGuards],
    ['{}', allGuards],
  ])('may be written as %s', (guards, expected) => {
    expect(guardsOf(`guards: ${guards}`)).toEqual(expected);
  });

  test.each([
    ['guards: off', '6:13 rules[0].guards: must be a map of guards, such as { won-deals: off }'],
    ['guards: { won-deals: no }', '6:26 rules[0].guards.won-deals: must be on or off'],
    [
      'guards: { recent-activity: 0m }',
      '6:32 rules[0].guards.recent-activity: must be a time from 1m to 10y, such as 30d, or off',
    ],
    [
      'guards: { won-deal: off }',
      '6:15 rules[0].guards.won-deal: "won-deal" is no known key (did you mean "won-deals"?)',
    ],
    ['mode: obsrve', '6:11 rules[0].mode: must be observe or enforce (did you mean "observe"?)'],
    ['comment: yes', '6:14 rules[0].comment: must be true or false'],
    ['snapshot: id', '6:15 rules[0].snapshot: must be full or ids (did you mean "ids"?)'],
  ])('%s is refused: %s', (lines, message) => {
    expect(refusal(() => loadRules(file(lines)))).toEqual([message]);
  });

  test.each(['deal-contacts, deal', '{ items: { type: 1044 } }'])(
    'go with no rule that deletes %s alone',
    (entries) => {
      expect(refusal(() => loadRules(file('guards: { quotes: off }', { entries })))).toEqual([
        '6:5 rules[0].guards: nothing of what the rule deletes has guards: they keep contacts, company and company-contacts (leave guards out)',
      ]);
    },
  );

  test.each(['company', 'company-contacts', '{ contacts: { via: crm.contact.delete } }'])('go with %s', (entries) => {
    expect(loadRules(file('guards: { quotes: off }', { entries })).rules[0]?.guards.quotes).toBe(false);
  });
});

describe('what is protected', () => {
  const protectOf = (protect: string) => loadRules(file('', { protect })).protect;

  test('is nothing without a word', () => {
    expect(loadRules(file()).protect).toEqual(nothingProtected);
  });

  test('is kept by the numbers of types', () => {
    expect(
      protectOf(
        "{ hold-field: UF_CRM_KEEP, ids: { contact: [7, 7], company: [3], deal: [1], lead: [2], '1044': [5], 31: [6] }, responsible: [1], sources: [PARTNER] }",
      ),
    ).toEqual({
      holdField: 'UF_CRM_KEEP',
      holdFields: {},
      ids: { 3: [7], 4: [3], 2: [1], 1: [2], 1044: [5], 31: [6] },
      responsible: [1],
      sources: ['PARTNER'],
    });
  });

  test.each([
    ['[]', '2:10 protect: must be a map of what no rule touches'],
    ['{ hold: UF_CRM_KEEP }', '2:12 protect.hold: "hold" is no known key'],
    [
      '{ hold-field: uf_crm_keep }',
      '2:24 protect.hold-field: must be the code of a checkbox in capitals, such as UF_CRM_KEEP (a user field is named by its code, which is in capitals: UF_CRM_…)',
    ],
    [
      '{ ids: { contacts: [7] } }',
      '2:19 protect.ids.contacts: must be contact, company, deal, lead, or the number of a smart process: 31, 128 to 191, 1030 or more (did you mean "contact"?)',
    ],
    [
      '{ ids: { __proto__: [7] } }',
      '2:19 protect.ids.__proto__: must be contact, company, deal, lead, or the number of a smart process: 31, 128 to 191, 1030 or more',
    ],
    ['{ ids: { contact: 7 } }', '2:28 protect.ids.contact: must be a list of 1 to 1000 ids'],
    ['{ ids: { contact: [x] } }', '2:29 protect.ids.contact[0]: must be the number of a record'],
    ['{ responsible: [] }', '2:25 protect.responsible: must be a list of 1 to 100 users'],
    ['{ sources: [1] }', '2:22 protect.sources[0]: must be the code or the name of a source, as text'],
  ])('%s is refused: %s', (protect, message) => {
    expect(refusal(() => loadRules(file('', { protect })))).toEqual([message]);
  });

  test.each(['30', '127', '192', '1029', '1000001', '01044'])('type %s is no type', (type) => {
    expect(refusal(() => protectOf(`{ ids: { '${type}': [1] } }`))).toHaveLength(1);
  });
});

describe('on a portal', () => {
  const field = (name: string, type = 'boolean') => ({ name, type, title: name });
  const source = {
    ...field('sourceId', 'crm_status'),
    items: [
      { id: 'PARTNER', text: 'Partner' },
      { id: 'WEB', text: ' Website ' },
      { id: 'UC_1', text: 'WEB' },
    ],
  };
  const pipelines = [{ pipelineId: 0, pipelineName: 'x', stages: [{ code: 'L', name: 'L', semantics: 'F' as const }] }];
  const directory: Directory = {
    types: [{ entityTypeId: 1044, title: 'Projects', hasStages: true }],
    pipelines: new Map([2, 1044].map((type) => [type, pipelines])),
    fields: new Map([
      [2, [source, field('UF_CRM_KEEP'), field('UF_CRM_TEXT', 'string'), field('UF_CRM_ALL')]],
      [3, [source, field('UF_CRM_KEEP'), field('UF_CRM_ALL')]],
      [4, [source, field('UF_CRM_TEXT', 'string')]],
      [1044, [field('parentId2', 'crm_entity'), field('UF_CRM_7_KEEP'), field('UF_CRM_7_ALL', 'string')]],
    ]),
  };
  const resolved = (protect: string, entries: string) =>
    resolveRules(loadRules(file('', { protect, entries })), directory).protect;

  test('the hold field is found on the cards of every type that rules touch, of smart processes with their number', () => {
    const protect = resolved('{ hold-field: UF_CRM_KEEP }', 'contacts, deal, { items: { type: 1044 } }');
    expect([2, 3, 1044].map((type) => holdFieldOf(protect, type))).toEqual([
      'UF_CRM_KEEP',
      'UF_CRM_KEEP',
      'UF_CRM_7_KEEP',
    ]);
  });

  test.each([
    ['UF_CRM_KEEP', 'company', 'companies'],
    ['UF_CRM_TEXT', 'deal', 'deals'],
    ['UF_CRM_TEXT', 'company-contacts', 'deals, companies, contacts'],
    ['UF_CRM_ALL', '{ items: { type: 1044 } }, deal-contacts', 'items of type 1044 (Projects)'],
  ])('%s with %s is refused, for want of it on %s', (name, entries, types) => {
    expect(refusal(() => resolved(`{ hold-field: ${name} }`, entries))).toEqual([
      `2:24 protect.hold-field: the portal's ${types} have no field ${name} of the type yes or no (add it to their cards; of a smart process its code begins with the number, such as UF_CRM_7_KEEP)`,
    ]);
  });

  test('sources are codes afterwards, and resolved ones stay', () => {
    expect(resolved('{ sources: [Partner, WEB] }', 'deal').sources).toEqual(['PARTNER', 'WEB']);
  });

  test('sources are found by their names, with whatever spaces around them', () => {
    expect(resolved('{ sources: [Website] }', 'deal').sources).toEqual(['WEB']);
  });

  test('where the values of sources stand on the cards of one type alone, they are those, and of no other list', () => {
    const other = { ...field('UF_CRM_LIST', 'enumeration'), items: [{ id: 'X', text: 'Partner' }] };
    const fields = new Map([
      [2, [other, field('sourceId', 'string')]],
      [3, [other, source]],
    ]);
    const ruleSet = loadRules(file('', { protect: '{ sources: [Partner] }', entries: 'contacts' }));
    expect(resolveRules(ruleSet, { ...directory, fields }).protect.sources).toEqual(['PARTNER']);
  });

  test('where no card has sources, they stay as they are written', () => {
    const ruleSet = loadRules(file('', { protect: '{ sources: [Partner] }', entries: 'item', type: '1044' }));
    expect(resolveRules(ruleSet, directory).protect.sources).toEqual(['Partner']);
  });

  test('a type that the portal does not have is no card: it is refused where the rule names it, and only there', () => {
    const protect = '{ hold-field: UF_CRM_KEEP, sources: [Partner] }';
    const problems = refusal(() => resolved(protect, 'deal, { items: { type: 1045 } }'));
    expect(problems).toEqual([
      expect.stringContaining('rules[0].delete[1].items.type: the portal has no smart process'),
    ]);
  });

  test('the hold field of a smart process has its number, of any length, at the beginning of the code and nowhere else', () => {
    const protectWith = (name: string) => {
      const card = [field('parentId2', 'crm_entity'), field(name)];
      const fields = new Map<number, readonly PortalField[]>([...directory.fields, [1044, card]]);
      const ruleSet = loadRules(
        file('', { protect: '{ hold-field: UF_CRM_KEEP }', entries: 'deal, { items: { type: 1044 } }' }),
      );
      return resolveRules(ruleSet, { ...directory, fields }).protect;
    };
    expect(holdFieldOf(protectWith('UF_CRM_127_KEEP'), 1044)).toBe('UF_CRM_127_KEEP');
    for (const name of ['KEUF_CRM_7_EP', 'UF_CRM_7_NOT_KEEP', 'UF_CRM_7_KEEP_NOT', 'UF_CRM_X_KEEP']) {
      expect(() => protectWith(name)).toThrow('items of type 1044 (Projects) have no field UF_CRM_KEEP');
    }
  });

  test('a source that the portal does not have is refused', () => {
    expect(refusal(() => resolved('{ sources: [Partnr] }', 'deal'))).toEqual([
      '2:22 protect.sources[0]: the portal has no source "Partnr" (did you mean "Partner"?)',
    ]);
  });

  test('what has to be read for it is the fields of the types that rules touch, and the values of sources', () => {
    const needs = (protect: string) => {
      const set = loadRules(file('', { protect, entries: 'company-contacts' }));
      return directoryNeeds(set.rules, set.protect).fields;
    };
    expect(needs('{ ids: { contact: [1] }, responsible: [2] }')).toEqual(new Map());
    expect(needs('{ hold-field: UF_CRM_KEEP }')).toEqual(new Map([2, 4, 3].map((type) => [type, new Set()])));
    expect(needs('{ sources: [X] }')).toEqual(new Map([2, 4, 3].map((type) => [type, new Set(['sourceId'])])));
  });
});

describe('a version that deletes', () => {
  const push = (before: StoredRules | undefined, source: string, at: number) =>
    nextVersion(before, loadRules(source), source, at, 'ada');
  const sinceAfter = (before: string, after: string) =>
    push(push(undefined, before, 1000), after, 2000).rules[0]?.since;
  const protectedBy = (protect: string) => file('', { protect });

  test.each([
    ['a guard goes off', file(), file('guards: { quotes: off }')],
    ['activities count for a shorter time', file('guards: { recent-activity: 60d }'), file()],
    ['activities count no longer', file(), file('guards: { recent-activity: off }')],
    ['the rule observes no longer', file('mode: observe'), file()],
    ['the hold field goes', protectedBy('{ hold-field: UF_CRM_KEEP }'), file()],
    [
      'the hold field is another',
      protectedBy('{ hold-field: UF_CRM_KEEP }'),
      protectedBy('{ hold-field: UF_CRM_OTHER }'),
    ],
    ['a user is protected no longer', protectedBy('{ responsible: [1, 2] }'), protectedBy('{ responsible: [2] }')],
    ['a source is protected no longer', protectedBy('{ sources: [A] }'), file()],
  ])('more than the one before begins anew: %s', (_, before, after) => {
    expect(sinceAfter(before, after)).toBe(2000);
    // And the other way round it deletes less, which holds for what waits as well.
    expect(sinceAfter(after, before)).toBe(/another/.test(_) ? 2000 : 1000);
  });

  test.each([
    ['single records', protectedBy('{ ids: { contact: [7] } }'), file()],
    ['comments', file(), file('comment: true')],
    ['snapshots', file(), file('snapshot: ids')],
  ])('the same goes on, with other %s', (_, before, after) => {
    expect(sinceAfter(before, after)).toBe(1000);
  });

  test('and was stored before there were guards has all of them', () => {
    const { protect: _, ...stored } = push(undefined, file('guards: { quotes: off }'), 1000);
    const rules = stored.rules.map(({ guards: _g, mode: _m, comment: _c, snapshot: _s, ...rule }) => rule);
    expect(storedRulesSchema.parse({ ...stored, rules })).toMatchObject({
      protect: nothingProtected,
      rules: [{ guards: allGuards, mode: 'enforce', comment: false, snapshot: 'full' }],
    });
  });
});
