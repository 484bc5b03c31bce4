import { onlyCounted } from '../lib/tasks/export/compacted.ts';
import type { Deletion, Task } from '../lib/tasks/task.ts';
import { recordText } from './task-view.ts';
import { iso } from './time.ts';

/** Named one by one up to so many; the rest is counted. */
const mostNamed = 20;
/** Of a list of ids. */
const mostCharacters = 200;

/** In words, for those that this version knows: another version may have written others. */
const results: Readonly<Record<string, string>> = {
  deleted: 'deleted',
  'already-gone': 'nothing was left to delete',
  spared: 'left alone, it was no longer linked',
  refused: 'refused',
  guarded: 'kept by a guard',
  held: 'kept by a hold',
};
const proofs: Readonly<Record<string, string>> = {
  answer: 'as the portal answered',
  read: 'as reading it again showed',
};

/** `crm.item.delete of contact 5, contact 6: deleted, as the portal answered`: a line for each way in which they ended. */
export function deletionLines(deletions: readonly Deletion[]): string[] {
  const groups = Map.groupBy(deletions, ({ method, outcome }) =>
    JSON.stringify([method, outcome?.result, outcome?.proof, outcome?.verdict]),
  );
  return [...groups.values()].map((some) => `${namesOf(some)}: ${outcomeText(some)}`);
}

/** What happened to deletions when, for the story: what was read and kept, and what the portal answered. */
export function deletionEvents(deletions: readonly Deletion[]): { at: number; what: string; text: string }[] {
  const read = Map.groupBy(
    deletions.filter(({ snapshotAt }) => snapshotAt !== undefined),
    ({ snapshotAt = 0 }) => snapshotAt,
  );
  const ended = Map.groupBy(
    deletions.flatMap((deletion) => (deletion.outcome ? [{ deletion, outcome: deletion.outcome }] : [])),
    ({ deletion: { method }, outcome: { at, result, proof, verdict } }) =>
      JSON.stringify([at, method, result, proof, verdict]),
  );
  return [
    ...[...read].map(([at, some]) => ({ at, what: 'read', text: `Read and kept in a snapshot: ${recordsText(some)}` })),
    ...[...ended.values()].map((some) => {
      const all = some.map(({ deletion }) => deletion);
      return { at: some[0]?.outcome.at ?? 0, what: 'answer', text: `${namesOf(all)}: ${resultText(all[0]?.outcome)}` };
    }),
  ];
}

/** What is still to be done of an open task, and what was left undone by one that has ended. */
export function remainingLines({ deletions = [], items = {} }: Pick<Task, 'deletions' | 'items'>): string[] {
  const open = deletions.filter(({ outcome }) => outcome === undefined);
  const unlisted = Object.entries(items).filter(([, { complete }]) => !complete);
  return [
    ...[...Map.groupBy(open, ({ method }) => method).values()].map(namesOf),
    ...unlisted.map(
      ([type, { after }]) => `items of type ${type} after number ${after}, which were not looked for yet`,
    ),
  ];
}

/** `crm.item.delete of items 500-549 of type 1044: deleted, as the portal answered, at …` */
export function compactedLines(task: Pick<Task, 'items'>): string[] {
  const listed = Object.entries(task.items ?? {}).flatMap(([type, { ended = [] }]) =>
    ended.map(({ ids, at, ...outcome }) => {
      const named = ids.length > mostCharacters ? `${ids.slice(0, ids.lastIndexOf(',', mostCharacters))}, …` : ids;
      return `crm.item.delete of items ${named} of type ${type}: ${resultText({ ...outcome, at })}, at ${iso(at)}`;
    }),
  );
  const counted = [...onlyCounted(task)].map(
    ([type, count]) => `${count} more items of type ${type}: gone, deleted or gone already; only counted`,
  );
  return [...listed, ...counted];
}

function namesOf(deletions: readonly Deletion[]): string {
  return `${deletions[0]?.method ?? ''} of ${recordsText(deletions)}`;
}

function recordsText(deletions: readonly Deletion[]): string {
  const named = deletions.slice(0, mostNamed).map((deletion) => {
    const { contactIds } = deletion;
    if (contactIds === undefined) return recordText(deletion);
    const more = contactIds.length > mostNamed ? ', …' : '';
    return `${recordText(deletion)} (contacts ${contactIds.slice(0, mostNamed).join(', ') || 'none'}${more})`;
  });
  const rest = deletions.length - named.length;
  return `${named.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

function outcomeText(some: readonly Deletion[]): string {
  const moments = some.flatMap(({ outcome }) => outcome?.at ?? []);
  const [first, last] = [Math.min(...moments), Math.max(...moments)];
  if (moments.length === 0) return 'not carried out';
  const when = first === last ? `at ${iso(first)}` : `from ${iso(first)} to ${iso(last)}`;
  return `${resultText(some[0]?.outcome)}, ${when}`;
}

function resultText(outcome: Deletion['outcome']): string {
  if (outcome === undefined) return 'not carried out';
  const { result, proof, verdict } = outcome;
  return `${results[result] ?? result}, ${proofs[proof] ?? proof}${verdict === undefined ? '' : ` (${verdict})`}`;
}
