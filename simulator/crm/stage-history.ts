import { type CrmRecord, type HistoryRow, nextId, type PortalState } from '../state.ts';
import { StageDirectory } from './stage-directory.ts';

const TYPE = { created: 1, stage: 2, final: 3, pipeline: 5 } as const;

/** What crm.stagehistory.list reads: one row for every stage a record has come to, under growing ids. */
export class StageHistory {
  readonly #state: PortalState;
  readonly #stages: StageDirectory;
  readonly #byOwner = new Map<string, HistoryRow[]>();

  constructor(state: PortalState, stages: StageDirectory) {
    this.#state = state;
    this.#stages = stages;
    for (const row of state.history) this.#index(row);
  }

  remember(record: CrmRecord, what: 'created' | 'moved' | 'pipeline', now: number): void {
    if (!this.#stages.hasStages(record.entityTypeId)) return;
    const semantics = this.#stages.semanticsOf(record.entityTypeId, record.stageId);
    const moved = semantics === 'P' ? TYPE.stage : TYPE.final;
    const row: HistoryRow = {
      id: nextId(this.#state, 'history'),
      typeId: what === 'moved' ? moved : TYPE[what],
      entityTypeId: record.entityTypeId,
      ownerId: record.id,
      createdAt: now,
      categoryId: record.categoryId,
      stageId: record.stageId,
      semantics,
    };
    this.#state.history.push(row);
    this.#index(row);
  }

  of(entityTypeId: number, ownerId: number): readonly HistoryRow[] {
    return this.#byOwner.get(`${entityTypeId}:${ownerId}`) ?? [];
  }

  forget(entityTypeId: number, ownerId: number): void {
    const { history } = this.#state;
    for (const row of this.of(entityTypeId, ownerId)) {
      let [low, high] = [0, history.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((history[middle]?.id ?? 0) < row.id) low = middle + 1;
        else high = middle;
      }
      if (history[low] === row) history.splice(low, 1);
    }
    this.#byOwner.delete(`${entityTypeId}:${ownerId}`);
  }

  clear(): void {
    this.#state.history = [];
    this.#byOwner.clear();
  }

  #index(row: HistoryRow): void {
    const key = `${row.entityTypeId}:${row.ownerId}`;
    const known = this.#byOwner.get(key);
    if (known) known.push(row);
    else this.#byOwner.set(key, [row]);
  }
}
