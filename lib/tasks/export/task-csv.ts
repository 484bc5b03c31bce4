import type { Deletion, Task } from '../task.ts';
import { compactedItems, onlyCounted } from './compacted.ts';
import { type Cell, csvRow } from './csv.ts';

/** The columns and what a task, and one of its deletions, says in them. */
const columns: readonly (readonly [
  name: string,
  cell: (task: Task, deletion: Partial<Deletion>, domain: string) => Cell,
])[] = [
  ['task', ({ taskId }) => taskId],
  ['portal', (_task, _deletion, domain) => domain],
  ['member_id', ({ memberId }) => memberId],
  ['record_type', ({ record }) => record.entityTypeId],
  ['record_id', ({ record }) => record.id],
  ['rule', ({ rule }) => rule.id],
  ['rule_version', ({ rule }) => rule.version],
  ['run', ({ run }) => run],
  ['source', ({ source }) => source],
  ['lost_in_stage', ({ transition }) => transition.stageId],
  ['lost_at', ({ transition }) => iso(transition.movedTime)],
  ['planned_at', ({ createdAt }) => iso(createdAt)],
  ['status', ({ status }) => status],
  ['reason', ({ reason }) => reason],
  ['ended_at', ({ endedAt }) => iso(endedAt)],
  ['what', (_task, { what }) => what],
  ['method', (_task, { method }) => method],
  ['type', (_task, { entityTypeId }) => entityTypeId],
  ['id', (_task, { id }) => id],
  ['contact_ids', (_task, { contactIds }) => contactIds?.join(' ')],
  ['read_at', (_task, { snapshotAt }) => iso(snapshotAt)],
  ['result', (_task, { outcome }) => outcome?.result],
  ['result_at', (_task, { outcome }) => iso(outcome?.at)],
  ['proof', (_task, { outcome }) => outcome?.proof],
  ['verdict', (_task, { outcome }) => outcome?.verdict],
  ['why', (_task, { outcome }) => outcome?.why],
];

/** The first line of the file. */
export const taskCsvHeader: string = csvRow(columns.map(([name]) => name));

/**
 * A task as lines of CSV: one for each deletion, one without a deletion when there is none. Of items that are gone and
 * only counted, one line for each type, with their number in words.
 */
export function taskCsv(task: Task, domain: string): string {
  const rows = [...(task.deletions ?? []), ...compactedItems(task)].map((deletion) => row(task, domain, deletion));
  const counted = [...onlyCounted(task)].map(([entityTypeId, count]) =>
    row(task, domain, { what: 'items', entityTypeId }, `${count} items: gone`),
  );
  const all = [...rows, ...counted];
  return all.length === 0 ? row(task, domain, {}) : all.join('');
}

function row(task: Task, domain: string, deletion: Partial<Deletion>, result?: string): string {
  return csvRow(
    columns.map(([name, cell]) => (name === 'result' && result !== undefined ? result : cell(task, deletion, domain))),
  );
}

function iso(at: number | undefined): string | undefined {
  return at === undefined ? undefined : new Date(at).toISOString();
}
