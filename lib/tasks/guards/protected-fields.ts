import { itemListSchema } from '../../bitrix24/answers.ts';
import type { Protect } from '../../rules/protect.ts';
import { idsPerCommand } from '../read-records.ts';
import { idOf } from '../targets.ts';
import type { RecordKey } from '../task.ts';
import { type Ask, askOn, contentOf } from './asks.ts';
import { protectFields } from './held-by.ts';
import { keyOf } from './holders.ts';

/** The fields that tell whether records are protected, of records that nothing else is read of. */
export interface ProtectedFields {
  /** The questions, to be asked together with others; none the second time. */
  take: () => readonly Ask[];
  /** Asks what has not been taken. */
  ask: (options: Parameters<typeof askOn>[0]) => Promise<void>;
  /** Undefined when they could not be read. A record that is gone has none that protect it. */
  of: (record: RecordKey) => Readonly<Record<string, unknown>> | undefined;
}

export function readProtectedFields(protect: Protect, records: readonly RecordKey[]): ProtectedFields {
  const found = new Map<string, Readonly<Record<string, unknown>>>();
  let asks: Ask[] = [];
  for (const [entityTypeId, some] of Map.groupBy(records, (record) => record.entityTypeId)) {
    const names = protectFields(protect, entityTypeId);
    const ids = names.length === 0 ? [] : [...new Set(some.map(({ id }) => id))];
    for (let start = 0; start < ids.length; start += idsPerCommand) {
      asks.push(fieldsAsk(entityTypeId, ids.slice(start, start + idsPerCommand), names, found));
    }
  }
  const take = () => {
    const taken = asks;
    asks = [];
    return taken;
  };
  return { take, ask: (options) => askOn(options, take()), of: (record) => found.get(keyOf(record)) };
}

function fieldsAsk(
  entityTypeId: number,
  ids: readonly number[],
  names: readonly string[],
  found: Map<string, Readonly<Record<string, unknown>>>,
): Ask {
  const filter = { '@id': ids };
  const select = ['id', ...names];
  const params = { entityTypeId, filter, select, order: { id: 'ASC' }, start: -1, useOriginalUfNames: 'Y' };
  return {
    command: { method: 'crm.item.list', params },
    read: (answer) => {
      const content = contentOf(answer);
      const list = typeof content === 'object' ? itemListSchema.safeParse(content.result).data : undefined;
      if (!list || list.items.some((row) => idOf(row) === undefined)) return [];
      const gone = Object.fromEntries(names.map((name) => [name, name === 'assignedById' ? 0 : null]));
      for (const id of ids) found.set(keyOf({ entityTypeId, id }), gone);
      for (const row of list.items) {
        found.set(keyOf({ entityTypeId, id: idOf(row) ?? 0 }), row as Record<string, unknown>);
      }
      return [];
    },
  };
}
