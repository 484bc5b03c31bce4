import { nextId, type PortalState, type TimelineComment } from '../state.ts';

/** Comments in the timelines of records. They go with their record, and do not come back with it. */
export class TimelineComments {
  readonly #state: PortalState;

  constructor(state: PortalState) {
    this.#state = state;
  }

  /** The oldest first. */
  of(entityTypeId: number, id: number): readonly TimelineComment[] {
    return this.#state.comments.filter((one) => one.entityTypeId === entityTypeId && one.entityId === id);
  }

  add(comment: Omit<TimelineComment, 'id'>): number {
    const id = nextId(this.#state, 'timeline entry');
    this.#state.comments.push({ id, ...comment });
    return id;
  }

  forget(entityTypeId: number, id: number): void {
    this.#state.comments = this.#state.comments.filter(
      (one) => one.entityTypeId !== entityTypeId || one.entityId !== id,
    );
  }

  clear(): void {
    this.#state.comments = [];
  }
}
