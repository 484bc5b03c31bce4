import { csvRow } from '../export/csv.ts';
import type { PlannedRecord } from './tally.ts';

export const planCsvHeader: string = csvRow([
  'rule',
  'rule_version',
  'type',
  'id',
  'pipeline',
  'lost_in_stage',
  'lost_at',
  'due_at',
  'due',
  'by_itself',
  'kept',
  'company',
  'contact_ids',
  'calls',
]);

/** A line of the file that a person signs off. `version`: of the rules; undefined when they are not in force. */
export function planCsv(planned: PlannedRecord, version: number | undefined, now: number): string {
  const { rule, record, categoryId, stageId, movedTime, dueAt, byItself, kept, companyId, contactIds, deletions } =
    planned;
  return csvRow([
    rule,
    version,
    record.entityTypeId,
    record.id,
    categoryId,
    stageId,
    new Date(movedTime).toISOString(),
    new Date(dueAt).toISOString(),
    dueAt <= now ? 'now' : 'later',
    byItself ? 'yes' : 'no',
    kept,
    companyId > 0 ? companyId : undefined,
    contactIds.join(' '),
    deletions.map(({ method, entityTypeId, id }) => `${method} ${entityTypeId}/${id}`).join('; '),
  ]);
}
