import { type Command, maxBatchCommands } from '../bitrix24/batch.ts';
import { isGuarded } from '../rules/deletion-order.ts';
import type { StoredRule } from '../rules/version.ts';
import type { ObserveReason, PresentRecord } from './decide.ts';
import { bondOf, deletionKey, deletionsOf, isAskedFor } from './deletion.ts';
import { itemsCommand, itemsKey, type ItemsPage } from './linked-items.ts';
import type { Look } from './look.ts';
import { type Turn, turnOf } from './progress.ts';
import { targetCommands, type Targets } from './targets.ts';
import type { Deletion, Task } from './task.ts';

/** A task that is due, of a record that was just read as lost. */
export interface Going {
  readonly task: Task;
  readonly rule: StoredRule;
  readonly record: Extract<PresentRecord, { found: true }>;
  /** Why it is only to be said what would be done. */
  readonly observe?: ObserveReason | undefined;
}

/** A task with what it is to remove, as far as that is known, and whose turn it is. */
export interface Turning extends Going {
  readonly deletions: readonly Deletion[];
  readonly turn: Turn | undefined;
  /** Those that no longer hang on the record, and that only we can have removed if they are gone. */
  readonly perhapsOurs: ReadonlySet<string>;
}

/** What was noted in an earlier round counts, but for what the rule or the record no longer says. */
export function atTurn(going: Going, look: Look, now: number): Turning {
  const { task, rule, record } = going;
  const isNew = task.deletions === undefined;
  const noted = task.deletions ?? deletionsOf(rule, task.record, record);
  const dealLinks = contactsLinked(noted, look.links);
  const perhapsOurs = new Set<string>();
  const deletions = noted
    .filter((deletion) => !(isNew && hasNoLinks(deletion, look.links)))
    .map((deletion) => {
      if (deletion.outcome !== undefined) return deletion;
      const bond = isAskedFor(deletion, rule.delete) ? bondOf(deletion, record, noted, dealLinks) : 'cut';
      if (bond === 'perhaps-ours') perhapsOurs.add(deletionKey(deletion));
      return bond === 'cut' ? spared(deletion, now) : deletion;
    });
  const turn = turnOf(rule.delete, deletions, task.items);
  const whose = going.observe === undefined ? turn : allAtOnce(going, deletions, look);
  return { ...going, deletions, turn: whose, perhapsOurs };
}

export function spared(deletion: Deletion, at: number): Deletion {
  return { ...deletion, outcome: { result: 'spared', at, proof: 'read' } };
}

function contactsLinked(deletions: readonly Deletion[], links: Targets): number[] | undefined {
  const unlinking = deletions.find(({ what }) => what === 'deal-contacts');
  const target = unlinking && links.get(deletionKey(unlinking));
  return target?.kind === 'links' ? target.links.map(({ CONTACT_ID }) => CONTACT_ID) : undefined;
}

/** What is only observed is told in one go, with as little reading as that takes. */
function allAtOnce({ rule, task }: Going, deletions: readonly Deletion[], look: Look): Turn {
  const items = rule.delete.flatMap((entry) => (entry.what === 'items' ? [entry.type] : []));
  const toList = items.filter((type) => task.items?.[type]?.complete !== true);
  const read = deletions.filter(({ outcome }) => outcome === undefined);
  const open = read.filter((deletion) => look.links.has(deletionKey(deletion)) || isGuarded(deletion.what));
  return { phase: 0, open, toList };
}

export function hasNoLinks(deletion: Deletion, targets: Targets): boolean {
  const target = targets.get(deletionKey(deletion));
  return target?.kind === 'links' && target.links.length === 0;
}

/** A batch deletes no more than this at once, so no more of one task is read. */
export function openOf({ turn }: Turning): readonly Deletion[] {
  return turn?.open.slice(0, maxBatchCommands) ?? [];
}

export function pagesOf({ task, turn }: Turning): ItemsPage[] {
  return (turn?.toList ?? []).map((type) => ({ parent: task.record, type, after: task.items?.[type]?.after ?? 0 }));
}

/** What is about to be deleted and did not come with the record. */
export function unread(turning: readonly Turning[], look: Look): Deletion[] {
  return turning.flatMap(openOf).filter((deletion) => !look.links.has(deletionKey(deletion)));
}

/** Commands that read what is about to be deleted, as far as it did not come with the record. */
export function detailCommands(turning: readonly Turning[], look: Look): Map<string, Command> {
  const open = unread(turning, look);
  const pages = turning.flatMap(pagesOf);
  return new Map([
    ...targetCommands(open, 'whole'),
    ...pages.map((page) => [itemsKey(page), itemsCommand(page)] as const),
  ]);
}

/** Contacts and companies of one round: guards ask several questions after each. */
const mostGuarded = 20;

/** As many of these, from the first on, as one batch can read and one batch can delete. */
export function fittingDetails(turning: readonly Turning[], look: Look): readonly Turning[] {
  let size = 0;
  let deletions = 0;
  let guarded = 0;
  for (const one of turning) {
    // A page of items is as much as a batch deletes.
    deletions += openOf(one).length + pagesOf(one).length * maxBatchCommands;
    guarded += openOf(one).filter(({ what }) => isGuarded(what)).length;
    if (size > 0 && (deletions > maxBatchCommands || guarded > mostGuarded)) break;
    if (size > 0 && detailCommands(turning.slice(0, size + 1), look).size > maxBatchCommands) break;
    size += 1;
  }
  return turning.slice(0, size);
}
