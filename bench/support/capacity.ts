import * as z from 'zod';
import type { TableDefinition } from '../../local/template/tables.ts';

/** A row as DynamoDB's protocol writes it: `{"id": {"S": "1"}}`. */
export const wireItemSchema = z.record(z.string(), z.record(z.string(), z.unknown()));
export type WireItem = z.infer<typeof wireItemSchema>;

const readUnitBytes = 4096;
const writeUnitBytes = 1024;

/**
 * What a row counts, in bytes: names and values in UTF-8, a number a byte for two digits and one more, lists and maps 3
 * and one for each element.
 *
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
 */
export function itemBytes(item: WireItem): number {
  return Object.entries(item).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + valueBytes(value), 0);
}

function valueBytes(value: Readonly<Record<string, unknown>>): number {
  const entry = Object.entries(value)[0];
  if (entry === undefined) return 0;
  const [type, content] = entry;
  if (type === 'S') return Buffer.byteLength(String(content));
  if (type === 'N') return Math.ceil(String(content).replace(/[-.]/g, '').length / 2) + 1;
  if (type === 'B') return Buffer.byteLength(String(content), 'base64');
  if (type === 'M') {
    const map = wireItemSchema.parse(content);
    return 3 + Object.keys(map).length + itemBytes(map);
  }
  if (type === 'L') {
    const list = z.array(z.record(z.string(), z.unknown())).parse(content);
    return list.reduce((sum, one) => sum + 1 + valueBytes(one), 3);
  }
  if (Array.isArray(content)) {
    return content.reduce((sum: number, one) => sum + valueBytes({ [type.slice(0, 1)]: one }), 0);
  }
  return 1;
}

/** Read request units: 4 KB begun each, half of that when it need not be consistent. Nothing found is read as well. */
export function readUnits(bytes: number, consistent: boolean): number {
  return Math.max(1, Math.ceil(bytes / readUnitBytes)) * (consistent ? 1 : 0.5);
}

export type IndexDefinition = NonNullable<TableDefinition['input']['GlobalSecondaryIndexes']>[number];

/**
 * Write request units: 1 KB begun each, of the larger of the row before and after. To that comes what indexes of keys
 * alone cost: one to put an entry in or to take one out, so two to move it, and nothing when its keys stay.
 */
export function writeUnits(
  before: WireItem | undefined,
  after: WireItem | undefined,
  indexes: readonly IndexDefinition[],
): number {
  const bytes = Math.max(...[before, after].map((item) => (item ? itemBytes(item) : 0)));
  const inIndexes = indexes.map((index) => {
    const [old, fresh] = [entryOf(before, index), entryOf(after, index)];
    return old === fresh ? 0 : Number(old !== undefined) + Number(fresh !== undefined);
  });
  return Math.max(1, Math.ceil(bytes / writeUnitBytes)) + inIndexes.reduce((sum, units) => sum + units, 0);
}

/** The keys by which a row stands in an index, if it does. */
function entryOf(item: WireItem | undefined, { KeySchema = [] }: IndexDefinition): string | undefined {
  const keys = KeySchema.map(({ AttributeName = '' }) => item?.[AttributeName]);
  return keys.some((key) => key === undefined) ? undefined : JSON.stringify(keys);
}
