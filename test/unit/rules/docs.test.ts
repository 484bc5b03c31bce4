import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { knownKeys } from '../../../lib/rules/expected.ts';
import { loadRules } from '../../../lib/rules/load.ts';
import { plainDeletions } from '../../../lib/rules/schema.ts';

const page = readFileSync('docs/rules.md', 'utf8');
const blocksOf = (markdown: string): string[] =>
  [...markdown.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, source = '']) => source);
const examples = blocksOf(page);

describe('docs/rules.md', () => {
  test.each(examples.map((source, index) => [index + 1, source] as const))(
    'its example %i is in order',
    (_, source) => {
      expect(loadRules(source).rules.length).toBeGreaterThan(0);
    },
  );

  test('has examples', () => {
    expect(examples.length).toBeGreaterThan(4);
  });

  test('names every key and everything that can be deleted', () => {
    const words = [...Object.values(knownKeys).flat(), ...plainDeletions, 'items', 'crm.contact.delete'];
    expect(words.filter((word) => !new RegExp(`\`[^\`]*\\b${word}\\b[^\`]*\``).test(page))).toEqual([]);
  });
});

test('the example that is shipped is in order', () => {
  expect(loadRules(readFileSync('examples/rules.yaml', 'utf8')).rules).toHaveLength(1);
});
