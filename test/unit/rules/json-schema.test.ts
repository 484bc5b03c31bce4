import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { rulesJsonSchema } from '../../../lib/rules/json-schema.ts';

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

  test('takes no key that the file may not have', () => {
    expect(maps.filter(([, map]) => map.additionalProperties !== false)).toEqual([]);
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
