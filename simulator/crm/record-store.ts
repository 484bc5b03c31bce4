import { type CrmRecord, nextId, type PortalState, type User } from '../state.ts';

/** The records of every type in the order of their ids, and who may see them. */
export class RecordStore {
  readonly #state: PortalState;
  /** Beside the state, which keeps them by id: a list must not sort a large portal anew for every page. */
  readonly #sorted = new Map<number, CrmRecord[]>();

  constructor(state: PortalState) {
    this.#state = state;
  }

  get(entityTypeId: number, id: number): CrmRecord | undefined {
    return this.#state.records[String(entityTypeId)]?.[String(id)];
  }

  all(entityTypeId: number): readonly CrmRecord[] {
    const known = this.#sorted.get(entityTypeId);
    if (known) return known;
    const sorted = Object.values(this.#state.records[String(entityTypeId)] ?? {}).toSorted((a, b) => a.id - b.id);
    this.#sorted.set(entityTypeId, sorted);
    return sorted;
  }

  /** Those with an id above the one and below the other. */
  between(entityTypeId: number, above: number, below: number): readonly CrmRecord[] {
    const all = this.all(entityTypeId);
    if (above === Number.NEGATIVE_INFINITY && below === Number.POSITIVE_INFINITY) return all;
    return all.slice(firstAfter(all, above), firstFrom(all, below));
  }

  /** With the given id, as a restored portal would have it, or the next one. */
  insert(record: Omit<CrmRecord, 'id'>, id?: number): CrmRecord {
    const kind = `record:${record.entityTypeId}`;
    const given = id ?? nextId(this.#state, kind);
    if (this.get(record.entityTypeId, given)) throw new Error(`Record ${record.entityTypeId}:${given} exists`);
    this.#state.lastIds[kind] = Math.max(this.#state.lastIds[kind] ?? 0, given);
    const inserted = { ...record, id: given };
    const sorted = this.#sorted.get(record.entityTypeId);
    sorted?.splice(firstFrom(sorted, given), 0, inserted);
    (this.#state.records[String(record.entityTypeId)] ??= {})[String(given)] = inserted;
    return inserted;
  }

  remove(entityTypeId: number, id: number): void {
    const sorted = this.#sorted.get(entityTypeId);
    if (sorted && this.get(entityTypeId, id)) sorted.splice(firstFrom(sorted, id), 1);
    delete this.#state.records[String(entityTypeId)]?.[String(id)];
  }

  /** Ids go on growing afterwards. */
  clear(): void {
    this.#state.records = {};
    this.#sorted.clear();
  }
}

/** An administrator reaches everything; another user what the rights say, `own` being the records assigned to them. */
export function mayAccess(user: User, record: CrmRecord): boolean {
  if (user.admin || user.rights === 'all') return true;
  return user.rights === 'own' && record.assignedById === user.id;
}

function firstFrom(sorted: readonly CrmRecord[], id: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle]?.id ?? 0) < id) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Ids are whole, a bound need not be. */
function firstAfter(sorted: readonly CrmRecord[], id: number): number {
  return firstFrom(sorted, Math.floor(id) + 1);
}
