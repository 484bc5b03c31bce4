import { expect, test } from '@jest/globals';
import * as z from 'zod';
import { fieldNameSchema } from '../../../lib/rules/conditions.ts';
import { expected, knownKeys, spokenFields } from '../../../lib/rules/expected.ts';
import { rulesJsonSchema } from '../../../lib/rules/json-schema.ts';

const nodeSchema = z.looseObject({
  properties: z.record(z.string(), z.unknown()).optional(),
  additionalProperties: z.unknown().optional(),
  items: z.unknown().optional(),
  anyOf: z.array(z.unknown()).optional(),
});

/** The places of a file, and the keys of those that are maps, as the schema for editors has them. */
const places = new Map<string, Set<string>>();
const walk = (node: unknown, path: string): void => {
  const { properties = {}, additionalProperties: others, items, anyOf = [] } = nodeSchema.parse(node);
  const keys = places.get(path) ?? new Set();
  places.set(path, keys);
  for (const branch of anyOf) walk(branch, path);
  if (items !== undefined) walk(items, `${path}[]`);
  if (typeof others === 'object') walk(others, `${path}.*`);
  for (const [key, value] of Object.entries(properties)) {
    keys.add(key);
    walk(value, path === '' ? key : `${path}.${key}`);
  }
};
walk(rulesJsonSchema(), '');

test('of each place of a rules file it is said what must stand there, and of no other', () => {
  expect(Object.keys(expected).toSorted()).toEqual([...places.keys()].toSorted());
  for (const text of Object.values(expected)) expect(text).toMatch(/^must be [a-zA-Z0-9]/);
});

test('the keys that are known at a place are those that may stand there', () => {
  // What may be deleted is named by its text, not by what the maps among it begin with.
  const maps = [...places].filter(([path, keys]) => keys.size > 0 && path !== 'rules[].delete[]');
  const sorted = (keys: Iterable<string>) => [...keys].toSorted();
  expect(Object.fromEntries(Object.entries(knownKeys).map(([path, keys]) => [path, sorted(keys)]))).toEqual(
    Object.fromEntries(maps.map(([path, keys]) => [path, sorted(keys)])),
  );
});

test('fields that people speak of have names that a condition can use', () => {
  expect(Object.fromEntries(spokenFields)).toEqual({
    source: 'sourceId',
    responsible: 'assignedById',
    assigned: 'assignedById',
    amount: 'opportunity',
    currency: 'currencyId',
    'last-activity': 'lastActivityTime',
    created: 'createdTime',
    company: 'companyId',
    contact: 'contactId',
    contacts: 'contactIds',
  });
  for (const name of spokenFields.values()) expect(fieldNameSchema.parse(name)).toBe(name);
});
