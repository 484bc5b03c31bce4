import { itemListSchema } from '../../bitrix24/answers.ts';
import type { Protect } from '../../rules/protect.ts';
import { idsPerCommand } from '../read-records.ts';
import { rowsById } from '../targets.ts';
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

/** @param here those that were there just now: where the portal does not show them, it does not tell. */
export function readProtectedFields(
  protect: Protect,
  records: readonly RecordKey[],
  here: readonly RecordKey[],
): ProtectedFields {
  const present = new Set(here.map(keyOf));
  const found = new Map<string, Readonly<Record<string, unknown>>>();
  let asks: Ask[] = [];
  for (const [entityTypeId, some] of Map.groupBy(records, (record) => record.entityTypeId)) {
    const names = protectFields(protect, entityTypeId);
    const ids = names.length === 0 ? [] : [...new Set(some.map(({ id }) => id))];
    for (let start = 0; start < ids.length; start += idsPerCommand) {
      const asked = ids.slice(start, start + idsPerCommand);
      asks.push(
        fieldsAsk(entityTypeId, asked, names, (record, fields) => {
          if (fields !== 'gone') found.set(keyOf(record), fields);
          else if (!present.has(keyOf(record))) found.set(keyOf(record), goneWith(names));
        }),
      );
    }
  }
  const take = () => {
    const taken = asks;
    asks = [];
    return taken;
  };
  return { take, ask: (options) => askOn(options, take()), of: (record) => found.get(keyOf(record)) };
}

function goneWith(names: readonly string[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(names.map((name) => [name, name === 'assignedById' ? 0 : null]));
}

function fieldsAsk(
  entityTypeId: number,
  ids: readonly number[],
  names: readonly string[],
  note: (record: RecordKey, fields: Readonly<Record<string, unknown>> | 'gone') => void,
): Ask {
  const filter = { '@id': ids };
  const select = ['id', ...names];
  const params = { entityTypeId, filter, select, order: { id: 'ASC' }, start: -1, useOriginalUfNames: 'Y' };
  return {
    command: { method: 'crm.item.list', params },
    read: (answer) => {
      const list = itemListSchema.safeParse(contentOf(answer).result).data;
      const rows = list && rowsById(list.items, ids);
      if (rows === undefined) return [];
      for (const id of ids) note({ entityTypeId, id }, rows.get(id) ?? 'gone');
      return [];
    },
  };
}
