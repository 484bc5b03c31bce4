import {
  type Item,
  type Key,
  type Page,
  type QueryOptions,
  type Table,
  TableUnavailable,
} from '../../../lib/aws/table.ts';
import type { HeldTables, TableName, Tables } from '../portals/parts.ts';
import { HeldRoles } from './held-roles.ts';
import { changed, copyOf, holds, orderOf } from './expressions.ts';

/** Keys as in serverless.yml: of the table, and of its indexes. */
const shapes: Readonly<
  Record<TableName, { key: readonly string[]; indexes: Readonly<Record<string, readonly string[]>> }>
> = {
  portals: { key: ['memberId', 'sk'], indexes: { paused: ['pausedMark', 'memberId'] } },
  credentials: { key: ['memberId'], indexes: {} },
  tasks: {
    key: ['taskId', 'sk'],
    indexes: { due: ['shard', 'nextAt'], byPortal: ['memberId', 'createdAt'], turns: ['line', 'turnAt'] },
  },
  snapshots: { key: ['taskId', 'part'], indexes: {} },
};

/** A write that a table does not answer: refused before it is done, or done and not told. */
export interface TableFault {
  /** Which of the writes from now on, counted from 1. */
  nth: number;
  readonly when: 'before' | 'after';
}

/**
 * The four tables without a server, for thousands of runs: DynamoDB's conditional writes, queries and indexes as far as
 * tidy24 uses them. A few runs of the same property go to the embedded DynamoDB, so that the two cannot drift apart.
 */
export class MemoryTables {
  readonly tables: Tables;
  fault: TableFault | undefined;
  readonly #rows: Record<TableName, Map<string, Item>> = {
    portals: new Map(),
    credentials: new Map(),
    tasks: new Map(),
    snapshots: new Map(),
  };

  constructor() {
    this.tables = {
      portals: this.#open('portals'),
      credentials: this.#open('credentials'),
      tasks: this.#open('tasks'),
      snapshots: this.#open('snapshots'),
    };
  }

  #open(name: TableName): Table {
    const rows = this.#rows[name];
    const { key: keyNames, indexes } = shapes[name];
    const textOf = (row: Item) => JSON.stringify(keyNames.map((part) => row[part]));
    const keyOf = (row: Item, more: readonly string[] = []) =>
      Object.fromEntries([...keyNames, ...more].map((part) => [part, row[part]]));
    const read = (key: Key) => Promise.resolve(copyOf(rows.get(textOf(key))));

    return {
      get: read,
      getMany: async (keys) => (await Promise.all(keys.map(read))).filter((row) => row !== undefined),
      put: (item, condition) =>
        this.#write(() => {
          const text = textOf(item);
          if (condition && !holds(condition.if, rows.get(text) ?? {}, condition)) return false;
          rows.set(text, copyOf(item));
          return true;
        }),
      update: (key, change) =>
        this.#write(() => {
          const text = textOf(key);
          if (change.if !== undefined && !holds(change.if, rows.get(text) ?? {}, change)) return undefined;
          const row = changed(change.set, rows.get(text) ?? { ...key }, change);
          rows.set(text, row);
          return copyOf(row);
        }),
      delete: (key, condition) =>
        this.#write(() => {
          const text = textOf(key);
          if (condition && !holds(condition.if, rows.get(text) ?? {}, condition)) return false;
          rows.delete(text);
          return true;
        }),
      query: (options) => Promise.resolve(this.#query(rows, options, indexes, keyOf)),
      scan: (filter) => {
        const items = [...rows.values()].filter((row) => holds(filter.where, row, filter)).map((row) => copyOf(row));
        return Promise.resolve({ items, count: items.length });
      },
    };
  }

  #query(
    rows: ReadonlyMap<string, Item>,
    options: QueryOptions,
    indexes: Readonly<Record<string, readonly string[]>>,
    keyOf: (row: Item, more?: readonly string[]) => Item,
  ): Page {
    const { index, limit = Number.POSITIVE_INFINITY, startAfter, descending = false } = options;
    const indexKey = index === undefined ? [] : (indexes[index] ?? []);
    const sortOf = (row: Item) => [...indexKey.map((part) => row[part]), ...Object.values(keyOf(row))];
    const order = (a: readonly unknown[], b: readonly unknown[]) => {
      const different = a.findIndex((value, place) => orderOf(value, b[place]) !== 0);
      const way = different < 0 ? 0 : orderOf(a[different], b[different]);
      return descending ? -way : way;
    };
    const found = [...rows.values()]
      .filter((row) => indexKey.every((part) => row[part] !== undefined) && holds(options.where, row, options))
      .map((row) => ({ row, sort: sortOf(row) }))
      .filter(({ sort }) => startAfter === undefined || order(sort, sortOf(startAfter)) > 0)
      .toSorted((a, b) => order(a.sort, b.sort))
      .map(({ row }) => row);
    const page = found.slice(0, limit);
    const end = found.length > page.length ? page.at(-1) : undefined;
    return {
      // The indexes hold keys only.
      items: page.map((row) => (index === undefined ? copyOf(row) : keyOf(row, indexKey))),
      count: page.length,
      ...(end && { last: keyOf(end, indexKey) }),
    };
  }

  // One write after the other, and none in the same tick as what asks for it: as over a network.
  async #write<T>(write: () => T): Promise<T> {
    await Promise.resolve();
    const fault = this.#due();
    if (fault?.when === 'before') throw new TableUnavailable('drawn: not written');
    const result = write();
    if (fault?.when === 'after') throw new TableUnavailable('drawn: written, and not answered');
    return result;
  }

  #due(): TableFault | undefined {
    const { fault } = this;
    if (fault === undefined) return undefined;
    fault.nth -= 1;
    if (fault.nth > 0) return undefined;
    this.fault = undefined;
    return fault;
  }
}

/** For tests of what a portal does at each of many places, where the tables are not what is tried. */
export function memoryDatabase(): HeldTables {
  const { tables } = new MemoryTables();
  const roles = new HeldRoles();
  return { tables, roles, close: async () => roles.close() };
}
