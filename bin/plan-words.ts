import type { Estimate } from '../lib/tasks/rules-plan/estimate.ts';
import type { PlannedRecord, RuleTally } from '../lib/tasks/rules-plan/tally.ts';
import { counted } from './counted.ts';
import { recordText, typeText } from './task-view.ts';
import { textTable } from './text-table.ts';
import { iso } from './time.ts';

export interface RulePlan {
  readonly tally: RuleTally;
  readonly estimate: Estimate;
}

const headings = [
  'RULE',
  'MATCH',
  'DUE NOW',
  'LATER',
  'BY ITSELF',
  'KEPT',
  'LINKS',
  'CONTACTS',
  'COMPANIES',
  'ITEMS',
  'THEMSELVES',
  'TIME',
] as const;

/** A line a rule with its counts, and below it the first examples of each. */
export function planText(plans: readonly RulePlan[]): string[] {
  const rows = plans.map(({ tally, estimate: { seconds } }) => [
    tally.rule.id,
    ...countsOf(tally).map(String),
    spanText(seconds),
  ]);
  const examples = plans
    .filter(({ tally }) => tally.examples.length > 0)
    .flatMap(({ tally }) => [
      '',
      `${tally.rule.id}, the first:`,
      ...tally.examples.map((one) => `  ${exampleText(one)}`),
    ]);
  const keepers = plans
    .filter(({ tally }) => tally.keptBy.size > 0)
    .map(
      ({ tally }) => `${tally.rule.id} keeps: ${[...tally.keptBy].map(([by, count]) => `${count} ${by}`).join(', ')}`,
    );
  return [...textTable(headings, rows), ...(keepers.length > 0 ? ['', ...keepers] : []), ...examples];
}

function countsOf(tally: RuleTally): number[] {
  const { matching, dueNow, later, byItself, kept, links, items } = tally;
  const companies = tally.deleted('company') + tally.deleted('company-contacts');
  return [
    matching,
    dueNow,
    later,
    byItself,
    kept,
    links,
    tally.deleted('contacts'),
    companies,
    items,
    themselves(tally),
  ];
}

function themselves(tally: RuleTally): number {
  return tally.deleted('deal') + tally.deleted('lead') + tally.deleted('item');
}

/** `deal 17, lost in C5:LOSE since …, due …: deal-contacts of deal 17, contacts of contact 5` */
function exampleText({ record, stageId, movedTime, dueAt, kept, deletions }: PlannedRecord): string {
  const shown = deletions.slice(0, 5).map((deletion) => `${deletion.method} of ${recordText(deletion)}`);
  const more = deletions.length > shown.length ? `, and ${deletions.length - shown.length} more` : '';
  const what = kept === undefined ? shown.join(', ') || 'nothing is linked to it' : `kept, ${kept}`;
  return `${recordText(record)}, lost in ${stageId} since ${iso(movedTime)}, due ${iso(dueAt)}: ${what}${more}`;
}

/** `3 h 20 min`: rounded, for a plan. */
export function spanText(seconds: number): string {
  if (seconds === 0) return '-';
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `deal: 12 records, type 1044: 3 records` */
export function readText(read: ReadonlyMap<number, number>): string {
  return [...read].map(([type, count]) => `${typeText(type)}: ${counted(count, 'lost record')}`).join(', ');
}

/** A rule's plan for --json. */
export function planView({ tally, estimate }: RulePlan): Record<string, unknown> {
  const { rule, matching, dueNow, later, byItself, kept, links, items, examples } = tally;
  return {
    rule: rule.id,
    actsOnLossesSince: iso(rule.since),
    matching,
    dueNow,
    later,
    byItself,
    kept,
    keptBy: Object.fromEntries(tally.keptBy),
    deletes: {
      links,
      companiesUnlinked: tally.deleted('company-contacts'),
      contacts: tally.deleted('contacts'),
      companies: tally.deleted('company'),
      items,
      recordsThemselves: themselves(tally),
    },
    calls: Object.fromEntries(tally.calls),
    estimate,
    examples: examples.map(({ movedTime, dueAt, ...one }) => ({ ...one, lostAt: iso(movedTime), dueAt: iso(dueAt) })),
  };
}
