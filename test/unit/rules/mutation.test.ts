import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { Directory } from '../../../lib/rules/directory.ts';
import { loadRules } from '../../../lib/rules/load.ts';
import { resolveRules } from '../../../lib/rules/resolve.ts';
import { RulesError } from '../../../lib/rules/rules-error.ts';
import { ruleSchema } from '../../../lib/rules/schema.ts';

/** A file that says everything there is to say. */
const whole = `version: 1
rules:
  - id: leads
    description: all of it
    enabled: false
    when: { type: lead, stages: [JUNK] }
    where:
      sourceId: WEB
      UF_CRM_REASON: { in: [Spam, 79], empty: false }
      opportunity: { at-least: 0.5, at-most: 100 }
      lastActivityTime: { older-than: 90d }
    wait: { for: 2y, from: last-activity }
    delete: [lead, contacts, company-contacts]
  - id: projects
    when:
      type: 1044
      pipelines: [3, 4]
      stages: all-lost
    wait: 1d
    delete:
      - items: { type: 31, linked: parent }
      - contacts: { via: crm.contact.delete }
      - item
    mode: observe
    comment: false
    snapshot: ids
    guards: { won-deals: off, open-items: on, recent-activity: 90d }
protect:
  hold-field: UF_CRM_KEEP
  ids: { contact: [7], '1044': [1] }
  responsible: [1]
  sources: [PARTNER]
`;

/** A piece that may take another's place: a word of the file, or what YAML makes much of. */
const piece = fc.oneof(
  fc.constantFrom(...new Set(whole.split(/[\s,:[\]{}]+/).filter((word) => word !== ''))),
  fc.constantFrom(
    '',
    '{}',
    '[]',
    'null',
    '~',
    '-',
    ':',
    '? ',
    '"',
    "'",
    '|',
    '&a ',
    '*a',
    '!!str ',
    '__proto__',
    '.nan',
  ),
  fc.constantFrom(
    '1e400',
    '0x10',
    '-0',
    '9007199254740993',
    '\u0000',
    '\ud800',
    '\ufeff',
    '\t',
    '\r\n',
    '<<',
    '...',
    '---',
  ),
  fc.string({ maxLength: 5 }),
);

/** The file with some of its words and signs replaced, left out or written twice. */
const mutated = fc
  .array(fc.record({ at: fc.nat(), length: fc.nat({ max: 12 }), put: piece }), { minLength: 1, maxLength: 4 })
  .map((edits) => edits.reduce(mutate, whole));

function mutate(source: string, { at, length, put }: { at: number; length: number; put: string }): string {
  const start = at % (source.length + 1);
  return source.slice(0, start) + put + source.slice(start + length);
}

const empty: Directory = { types: [], pipelines: new Map(), fields: new Map() };

test('the file itself is in order', () => {
  expect(loadRules(whole).rules).toHaveLength(2);
});

test('a file with whatever slips of the pen is rules, or refused with places within it', () => {
  fc.assert(
    fc.property(mutated, (source) => {
      const lines = source.split(/\r\n|\r|\n/).length;
      try {
        const ruleSet = loadRules(source);
        for (const rule of ruleSet.rules) expect(ruleSchema.parse(rule)).toEqual(rule);
        resolveRules(ruleSet, empty);
      } catch (error) {
        if (!(error instanceof RulesError)) throw error;
        expect(error.problems.length).toBeGreaterThan(0);
        for (const { line, column, message } of error.problems) {
          expect(line).toBeGreaterThanOrEqual(1);
          expect(line).toBeLessThanOrEqual(lines);
          expect(column).toBeGreaterThanOrEqual(1);
          expect(message).not.toMatch(/undefined|\[object|malformed/);
        }
      }
    }),
    { numRuns: 1000 },
  );
});

test('a condition is never lost: what is written is what is loaded', () => {
  const name = fc.constantFrom(
    'sourceId',
    '__proto__',
    'constructor',
    'toString',
    'UF_CRM_1',
    'where',
    'hasOwnProperty',
  );
  fc.assert(
    fc.property(fc.uniqueArray(name, { minLength: 1 }), (names) => {
      const where = names.map((field) => `${field}: { empty: true }`).join(', ');
      const source = `version: 1\nrules: [{ id: a, when: { type: deal, stages: all-lost }, where: { ${where} }, delete: [contacts] }]`;
      let loaded: readonly string[] | 'refused' = 'refused';
      try {
        loaded = loadRules(source).rules[0]?.where.map(({ field }) => field) ?? [];
      } catch (error) {
        if (!(error instanceof RulesError)) throw error;
      }
      expect(loaded).toEqual(names.includes('__proto__') ? 'refused' : names);
    }),
  );
});
