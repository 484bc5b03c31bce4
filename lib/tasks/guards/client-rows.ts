import * as z from 'zod';
import { itemListSchema } from '../../bitrix24/answers.ts';
import { EntityType, quoteTypeId } from '../../bitrix24/entity-types.ts';
import type { Semantics } from '../../bitrix24/stages.ts';
import type { GuardName, Guards } from '../../rules/guards.ts';
import type { Protect } from '../../rules/protect.ts';
import { isInOrder, isLastPage } from '../list-pages.ts';
import { idsPerCommand } from '../read-records.ts';
import { type Ask, contentOf } from './asks.ts';
import type { Unread } from './guard-of.ts';
import { heldBy, protectFields } from './held-by.ts';
import type { ClientRow, HolderNotes } from './holders.ts';
import type { ItemType } from './item-types.ts';

/** Records of one type that guards ask for. */
export interface Kind {
  readonly entityTypeId: number;
  readonly guards: readonly GuardName[];
  /** Only with these meanings of the stage, where the portal can look for them; undefined: all. */
  readonly semantics?: readonly Semantics[];
  /** Whether what the stage means has to be found out of each row. */
  readonly isStaged?: boolean;
}

/** What has to be asked for, for these guards. */
export function kindsOf(guards: Guards, types: readonly ItemType[]): Kind[] {
  const deals = [...(guards['open-deals'] ? ['P' as const] : []), ...(guards['won-deals'] ? ['S' as const] : [])];
  const dealGuards = [
    ...(guards['open-deals'] ? ['open-deals' as const] : []),
    ...(guards['won-deals'] ? ['won-deals' as const] : []),
  ];
  return [
    ...(deals.length === 0 ? [] : [{ entityTypeId: EntityType.deal, guards: dealGuards, semantics: deals }]),
    ...(guards['open-leads']
      ? [{ entityTypeId: EntityType.lead, guards: ['open-leads'] as const, semantics: ['P'] as const }]
      : []),
    ...(guards.quotes ? [{ entityTypeId: quoteTypeId, guards: ['quotes'] as const }] : []),
    ...(guards.invoices ? [{ entityTypeId: EntityType.smartInvoice, guards: ['invoices'] as const }] : []),
    ...(guards['open-items']
      ? types.map(({ entityTypeId, hasStages }) => ({
          entityTypeId,
          guards: ['open-items'] as const,
          isStaged: hasStages,
        }))
      : []),
  ];
}

const id = z.coerce.number().pipe(z.int().positive());
const rowSchema = z.looseObject({
  id,
  stageId: z.string().nullish(),
  stageSemanticId: z.enum(['P', 'S', 'F']).nullish().catch(undefined),
  companyId: z.coerce.number().nullish(),
  contactId: z.coerce.number().nullish(),
  contactIds: z.array(z.coerce.number()).nullish(),
});
type Row = z.infer<typeof rowSchema>;

/** A list is followed over so many pages of 50. */
const mostPages = 6;

/** What one list asks for. */
interface Wanted {
  readonly kind: Kind;
  /** All contacts, or all companies; at most 50. */
  readonly holders: readonly HolderNotes[];
  /** Types whose records may be the parents of rows. */
  readonly parentTypes: readonly number[];
  readonly protect: Protect;
  /** Whether a row can keep no holder, because a task that is under way deletes it. */
  readonly isOwn: (row: ClientRow) => boolean;
}

/** Questions after the records of a kind that name one of the holders: contacts count wherever they stand in the list. */
export function clientAsks(
  kind: Kind,
  holders: readonly HolderNotes[],
  others: Pick<Wanted, 'parentTypes' | 'protect' | 'isOwn'>,
): Ask[] {
  const asks: Ask[] = [];
  for (const some of Map.groupBy(holders, ({ record }) => record.entityTypeId).values()) {
    for (let start = 0; start < some.length; start += idsPerCommand) {
      asks.push(pageAsk({ kind, holders: some.slice(start, start + idsPerCommand), ...others }, 0, 1));
    }
  }
  return asks;
}

