import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { knownKeys } from '../../../lib/rules/expected.ts';
import { rulesJsonSchema } from '../../../lib/rules/json-schema.ts';
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

test('rules.schema.json is what `npm run rules:schema` writes', () => {
  expect(JSON.parse(readFileSync('rules.schema.json', 'utf8'))).toEqual(JSON.parse(JSON.stringify(rulesJsonSchema())));
});

describe('the schema for editors', () => {
  const maps: [string, { readonly properties: unknown; readonly additionalProperties?: unknown }][] = [];
  const walk = (node: unknown, path: string): void => {
    if (typeof node !== 'object' || node === null) return;
    if ('properties' in node) maps.push([path, node]);
    for (const [key, value] of Object.entries(node)) walk(value, `${path}/${key}`);
  };
  walk(rulesJsonSchema(), '');

  test('knows every key of the file, and no other', () => {
    expect(maps.filter(([, map]) => map.additionalProperties !== false)).toEqual([]);
    const keys = new Set(maps.flatMap(([, map]) => Object.keys(map.properties as object)));
    expect([...keys].toSorted()).toEqual(
      [...new Set([...Object.values(knownKeys).flat(), 'contacts', 'items'])].toSorted(),
    );
  });

  test('tells what each of them means', () => {
    const silent = maps.flatMap(([path, map]) =>
      Object.entries(map.properties as Record<string, object>)
        .filter(([, value]) => !('description' in value))
        .map(([key]) => `${path}/${key}`),
    );
    expect(silent).toEqual([]);
  });
});
