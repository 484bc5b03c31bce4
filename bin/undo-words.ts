import { recordKey } from '../lib/tasks/read-records.ts';
import type { RecordKey } from '../lib/tasks/task.ts';
import type { UndoPlan } from '../lib/tasks/undo/undo-plan.ts';
import { counted } from './counted.ts';
import { recordText } from './task-view.ts';

/** Named one by one; more are counted. */
const mostNamed = 20;

/** What an undo would bring back, and what it cannot, in a person's words. Names no person. */
export function undoWords(plan: UndoPlan, recreate: boolean): string[] {
  const { unclear, unkept } = plan;
  const words = comingBack(plan, recreate);
  if (unclear.length > 0) {
    words.push(
      'Whether the task has removed these is not known; what is still there is left as it is:',
      ...named(unclear),
    );
  }
  if (unkept > 0) {
    words.push(
      `Cannot come back, because the time of their snapshots is over: what ${counted(unkept, 'deletion')} removed.`,
    );
  }
  return words;
}

function comingBack(plan: UndoPlan, recreate: boolean): string[] {
  const { records, owners, depth } = plan;
  const deleted = new Set(records.map(recordKey));
  const words = ['Comes back:'];
  for (const owner of owners.slice(0, mostNamed)) {
    const how = deleted.has(recordKey(owner)) ? 'once it is there again, ' : '';
    words.push(`  ${how}the links of ${recordText(owner)} to ${counted(owner.back.size, 'contact')}`);
  }
  if (owners.length > mostNamed) words.push(`  and the links of ${owners.length - mostNamed} more`);
  if (depth === 'ids') {
    if (owners.length === 0) words.push('  nothing');
    return records.length === 0
      ? words
      : [...words, 'Cannot come back, because its rule keeps only ids (snapshot: ids):', ...named(records)];
  }
  if (records.length === 0) return words;
  words.push(
    recreate
      ? '  these records, made anew unless they are found restored from the recycle bin:'
      : '  these records, if they are found restored from the recycle bin (30 days, where it is on):',
    ...named(records),
  );
  if (!recreate) {
    words.push(
      'A lost deal, lead or item that is restored is deleted again by its rule, unless somebody prevents it: set the portal to',
      'observe first (portals mode), restore, undo once more, which holds it, and set the portal back to enforce.',
    );
  }
  const lost = [
    'their ids: what names them outside the CRM names them no more',
    'timeline, activities and their files, comments, running workflows',
    'files in fields',
    'who made and changed them, and when',
    'links of requisites to deals and invoices',
  ];
  words.push(
    recreate
      ? 'Cannot come back with records that are made anew:'
      : 'With --recreate they would be made anew, without:',
    ...lost.map((line) => `  ${line}`),
  );
  return words;
}

function named(records: readonly RecordKey[]): string[] {
  const lines = records.slice(0, mostNamed).map((record) => `  - ${recordText(record)}`);
  return records.length > mostNamed ? [...lines, `  - and ${records.length - mostNamed} more`] : lines;
}

/** The same for `--json`. */
export function undoPlanView({ records, owners, depth, unclear, unkept }: UndoPlan): Record<string, unknown> {
  return {
    depth,
    records: records.map(({ entityTypeId, id }) => ({ entityTypeId, id })),
    links: owners.map(({ entityTypeId, id, back }) => ({ entityTypeId, id, contactIds: [...back] })),
    unclear: unclear.map(({ entityTypeId, id }) => ({ entityTypeId, id })),
    unkept,
  };
}
