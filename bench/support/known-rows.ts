import type { TableDefinition } from '../../local/template/tables.ts';
import { type IndexDefinition, type WireItem, writeUnits } from './capacity.ts';

/**
 * The rows of tables as they were last written: what a write costs depends on what was there before, and no answer says
 * it. It has to see every write from the first on.
 */
export class KnownRows {
  readonly #tables: ReadonlyMap<string, TableDefinition['input']>;
  readonly #rows = new Map<string, WireItem>();

  constructor(tables: readonly TableDefinition[]) {
    this.#tables = new Map(tables.map(({ name, input }) => [name, input]));
  }

  /** `item`: the row, or its key alone. `after`: undefined when it is deleted. Gives the write request units. */
  write(table: string, item: WireItem, after: WireItem | undefined): number {
    const key = this.#key(table, item);
    const before = this.#rows.get(key);
    if (after) this.#rows.set(key, after);
    else this.#rows.delete(key);
    return writeUnits(before, after, this.#indexes(table));
  }

  /** Of a write whose condition did not hold: the row stays as it is, and is billed. */
  refuse(table: string, item: WireItem): number {
    const row = this.#rows.get(this.#key(table, item));
    return writeUnits(row, row, []);
  }

  #indexes(table: string): readonly IndexDefinition[] {
    return this.#tables.get(table)?.GlobalSecondaryIndexes ?? [];
  }

  #key(table: string, item: WireItem): string {
    const { KeySchema = [] } = this.#tables.get(table) ?? {};
    return JSON.stringify([table, ...KeySchema.map(({ AttributeName = '' }) => item[AttributeName])]);
  }
}
