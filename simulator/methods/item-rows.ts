import { EntityType } from '../../lib/bitrix24/entity-types.ts';
import { type ListSource, orderRows, rowTest, wantsAny } from '../crm/list-filter.ts';
import { mayAccess } from '../crm/record-store.ts';
import type { PhpMap, PhpValue } from '../php-form.ts';
import { type Call, PAGE_SIZE } from '../rest/method.ts';
import { toText } from '../rest/params.ts';
import type { CrmRecord } from '../state.ts';

/**
 * The rows of crm.item.list, others' records left out in silence. A filter by ids looks only at those, one by an id's
 * bound only beyond it, and an uncounted list in the order of ids ends with its page: the lists of a large portal would
 * take the simulator long otherwise.
 */
export function itemRows(
  call: Call,
  entityTypeId: number,
  source: ListSource<CrmRecord>,
  filter: PhpMap,
  order: PhpMap,
): readonly CrmRecord[] {
  const { user } = call.caller;
  const holds = rowTest(filter, source);
  const isShown = (record: CrmRecord): boolean => mayAccess(user, record) && holds(record);
  const candidates = narrowed(call, entityTypeId, filter);
  // Reads the order also where it changes nothing: an unknown field is refused.
  const nothing: readonly CrmRecord[] = [];
  orderRows(nothing, order, source);
  const direction = idDirection(order);
  if (direction === undefined) return orderRows(candidates.filter(isShown), order, source);
  const inOrder = direction === 'ASC' ? candidates : candidates.toReversed();
  return call.params.start() === -1 ? firstPage(inOrder, isShown) : inOrder.filter(isShown);
}

function firstPage(records: readonly CrmRecord[], isShown: (record: CrmRecord) => boolean): CrmRecord[] {
  const shown: CrmRecord[] = [];
  for (const record of records) {
    if (shown.length === PAGE_SIZE) break;
    if (isShown(record)) shown.push(record);
  }
  return shown;
}

/** Undefined when something else than the id decides about the order. */
function idDirection(order: PhpMap): 'ASC' | 'DESC' | undefined {
  const [first] = Object.entries(order);
  if (!first) return 'ASC';
  if (first[0] !== 'id') return undefined;
  return /^desc$/i.test(toText(first[1])) ? 'DESC' : 'ASC';
}

/** No row is lost here: the filter is applied as a whole afterwards. */
function narrowed(call: Call, entityTypeId: number, filter: PhpMap): readonly CrmRecord[] {
  const { records, links } = call.portal.crm;
  if (wantsAny(filter)) return records.all(entityTypeId);
  const byId = (ids: Iterable<number>): CrmRecord[] =>
    [...new Set(ids)].toSorted((a, b) => a - b).flatMap((id) => records.get(entityTypeId, id) ?? []);
  const ids = wantedIds(filter, 'id');
  if (ids) return byId(ids);
  const contacts = entityTypeId === EntityType.contact ? undefined : wantedIds(filter, 'contactIds');
  if (contacts) return byId(contacts.flatMap((contactId) => links.ownersOf(contactId, entityTypeId)));
  const above = Math.max(bound(filter['>id']), bound(filter['>=id']) - 1);
  const below = -Math.max(bound(negative(filter['<id'])), bound(negative(filter['<=id'])) - 1);
  return records.between(entityTypeId, above, below);
}

/** The ids a field must be among; undefined without such a condition. Of several conditions one is enough to narrow by. */
function wantedIds(filter: PhpMap, field: string): number[] | undefined {
  const wanted = filter[`@${field}`] ?? filter[`=${field}`] ?? filter[field];
  if (wanted === undefined || wanted === null || wanted === '') return undefined;
  return (typeof wanted === 'object' ? Object.values(wanted) : [wanted]).map(Number);
}

function negative(value: PhpValue | undefined): PhpValue | undefined {
  return value === undefined ? undefined : -Number(value);
}

function bound(value: PhpValue | undefined): number {
  const number = typeof value === 'string' || typeof value === 'number' ? Number(value) : Number.NaN;
  return Number.isNaN(number) || value === '' ? Number.NEGATIVE_INFINITY : number;
}
