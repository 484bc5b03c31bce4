import { onlyCounted } from '../lib/tasks/export/compacted.ts';
import type { Deletion, Task } from '../lib/tasks/task.ts';
import { toRanges } from '../lib/tasks/id-ranges.ts';
import { recordText, typeText } from './task-view.ts';
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
  const groups = Map.groupBy(deletions, ({ method, outcome, snapshotAt }) =>
    JSON.stringify([
      outcome === undefined && snapshotAt === undefined,
      method,
      outcome?.result,
      outcome?.proof,
      outcome?.verdict,
      outcome?.why,
    ]),
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
    ({ deletion: { method }, outcome: { at, result, proof, verdict, why } }) =>
      JSON.stringify([at, method, result, proof, verdict, why]),
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

/** `crm.item.delete of type 1044 500-549: deleted, as the portal answered, at …` */
export function compactedLines(task: Pick<Task, 'items'>): string[] {
  const listed = Object.entries(task.items ?? {}).flatMap(([type, { ended = [] }]) =>
    ended.map(({ ids, at, ...outcome }) => {
      const named = shortened(ids).replaceAll(',', ', ');
      return `crm.item.delete of ${typeText(Number(type))} ${named}: ${resultText({ ...outcome, at })}, at ${iso(at)}`;
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

/** `deal 1 (contacts 3, 4), contact 5, type 1044 500-599` */
function recordsText(deletions: readonly Deletion[]): string {
  const links = deletions.flatMap((deletion) =>
    deletion.contactIds === undefined ? [] : [linksText(deletion, deletion.contactIds)],
  );
  const named = links.slice(0, mostNamed);
  const rest = links.length > named.length ? [`links of ${links.length - named.length} more`] : [];
  const records = Map.groupBy(
    deletions.filter(({ contactIds }) => contactIds === undefined),
    ({ entityTypeId }) => entityTypeId,
  );
  const texts = [...records].map(([entityTypeId, some]) => {
    const ids = shortened(toRanges(some.map(({ id }) => id)));
    return `${typeText(entityTypeId)} ${ids.replaceAll(',', ', ')}`;
  });
  return [...named, ...rest, ...texts].join(', ');
}

function linksText(deletion: Deletion, contactIds: readonly number[]): string {
  const more = contactIds.length > mostNamed ? ', …' : '';
  return `${recordText(deletion)} (contacts ${contactIds.slice(0, mostNamed).join(', ') || 'none'}${more})`;
}

function shortened(ids: string): string {
  return ids.length > mostCharacters ? `${ids.slice(0, ids.lastIndexOf(',', mostCharacters))}, …` : ids;
}

function outcomeText(some: readonly Deletion[]): string {
  const moments = some.flatMap(({ outcome }) => outcome?.at ?? []);
  const [first, last] = [Math.min(...moments), Math.max(...moments)];
  const [one] = some;
  if (one === undefined || moments.length === 0) return unendedText(one);
  const when = first === last ? `at ${iso(first)}` : `from ${iso(first)} to ${iso(last)}`;
  return `${resultText(one.outcome)}, ${when}`;
}

/** What has a snapshot may have been sent: no worker has lived to say so. */
function unendedText(deletion: Deletion | undefined): string {
  return deletion?.snapshotAt === undefined ? 'not carried out' : 'no answer is known; it may have been carried out';
}

function resultText(outcome: Deletion['outcome']): string {
  if (outcome === undefined) return 'not carried out';
  const { result, proof, verdict, why } = outcome;
  const reason = why ?? verdict;
  return `${results[result] ?? result}, ${proofs[proof] ?? proof}${reason === undefined ? '' : ` (${reason})`}`;
}
