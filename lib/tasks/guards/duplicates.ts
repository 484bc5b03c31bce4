import * as z from 'zod';
import { itemListSchema } from '../../bitrix24/answers.ts';
import { EntityType } from '../../bitrix24/entity-types.ts';
import { idsPerCommand } from '../read-records.ts';
import { rowsById } from '../targets.ts';
import type { RecordKey } from '../task.ts';
import { type Ask, contentOf } from './asks.ts';
import type { Unread } from './guard-of.ts';
import { HolderNotes, keyOf, timeFields } from './holders.ts';

/** crm.duplicate.findbycomm takes so many values (crm-duplicate-find-by-comm.md). */
const valuesAtOnce = 20;
/** From so many of one type on it tells of no other type, and perhaps not of all of this one. */
const mostFound = 20;

const ids = z.array(z.coerce.number().pipe(z.int().positive())).optional();
/** Nothing found is an empty list. */
const foundSchema = z.union([
  z.array(z.never()).transform(() => ({})),
  z.looseObject({ LEAD: ids, CONTACT: ids, COMPANY: ids }),
]);
const types = { LEAD: EntityType.lead, CONTACT: EntityType.contact, COMPANY: EntityType.company } as const;

const multifieldSchema = z.looseObject({ typeId: z.string(), value: z.string() });

/** Phones and e-mails; undefined when the record does not tell of them. */
function valuesIn(fields: Readonly<Record<string, unknown>>): Map<'PHONE' | 'EMAIL', string[]> | undefined {
  const given = fields['fm'];
  const isNone = ['hasPhone', 'hasEmail'].every((name) => fields[name] === 'N' || fields[name] === false);
  if (given === null || given === undefined) return isNone ? new Map() : undefined;
  const entries = z.array(multifieldSchema).safeParse(typeof given === 'object' ? Object.values(given) : given).data;
  if (!entries) return undefined;
  const of = (type: string) =>
    [...new Set(entries.filter(({ typeId }) => typeId === type).map(({ value }) => value.trim()))].filter(Boolean);
  return new Map([
    ['PHONE', of('PHONE')],
    ['EMAIL', of('EMAIL')],
  ]);
}

/** Questions after those who have the same phones or e-mails as a contact or company. */
export function duplicateAsks(
  holder: HolderNotes,
  fields: Readonly<Record<string, unknown>>,
  found: (duplicate: RecordKey) => void,
): Ask[] {
  const values = valuesIn(fields);
  if (values === undefined) {
    holder.noteUnread(['duplicates'], 'refused');
    return [];
  }
  const own = keyOf(holder.record);
  return [...values].flatMap(([type, all]) =>
    Array.from({ length: Math.ceil(all.length / valuesAtOnce) }, (_, index): Ask => ({
      command: {
        method: 'crm.duplicate.findbycomm',
        params: { type, values: all.slice(index * valuesAtOnce, (index + 1) * valuesAtOnce) },
      },
      read: (answer) => {
        const { result, unread } = contentOf(answer);
        const parsed = foundSchema.safeParse(result).data;
        if (!parsed) holder.noteUnread(['duplicates'], unread ?? 'unanswered');
        for (const [word, entityTypeId] of Object.entries(types)) {
          const list = (parsed as Partial<Record<string, number[]>> | undefined)?.[word] ?? [];
          if (list.length >= mostFound) holder.noteUnread(['duplicates'], 'too-many');
          for (const id of list) if (keyOf({ entityTypeId, id }) !== own) found({ entityTypeId, id });
        }
        return [];
      },
    })),
  );
}

/** Questions after the duplicates themselves: when something happened to contacts and companies, which leads are open. */
export function holderAsks(
  duplicates: readonly HolderNotes[],
  { activity, leads }: { activity: boolean; leads: boolean },
): Ask[] {
  const asks: Ask[] = [];
  for (const [type, some] of Map.groupBy(duplicates, ({ record }) => record.entityTypeId)) {
    if (type === EntityType.lead ? !leads : !activity) continue;
    for (let start = 0; start < some.length; start += idsPerCommand) {
      const part = some.slice(start, start + idsPerCommand);
      asks.push(type === EntityType.lead ? leadsAsk(part) : timesAsk(part));
    }
  }
  return asks;
}

function leadsAsk(leads: readonly HolderNotes[]): Ask {
  return ownAsk(leads, { '@stageSemanticId': ['P'] }, ['id'], (rows) => {
    if (typeof rows === 'string') {
      for (const lead of leads) lead.noteUnread(['open-leads'], rows);
      return;
    }
    for (const lead of leads) {
      const { record } = lead;
      if (rows.has(record.id))
        lead.rows.set(keyOf(record), { ...record, stageId: '', semantics: 'P', parents: {}, isHeld: false });
    }
  });
}

function timesAsk(holders: readonly HolderNotes[]): Ask {
  return ownAsk(holders, {}, timeFields, (rows) => {
    for (const holder of holders) {
      if (typeof rows === 'string') holder.noteUnread(['recent-activity'], rows);
      // One that is not there was deleted meanwhile.
      else if (rows.has(holder.record.id)) holder.noteTimes(rows.get(holder.record.id));
    }
  });
}

type Rows = ReadonlyMap<number, Readonly<Record<string, unknown>>>;

/** Asks for some of one type themselves. */
function ownAsk(
  holders: readonly HolderNotes[],
  conditions: object,
  select: readonly string[],
  note: (rows: Rows | Unread) => void,
): Ask {
  const asked = holders.map(({ record }) => record.id);
  // Stryker disable next-line OptionalChaining: nobody asks of no holders
  const entityTypeId = holders[0]?.record.entityTypeId;
  const filter = { '@id': asked, ...conditions };
  return {
    command: { method: 'crm.item.list', params: { entityTypeId, filter, select, order: { id: 'ASC' }, start: -1 } },
    read: (answer) => {
      const { result, unread } = contentOf(answer);
      const list = itemListSchema.safeParse(result).data;
      note((list && rowsById(list.items, asked)) ?? unread ?? 'unanswered');
      return [];
    },
  };
}
