import { type CrmRecord, nextId, type PortalState, type User } from '../state.ts';

/** The records of every type, and who may see them. */
export class RecordStore {
  readonly #state: PortalState;

  constructor(state: PortalState) {
    this.#state = state;
  }

  get(entityTypeId: number, id: number): CrmRecord | undefined {
    return this.#state.records[String(entityTypeId)]?.[String(id)];
  }

  all(entityTypeId: number): CrmRecord[] {
    return Object.values(this.#state.records[String(entityTypeId)] ?? {});
  }

  /** What a list shows a user: others' records are left out in silence. */
  visible(entityTypeId: number, user: User): CrmRecord[] {
    return this.all(entityTypeId).filter((record) => mayAccess(user, record));
  }

  /** With the given id, as a restored portal would have it, or the next one. */
  insert(record: Omit<CrmRecord, 'id'>, id?: number): CrmRecord {
    const kind = `record:${record.entityTypeId}`;
    const given = id ?? nextId(this.#state, kind);
    if (this.get(record.entityTypeId, given)) throw new Error(`Record ${record.entityTypeId}:${given} exists`);
    this.#state.lastIds[kind] = Math.max(this.#state.lastIds[kind] ?? 0, given);
    const inserted = { ...record, id: given };
    (this.#state.records[String(record.entityTypeId)] ??= {})[String(given)] = inserted;
    return inserted;
  }

  remove(entityTypeId: number, id: number): void {
    delete this.#state.records[String(entityTypeId)]?.[String(id)];
  }
}

/** An administrator reaches everything; another user what the rights say, `own` being the records assigned to them. */
export function mayAccess(user: User, record: CrmRecord): boolean {
  if (user.admin || user.rights === 'all') return true;
  return user.rights === 'own' && record.assignedById === user.id;
}
