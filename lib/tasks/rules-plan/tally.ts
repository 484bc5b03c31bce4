import type { Portal } from '../../portals/portal.ts';
import { dueAt, matchesWhenDue } from '../../rules/due.ts';
import type { StoredRule } from '../../rules/version.ts';
import type { PresentRecord } from '../decide.ts';
import { deletionKey, deletionsOf } from '../deletion.ts';
import { keeperOf, type Sparing } from '../guards/sparing.ts';
import { recordKey } from '../read-records.ts';
import type { Deletion, RecordKey } from '../task.ts';

type Found = Extract<PresentRecord, { found: true }>;

export interface PlanView {
  readonly portal: Pick<Portal, 'mode' | 'enforcedAt'>;
  /** ms since the epoch. */
  readonly now: number;
}

/** What a rule says of one lost record. */
export interface PlannedRecord {
  readonly rule: string;
  readonly record: RecordKey;
  readonly categoryId: number;
  readonly stageId: string;
  /** ms since the epoch. */
  readonly movedTime: number;
  readonly dueAt: number;
  /** Whether the rule acts on it without being asked: it was lost since the rule says so and the portal enforces. */
  readonly byItself: boolean;
  /** What keeps the record itself. */
  readonly kept: string | undefined;
  readonly contactIds: readonly number[];
  readonly companyId: number;
  readonly deletions: readonly Deletion[];
}

/** How many examples of each rule are kept. */
const mostExamples = 5;

/** What one rule would do to all records that are lost now, counted as they are read. */
export class RuleTally {
  readonly rule: StoredRule;
  readonly examples: PlannedRecord[] = [];
  matching = 0;
  dueNow = 0;
  later = 0;
  byItself = 0;
  links = 0;
  items = 0;
  readonly #seen = new Map<string, Set<number>>();
  /** Lost records, and what hangs on them, by what keeps them. */
  readonly #kept = new Map<string, Set<string>>();
  readonly #calls = new Map<string, number>();

  constructor(rule: StoredRule) {
    this.rule = rule;
  }

  /** Whether the rule is about the record. */
  isAbout(record: Found, { now }: PlanView): boolean {
    return matchesWhenDue(this.rule, record, now);
  }

  /** @param sparing what keeps the record, or something that hangs on it */
  add(id: number, record: Found, { portal, now }: PlanView, sparing: Sparing | undefined): PlannedRecord {
    const { rule } = this;
    const { entityTypeId, movedTime, contactIds, companyId, categoryId, stageId } = record;
    const key = { entityTypeId, id };
    const due = dueAt(rule, record);
    const kept = sparing?.lost ?? sparing?.unknown;
    this.matching += 1;
    if (due <= now) this.dueNow += 1;
    else this.later += 1;
    const byItself =
      movedTime >= rule.since &&
      rule.mode === 'enforce' &&
      portal.mode === 'enforce' &&
      portal.enforcedAt !== undefined &&
      movedTime >= portal.enforcedAt;
    if (byItself) this.byItself += 1;
    if (kept !== undefined) this.#noteKept(sparing?.lost === undefined ? 'unreadable' : 'held', recordKey(key));
    const deletions =
      kept === undefined ? deletionsOf(rule, key, record).filter((one) => this.#take(one, record, sparing)) : [];
    const planned: PlannedRecord = {
      rule: rule.id,
      record: key,
      categoryId,
      stageId,
      movedTime,
      dueAt: due,
      byItself,
      kept,
      contactIds: contactIds ?? [],
      companyId: companyId ?? 0,
      deletions,
    };
    if (this.examples.length < mostExamples) this.examples.push(planned);
    return planned;
  }

  /** The types of items that the rule deletes with a record. */
  get itemTypes(): number[] {
    return this.rule.delete.flatMap((entry) => (entry.what === 'items' ? [entry.type] : []));
  }

  addItems(count: number): void {
    this.items += count;
    this.#count('crm.item.delete', count);
  }

  /** Each record once, however many lost records share it. */
  deleted(what: Deletion['what']): number {
    return this.#seen.get(what)?.size ?? 0;
  }

  /** Lost records, contacts and companies that are not touched. */
  get kept(): number {
    return new Set([...this.#kept.values()].flatMap((records) => [...records])).size;
  }

  /** How many of them by what keeps them: `held`, `unreadable`, or a guard by its name. */
  get keptBy(): ReadonlyMap<string, number> {
    return new Map([...this.#kept].map(([keeper, records]) => [keeper, records.size]));
  }

  /** How many calls of each method that takes. */
  get calls(): ReadonlyMap<string, number> {
    return this.#calls;
  }

  /** Counts a deletion, unless there is nothing to it; gives whether there is. */
  #take(deletion: Deletion, { contactIds = [] }: Found, sparing: Sparing | undefined): boolean {
    const { what, method, id } = deletion;
    if (what === 'deal-contacts' && contactIds.length === 0) return false;
    const kept = sparing?.kept.get(deletionKey(deletion));
    if (kept !== undefined) {
      this.#noteKept(keeperOf(kept), recordKey(deletion));
      return false;
    }
    const seen = this.#seen.get(what) ?? new Set();
    this.#seen.set(what, seen);
    if (seen.has(id)) return true;
    seen.add(id);
    if (what === 'deal-contacts') this.links += new Set(contactIds).size;
    this.#count(method, 1);
    return true;
  }

  #noteKept(keeper: string, key: string): void {
    this.#kept.set(keeper, (this.#kept.get(keeper) ?? new Set()).add(key));
  }

  #count(method: string, calls: number): void {
    if (calls > 0) this.#calls.set(method, (this.#calls.get(method) ?? 0) + calls);
  }
}
