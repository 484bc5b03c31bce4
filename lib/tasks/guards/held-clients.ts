import * as z from 'zod';
import { itemListSchema } from '../../bitrix24/answers.ts';
import { EntityType } from '../../bitrix24/entity-types.ts';
import type { Hold } from '../../portals/holds.ts';
import type { Protect } from '../../rules/protect.ts';
import { idsPerCommand } from '../read-records.ts';
import { rowsById } from '../targets.ts';
import type { RecordKey } from '../task.ts';
import { type Ask, contentOf } from './asks.ts';
import { nameOf } from './guard-of.ts';
import { hasClients, keyOf } from './holders.ts';

const { contact } = EntityType;
const alwaysHaveClients: ReadonlySet<number> = new Set([EntityType.deal, EntityType.lead]);

const number = z.coerce.number().nullish();
const rowSchema = z.looseObject({
  companyId: number,
  contactId: number,
  contactIds: z.array(z.coerce.number()).nullish(),
});

/** Who keeps a contact or company; `unread`: that could not be found out. */
export type HeldClient = { readonly why: string } | { readonly unread: 'now' | 'for-good' };

/** The contacts and companies that deals, leads and items with a hold name as their clients. */
export interface HeldClients {
  /** The questions, to be asked together with others; none the second time. */
  take: () => readonly Ask[];
  /** Undefined when nothing that is held names it. */
  of: (record: RecordKey) => HeldClient | undefined;
}

/**
 * What is on hold keeps its contacts and its company from the rules of other records, in whatever stage it is.
 *
 * @param holds of the portal, in force or over
 * @param now ms since the epoch
 */
export function heldClients(holds: readonly Hold[], { ids }: Pick<Protect, 'ids'>, now: number): HeldClients {
  const held = new Map<string, RecordKey>();
  const listed = Object.entries(ids).flatMap(([type, some]) => some.map((id) => ({ entityTypeId: Number(type), id })));
  const inForce = holds.filter(({ until = Infinity }) => until > now);
  for (const { entityTypeId, id } of [...inForce, ...listed]) {
    if (!hasClients({ entityTypeId, id })) held.set(keyOf({ entityTypeId, id }), { entityTypeId, id });
  }

  const found = new Map<string, RecordKey>();
  let unread: 'now' | 'for-good' | undefined;
  const note = (by: RecordKey, row: unknown): void => {
    const parsed = rowSchema.safeParse(row).data;
    const { contactId, contactIds, companyId } = parsed ?? {};
    // Items of a smart process need have no clients.
    const hasNone = companyId === undefined || (contactId === undefined && contactIds === undefined);
    if (!parsed || (hasNone && alwaysHaveClients.has(by.entityTypeId))) unread = 'now';
    for (const id of [contactId, contactIds].flat()) found.set(keyOf({ entityTypeId: contact, id: id ?? 0 }), by);
    found.set(keyOf({ entityTypeId: EntityType.company, id: companyId ?? 0 }), by);
  };
  let asks = [...Map.groupBy(held.values(), ({ entityTypeId }) => entityTypeId)].flatMap(([entityTypeId, some]) =>
    Array.from({ length: Math.ceil(some.length / idsPerCommand) }, (_, page): Ask => {
      const asked = some.slice(page * idsPerCommand, (page + 1) * idsPerCommand).map(({ id }) => id);
      const select = ['id', 'contactId', 'contactIds', 'companyId'];
      const params = { entityTypeId, filter: { '@id': asked }, select, order: { id: 'ASC' }, start: -1 };
      return {
        command: { method: 'crm.item.list', params },
        read: (answer) => {
          const { result, unread: reason } = contentOf(answer);
          const list = itemListSchema.safeParse(result).data;
          const rows = list && rowsById(list.items, asked);
          if (!rows) unread = reason === 'refused' ? (unread ?? 'for-good') : 'now';
          for (const [id, row] of rows ?? []) note({ entityTypeId, id }, row);
          return [];
        },
      };
    }),
  );
  const take = (): readonly Ask[] => {
    const taken = asks;
    asks = [];
    return taken;
  };
  const of = (record: RecordKey): HeldClient | undefined => {
    const by = found.get(keyOf(record));
    if (by) return { why: `${nameOf(by)}, which names it, is on hold` };
    return unread && { unread };
  };
  return { take, of };
}
