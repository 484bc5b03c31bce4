import type { Item, Table } from '../aws/table.ts';
import { type StageDirectory, stageDirectorySchema } from './stage-directory.ts';

/** The rows `stages#<entityTypeId>` of the table `portals`. */
export class StageDirectories {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /** A row that cannot be read counts as none: what it told is read anew. */
  async get(memberId: string, entityTypeId: number): Promise<StageDirectory | undefined> {
    return stageDirectorySchema.safeParse(await this.#row(memberId, entityTypeId)).data;
  }

  /**
   * Puts a directory in the place of what there is.
   *
   * @param next makes it from the present one, because since when a stage is lost must not get lost when two refresh at
   * once: each replaces what it has seen, or begins again
   * @returns undefined when others were quicker each time
   */
  async replace(
    memberId: string,
    entityTypeId: number,
    next: (before: StageDirectory | undefined) => StageDirectory | undefined,
  ): Promise<StageDirectory | undefined> {
    for (let tries = 0; tries < 5; tries += 1) {
      const row = await this.#row(memberId, entityTypeId);
      const before = stageDirectorySchema.safeParse(row).data;
      const after = next(before);
      if (after === undefined) return before;
      const seen: unknown = row?.['readAt'];
      const put = await this.#table.put(
        { ...key(memberId, entityTypeId), ...after },
        seen === undefined ? { if: 'attribute_not_exists(#readAt)' } : { if: '#readAt = :seen', values: { seen } },
      );
      if (put) return after;
    }
    return undefined;
  }

  #row(memberId: string, entityTypeId: number): Promise<Item | undefined> {
    return this.#table.get(key(memberId, entityTypeId));
  }
}

const key = (memberId: string, entityTypeId: number) => ({ memberId, sk: `stages#${entityTypeId}` });
