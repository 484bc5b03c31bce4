import { EntityType } from '../../bitrix24/entity-types.ts';
import type { StoredRule } from '../../rules/version.ts';
import type { PresentRecord } from '../decide.ts';
import type { Deletion, RecordKey, Task } from '../task.ts';
import type { CommentKind } from './comment-state.ts';

type Found = Extract<PresentRecord, { found: true }>;

/** Named in a comment before the rest is only counted. */
const mostNamed = 12;

/**
 * By what a comment is found again. A task that failed, was repeated and has ended again has another report. Letters,
 * digits and hyphens only, so that the portal stores it as it was sent.
 */
export function referenceOf({ taskId, endedAt = 0 }: Task, kind: CommentKind): string {
  const end = kind === 'announcement' ? 'plan' : `end-${endedAt.toString(36)}`;
  return `${taskId.slice(0, 12)}-${end}`;
}

/** What is going to be removed, and when. No names of persons: counts and ids. */
export function announcementText(task: Task, rule: StoredRule, record: Found, due: number): string {
  const own = ownWord(task.record);
  return [
    `tidy24: this ${own} is lost, and the rule ${rule.id} is about to clean up after it.`,
    `When: ${minuteOf(due)} or soon after.`,
    `What: ${rule.delete.map((entry) => intended(entry, record, own)).join('; ')}.`,
    `All of it is checked once more before. What is protected or still needed elsewhere is kept, and nothing is removed ` +
      `if this ${own} is no longer lost by then, or was moved to another stage.`,
    `Reference: ${referenceOf(task, 'announcement')}`,
  ].join('\n');
}

/** What was removed, and what was not. */
export function reportText(task: Task): string {
  const own = ownWord(task.record);
  const { deletions = [], items = {} } = task;
  const of = (...results: string[]) => deletions.filter(({ outcome }) => results.includes(outcome?.result ?? 'open'));
  const compacted = Object.entries(items).flatMap(([type, { gone }]) =>
    gone > 0 ? [`${gone} more items of type ${type}`] : [],
  );
  const removed = [...things(of('deleted'), own), ...compacted];
  return [
    `tidy24: ${opening(task, own)}`,
    `Removed: ${removed.length === 0 ? 'nothing' : removed.join('; ')}.`,
    ...line('No longer there', things(of('already-gone'), own)),
    ...line('Kept', things(of('guarded', 'held', 'spared'), own)),
    ...line('Refused by the portal', things(of('refused'), own)),
    ...line('Not done', things(of('open'), own)),
    `Ended: ${minuteOf(task.endedAt ?? 0)}.`,
    `Reference: ${referenceOf(task, 'report')}`,
  ].join('\n');
}

function opening({ status, reason = '', rule }: Task, own: string): string {
  if (status === 'done') return `the rule ${rule.id} has cleaned up after this ${own}.`;
  if (status === 'failed') return `the rule ${rule.id} could not finish with this ${own}; an operator has to look.`;
  const why = reasons[reason];
  return `the rule ${rule.id} leaves this ${own} as it is now${why === undefined ? '' : `: ${why}`}.`;
}

/** In the words of whoever reads the timeline. */
const reasons: Readonly<Record<string, string>> = {
  'no-longer-lost': 'it is no longer lost',
  'moved-to-another-stage': 'it was moved to another stage',
  'lost-again-later': 'it was lost anew since',
  'rule-removed': 'the rule was taken back',
  'rule-disabled': 'the rule was switched off',
  'rule-changed': 'the rule was changed',
  'rule-no-longer-matches': 'the rule no longer applies to it',
  'nothing-linked': 'nothing is left to remove',
  'cancelled-by-operator': 'an operator has cancelled it',
  'rule-observes': 'the rule only observes now',
  held: 'it is protected',
  guarded: 'what it names is still needed elsewhere',
};

function line(word: string, what: readonly string[]): string[] {
  return what.length === 0 ? [] : [`${word}: ${what.join('; ')}.`];
}

function intended(entry: StoredRule['delete'][number], { contactIds, companyId = 0 }: Found, own: string): string {
  const contacts = contactIds === undefined ? 'its contacts' : `its contacts (${contactIds.length} now)`;
  const company = companyId > 0 ? `company ${companyId}` : 'its company (none now)';
  switch (entry.what) {
    case 'deal-contacts':
      return `unlink ${contacts}`;
    case 'company-contacts':
      return `unlink all contacts of ${company}`;
    case 'contacts':
      return `delete ${contacts}`;
    case 'company':
      return `delete ${company}`;
    case 'items':
      return `delete the items of type ${entry.type} that belong to it`;
    case 'deal':
    case 'lead':
    case 'item':
      break;
  }
  return `delete this ${own} itself`;
}

/** `contacts 5, 6; company 4`. */
function things(deletions: readonly Deletion[], own: string): string[] {
  const groups = Map.groupBy(deletions, ({ what, entityTypeId }) => `${what} ${entityTypeId}`);
  return [...groups.values()].flatMap((some) => some[0] ?? []).map((first) => thing(first, deletions, own));
}

function thing(first: Deletion, all: readonly Deletion[], own: string): string {
  const alike = all.filter(({ what, entityTypeId }) => what === first.what && entityTypeId === first.entityTypeId);
  const ids = alike.slice(0, mostNamed).map(({ id }) => id);
  const more = alike.length > ids.length ? ` and ${alike.length - ids.length} more` : '';
  const named = (one: string, many: string) => `${alike.length === 1 ? one : many} ${ids.join(', ')}${more}`;
  switch (first.what) {
    case 'deal-contacts':
      return `the links of this ${own} to ${counted(first)}`;
    case 'company-contacts':
      return `the links of ${named('company', 'companies')} to its contacts`;
    case 'contacts':
      return named('contact', 'contacts');
    case 'company':
      return named('company', 'companies');
    case 'items':
      return `${named('item', 'items')} of type ${first.entityTypeId}`;
    case 'deal':
    case 'lead':
    case 'item':
      break;
  }
  return `this ${own}`;
}

function counted({ contactIds = [] }: Deletion): string {
  if (contactIds.length === 0) return 'its contacts';
  return contactIds.length === 1 ? '1 contact' : `${contactIds.length} contacts`;
}

function ownWord({ entityTypeId }: RecordKey): string {
  if (entityTypeId === EntityType.deal) return 'deal';
  return entityTypeId === EntityType.lead ? 'lead' : 'item';
}

/** `2026-11-22 09:30 UTC`. */
function minuteOf(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
