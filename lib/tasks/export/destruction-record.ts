import { createHash } from 'node:crypto';
import type { Deletion, Task } from '../task.ts';
import { compactedItems, onlyCounted } from './compacted.ts';
import { type Cell, csvRow } from './csv.ts';
import { isIn, type Period } from './period.ts';

export interface RecordHead extends Period {
  readonly domain: string;
  readonly memberId: string;
  /** Who asks for the record, and when (ms since the epoch). */
  readonly by: string;
  readonly at: number;
}

const columns = [
  'line',
  'name',
  'value',
  'what',
  'type',
  'id',
  'contact_ids',
  'deleted_at',
  'rule',
  'rule_version',
  'method',
  'result',
  'proof',
  'task',
] as const;
type Line = Partial<Record<(typeof columns)[number], Cell>>;

/**
 * What was destroyed, for those who have to prove it: a head, a line for each record or set of links that was really
 * deleted in the period, and for each that was put back later, counts of everything that was not, and the digest of all that stands before it. Ids and times
 * only, no personal data. It is made in pieces, so that a portal of any size fits.
 */
export class DestructionRecord {
  readonly #head: RecordHead;
  readonly #format: 'csv' | 'jsonl';
  readonly #digest = createHash('sha256');
  readonly #counts = new Map<string, number>();
  /** What was put back, as far as it has its line. */
  readonly #told = new Set<string>();

  constructor(head: RecordHead, format: 'csv' | 'jsonl') {
    this.#head = head;
    this.#format = format;
  }

  begin(): string {
    const { domain, memberId, since, until, by, at } = this.#head;
    const facts = [
      ['record', 'Destruction record of tidy24, form 1'],
      ['portal', domain],
      ['member-id', memberId],
      ['deleted-since', iso(since)],
      ['deleted-before', iso(until)],
      ['exported-by', by],
      ['exported-at', iso(at)],
    ] as const;
    const names = this.#format === 'csv' ? this.#sum(csvRow(columns)) : '';
    return names + facts.map(([name, value]) => this.#line({ line: 'head', name, value })).join('');
  }

  /** The lines about a task; what was not deleted is counted for the end. */
  add(task: Task): string {
    let text = '';
    let acted = false;
    for (const deletion of [...(task.deletions ?? []), ...compactedItems(task)]) {
      const { outcome } = deletion;
      if (!isIn(this.#head, outcome?.at) || outcome === undefined) continue;
      acted = true;
      this.#count(`deletions ${outcome.result}`);
      if (outcome.result === 'deleted') text += this.#line(lineOf(task, deletion, outcome));
    }
    if (!isIn(this.#head, task.endedAt)) return text;
    for (const { entityTypeId, id, newId, how } of task.undo?.restored ?? []) {
      acted = true;
      // What turned out to be there was never gone, and two undos may know of the same.
      if (newId === id || this.#isTold(`${entityTypeId}:${id}:${newId}`)) continue;
      this.#count(`records put back, ${how}`);
      text += this.#line({ line: 'put-back', name: how, value: newId, type: entityTypeId, id, task: task.taskId });
    }
    for (const { entityTypeId, id } of task.undo?.relinked ?? []) {
      acted = true;
      if (this.#isTold(`${task.undo?.of}:${entityTypeId}:${id}`)) continue;
      this.#count('links put back');
      text += this.#line({ line: 'put-back', name: 'links', type: entityTypeId, id, task: task.taskId });
    }
    for (const count of onlyCounted(task).values()) {
      this.#count('items gone that are only counted, deleted or gone already', count);
      acted = true;
    }
    if (task.status !== 'done' || !acted) {
      this.#count(`tasks ${task.status}${task.reason === undefined ? '' : ` (${task.reason})`}`);
    }
    return text;
  }

  /** `unreadable`: how many tasks could not be read, and may have deleted something. */
  end(unreadable: number): string {
    if (unreadable > 0) this.#count('tasks that cannot be read', unreadable);
    if (!this.#counts.has('deletions deleted')) this.#counts.set('deletions deleted', 0);
    const counts = [...this.#counts]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => this.#line({ line: 'count', name, value }))
      .join('');
    return counts + this.#text({ line: 'end', name: 'sha256', value: this.#digest.copy().digest('hex') });
  }

  /** How many deletions have a line. */
  get deleted(): number {
    return this.#counts.get('deletions deleted') ?? 0;
  }

  /** Whether it has a line already; from now on it has. */
  #isTold(what: string): boolean {
    const isTold = this.#told.has(what);
    this.#told.add(what);
    return isTold;
  }

  #count(name: string, by = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + by);
  }

  #line(line: Line): string {
    return this.#sum(this.#text(line));
  }

  #sum(text: string): string {
    this.#digest.update(text);
    return text;
  }

  #text(line: Line): string {
    if (this.#format === 'csv') return csvRow(columns.map((name) => line[name]));
    return `${JSON.stringify(line)}\n`;
  }
}

/** Links are the contacts' links of that deal or company; everything else is a record. */
function lineOf(
  { taskId, rule }: Task,
  deletion: Deletion,
  { at, result, proof }: NonNullable<Deletion['outcome']>,
): Line {
  const { what, entityTypeId, id, contactIds, method } = deletion;
  return {
    line: 'deleted',
    what,
    type: entityTypeId,
    id,
    contact_ids: contactIds?.join(' '),
    deleted_at: iso(at),
    rule: rule.id,
    rule_version: rule.version,
    method,
    result,
    proof,
    task: taskId,
  };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