function pageAsk(wanted: Wanted, after: number, page: number): Ask {
  const { kind, holders, parentTypes, protect } = wanted;
  // Stryker disable next-line OptionalChaining: nobody asks of no holders
  const isContacts = holders[0]?.record.entityTypeId === EntityType.contact;
  const filter = {
    [isContacts ? '@contactIds' : '@companyId']: holders.map(({ record }) => record.id),
    ...(kind.semantics && { '@stageSemanticId': kind.semantics }),
    ...(after > 0 && { '>id': after }),
  };
  const clientFields = isContacts ? ['contactId', 'contactIds'] : ['companyId'];
  const ofItems = parentTypes.length === 0 ? [] : protectFields(protect, kind.entityTypeId);
  const parents = parentTypes.map((type) => `parentId${type}`);
  const select = ['id', 'stageId', 'stageSemanticId', ...clientFields, ...parents, ...ofItems];
  const names = ofItems.length > 0 ? { useOriginalUfNames: 'Y' } : {};
  return {
    command: {
      method: 'crm.item.list',
      params: { entityTypeId: kind.entityTypeId, filter, select, order: { id: 'ASC' }, start: -1, ...names },
    },
    read: (answer) => {
      const { result, next, unread } = contentOf(answer);
      const rows = unread ?? readRows(result);
      if (typeof rows === 'string') return giveUp(wanted, rows);
      const ids = rows.map((row) => row.id);
      if (!isInOrder(ids, after)) return giveUp(wanted, 'unanswered');
      let settled = new Set<HolderNotes>();
      for (const row of rows) {
        const named = holders.filter((holder) => isNamed(row, holder));
        // A portal that overlooks the filter gives us the records of everybody.
        if (named.length === 0) return giveUp(wanted, 'unanswered');
        const client = clientRow(wanted, row);
        for (const holder of named) holder.rows.set(`${client.entityTypeId}:${client.id}`, client);
        if (keeps(kind, client) && !wanted.isOwn(client)) settled = settled.union(new Set(named));
      }
      if (isLastPage(rows, next)) return [];
      const rest = { ...wanted, holders: holders.filter((holder) => !settled.has(holder)) };
      if (rest.holders.length === 0) return [];
      const last = ids.at(-1) ?? after;
      if (page < mostPages) return [pageAsk(rest, last, page + 1)];
      return rest.holders.flatMap((holder) => aloneAsk({ ...rest, holders: [holder] }, last));
    },
  };
}

/** What one of them has is too much for it alone, and must not keep the others. */
function aloneAsk(wanted: Wanted, after: number): Ask[] {
  const { kind, holders } = wanted;
  const own = holders.flatMap(({ rows }) => [...rows.values()].filter((row) => row.entityTypeId === kind.entityTypeId));
  const page = Math.floor(own.length / idsPerCommand) + 1;
  return page > mostPages ? giveUp(wanted, 'too-many') : [pageAsk(wanted, after, page)];
}

/** Whether nothing more need be known of whoever it names. */
function keeps({ semantics, isStaged }: Kind, row: ClientRow): boolean {
  return isStaged !== true && (semantics === undefined || semantics.some((one) => one === row.semantics));
}

function giveUp({ kind, holders }: Wanted, why: Unread): [] {
  for (const holder of holders) holder.noteUnread(kind.guards, why);
  return [];
}

function readRows(result: unknown): Row[] | Unread {
  const list = itemListSchema.safeParse(result).data;
  const rows = z.array(rowSchema).safeParse(list?.items).data;
  return rows ?? 'unanswered';
}

function isNamed({ contactId, contactIds, companyId }: Row, { record }: HolderNotes): boolean {
  if (record.entityTypeId === EntityType.company) return companyId === record.id;
  return contactId === record.id || contactIds?.includes(record.id) === true;
}

function clientRow({ kind, parentTypes, protect }: Wanted, row: Row): ClientRow {
  const { entityTypeId, isStaged } = kind;
  const parents = parentTypes.map((type) => [String(type), Number(row[`parentId${type}`] ?? 0)]);
  const stageId = row.stageId ?? '';
  return {
    entityTypeId,
    id: row.id,
    stageId,
    semantics: row.stageSemanticId ?? (isStaged === true && stageId !== '' ? undefined : 'P'),
    parents: Object.fromEntries(parents) as Record<string, number>,
    isHeld: heldBy({ entityTypeId, id: row.id }, row, protect, new Set()) !== undefined,
  };
}
