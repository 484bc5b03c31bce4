import { EntityType, quoteTypeId } from '../../bitrix24/entity-types.ts';
import type { Semantics } from '../../bitrix24/stages.ts';
import type { GuardName, Guards } from '../../rules/guards.ts';
import { minute } from '../../bitrix24/reactions.ts';
import type { RecordKey } from '../task.ts';

/** A record that names a contact or company as its client. */
export interface Linked extends RecordKey {
  /** Undefined where a stage has no meaning that matters: of quotes and invoices, and of types without stages. */
  readonly semantics?: Semantics | undefined;
}

/**
 * Why a guard does not know. `refused`: the portal does not let us ask. `too-many`: there is more than can be looked
 * through. `unanswered`: it may be known at another time.
 */
export type Unread = 'refused' | 'too-many' | 'unanswered';

/** A contact, company or lead, and what it has. */
export interface Holder {
  readonly linked: readonly Linked[];
  /** ms since the epoch; undefined of what has no activities that count. */
  readonly lastActivityTime?: number | undefined;
  readonly createdTime?: number | undefined;
  /** By the guard that would have to know. */
  readonly unread: ReadonlyMap<GuardName, Unread>;
}

/** What was found about a contact or company that is to be deleted, or whose contacts are. */
export interface Findings extends Holder {
  /** Others with the same phone or e-mail. */
  readonly duplicates: readonly (RecordKey & Holder)[];
}

/** Why it stays. */
export interface Guarded {
  readonly guard: GuardName | 'guard-unreadable';
  /** In a person's words, without personal data: `open deal 101`. */
  readonly text: string;
  /** Not known now, and perhaps later. */
  readonly passing?: true;
}

/** What happens within this time of a record's creation belongs to it: the form or the call that it was made by. */
const creationMs = minute;

/**
 * What keeps a contact or company, the first of its guards in the order of the rules file; undefined when nothing does.
 * Pure. What is known to keep it counts before what is not known.
 *
 * @param now ms since the epoch
 */
export function guardOf(findings: Findings, guards: Guards, now: number): Guarded | undefined {
  const kept = keptBy(findings, guards, now);
  if (kept) return kept;
  const duplicates = guards.duplicates ? findings.duplicates : [];
  for (const duplicate of duplicates) {
    const why = keptBy(duplicate, guards, now);
    const text = duplicate.entityTypeId === EntityType.lead ? '' : `its duplicate ${nameOf(duplicate)} has: `;
    if (why) return { guard: 'duplicates', text: `${text}${why.text}` };
  }
  const unread = [findings, ...duplicates]
    .flatMap((holder) => [...holder.unread])
    .filter(([name]) => Boolean(guards[name]));
  const [first] = [...unread.filter(([, why]) => why !== 'unanswered'), ...unread];
  if (first === undefined) return undefined;
  const [name, why] = first;
  const text = `${name}: ${unreadTexts[why]}`;
  return { guard: 'guard-unreadable', text, ...(why === 'unanswered' && { passing: true }) };
}

const unreadTexts: Readonly<Record<Unread, string>> = {
  refused: 'the portal does not say',
  'too-many': 'more is linked than can be looked through',
  unanswered: 'the portal has not answered',
};

function keptBy({ linked, ...holder }: Holder, guards: Guards, now: number): Guarded | undefined {
  const byGuard = Map.groupBy(linked, guardFor);
  for (const name of linkGuards) {
    const [first] = byGuard.get(name) ?? [];
    if (first && guards[name]) return { guard: name, text: textOf(name, first) };
  }
  const { lastActivityTime = 0, createdTime = 0 } = holder;
  if (guards['recent-activity'] === 0) return undefined;
  const isRecent = lastActivityTime > now - guards['recent-activity'];
  if (!isRecent || lastActivityTime <= createdTime + creationMs) return undefined;
  return { guard: 'recent-activity', text: `activity at ${new Date(lastActivityTime).toISOString()}` };
}

const linkGuards = ['open-deals', 'won-deals', 'open-leads', 'open-items', 'quotes', 'invoices'] as const;

/** The guard that a linked record is for; undefined when it keeps nothing: what is lost or over. */
function guardFor({ entityTypeId, semantics = 'P' }: Linked): (typeof linkGuards)[number] | undefined {
  if (entityTypeId === quoteTypeId) return 'quotes';
  if (entityTypeId === EntityType.smartInvoice) return 'invoices';
  if (entityTypeId === EntityType.deal && semantics === 'S') return 'won-deals';
  if (semantics !== 'P') return undefined;
  if (entityTypeId === EntityType.deal) return 'open-deals';
  return entityTypeId === EntityType.lead ? 'open-leads' : 'open-items';
}

function textOf(name: (typeof linkGuards)[number], record: Linked): string {
  if (name === 'quotes' || name === 'invoices') return nameOf(record);
  return `${name === 'won-deals' ? 'won' : 'open'} ${nameOf(record)}`;
}

const words: ReadonlyMap<number, string> = new Map([
  [EntityType.lead, 'lead'],
  [EntityType.deal, 'deal'],
  [EntityType.contact, 'contact'],
  [EntityType.company, 'company'],
  [quoteTypeId, 'quote'],
  [EntityType.smartInvoice, 'invoice'],
]);

/** `deal 101`, `item 7 of type 1044`. */
export function nameOf({ entityTypeId, id }: RecordKey): string {
  const word = words.get(entityTypeId);
  return word === undefined ? `item ${id} of type ${entityTypeId}` : `${word} ${id}`;
}
