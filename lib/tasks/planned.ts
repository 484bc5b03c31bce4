import type { Portal } from '../portals/portal.ts';
import { dueAt, matchesWhenDue } from '../rules/due.ts';
import type { StoredRule } from '../rules/version.ts';
import type { PresentRecord } from './decide.ts';
import type { EventMessage } from './messages.ts';
import { longWaitMs } from './schedule.ts';

/** A transition that was older than this when its event arrived is history, not news. */
const newsMs = 7 * 24 * 3600 * 1000;

/** What rules are asked about a record that may have changed. */
export interface Question {
  /** Which came first, of the events that name the record. */
  readonly source: EventMessage['source'];
  /** ms since the epoch. */
  readonly receivedAt: number;
  /** ms since the epoch: of a person's wish, when they asked; absent: when it arrived. */
  readonly askedAt?: number | undefined;
  /** Of `reconcile`: the rules for whose sake it was looked for; absent: all. For the others an event has come. */
  readonly sought?: readonly string[] | undefined;
  /** ms since the epoch: when its stage became a lost one, if that was noticed. */
  readonly stageLostSince?: number | undefined;
  readonly now: number;
}

/**
 * The rules that a record which may have changed calls for. Ignored are losses before the portal enforced, before the
 * rule said what it says now, more than 7 days before the event arrived (however long it took to read the record), and
 * records that never moved into a lost stage because the stage became one under them. What was looked for on purpose
 * (`reconcile`) may be older, for the rules that it was looked for for. What a person has asked for (`operator`) is taken
 * whenever it was lost, by the rules that said the same when they asked and on a portal that enforced by then: what is
 * pushed or switched later does not reach into the past.
 */
export function rulesFor(
  record: PresentRecord,
  rules: readonly StoredRule[],
  portal: Pick<Portal, 'mode' | 'enforcedAt'>,
  { source, receivedAt, askedAt = receivedAt, sought, stageLostSince = 0, now }: Question,
): StoredRule[] {
  // Stryker disable next-line ConditionalExpression: no rule matches what is not lost, but its times are known only here
  if (!record.found) return [];
  const { movedTime } = record;
  const matching = rules.filter((rule) => matchesWhenDue(rule, record, now));
  const { enforcedAt = Number.POSITIVE_INFINITY } = portal;
  const isEnforcedBy = (moment: number) => portal.mode !== 'enforce' || moment >= enforcedAt;
  if (source === 'operator') return isEnforcedBy(askedAt) ? matching.filter(({ since }) => askedAt >= since) : [];
  if (movedTime < stageLostSince) return [];
  if (!isEnforcedBy(movedTime)) return [];
  const isNews = movedTime >= receivedAt - newsMs;
  // Whoever looks for records on purpose finds old ones too.
  const isSought = ({ id }: StoredRule) => source === 'reconcile' && (sought === undefined || sought.includes(id));
  return matching.filter((rule) => movedTime >= rule.since && (isNews || isSought(rule)));
}

/**
 * Those of `rulesFor` for which a task is made now. Where the wait ends in more than 7 days none is: the nightly look
 * finds the record when its time has come, if it has been lost since the rule is in force. What a person asked for has
 * its task at once where that look would not find it.
 */
export function rulesToPlan(
  record: PresentRecord,
  rules: readonly StoredRule[],
  portal: Pick<Portal, 'mode' | 'enforcedAt'>,
  question: Question,
): StoredRule[] {
  // Stryker disable next-line ConditionalExpression: no rule is left to filter, but its times are known only here
  if (!record.found) return [];
  const isFound = (rule: StoredRule) =>
    rulesFor(record, [rule], portal, { ...question, source: 'reconcile' }).length > 0;
  return rulesFor(record, rules, portal, question).filter(
    (rule) => dueAt(rule, record) <= question.now + longWaitMs || !isFound(rule),
  );
}

/** A wish for a record: who asked first, when, and for which rules. */
type Asked = Pick<Question, 'source' | 'receivedAt' | 'askedAt'> & { readonly rules?: readonly string[] | undefined };

/**
 * What a wish calls for, each with the source that counts for it: a person asks for the rules that they name, as they
 * are then, and for the others the record has been found on purpose. What was looked for for the sake of some rules is
 * for the others no more than what an event told of.
 */
export function callsFor(
  record: PresentRecord,
  rules: readonly StoredRule[],
  portal: Pick<Portal, 'mode' | 'enforcedAt'>,
  wish: Asked,
  at: Pick<Question, 'stageLostSince' | 'now'>,
): { rule: StoredRule; source: Question['source'] }[] {
  const { source, receivedAt, askedAt, rules: named } = wish;
  const ask = (some: readonly StoredRule[], by: Question['source'], sought?: readonly string[]) =>
    rulesToPlan(record, some, portal, { ...at, source: by, receivedAt, askedAt, sought }).map((rule) => ({
      rule,
      source: by,
    }));
  if (source !== 'operator') return ask(rules, source, named);
  const byPerson = new Set(
    rulesFor(
      record,
      rules.filter(({ id }) => named === undefined || named.includes(id)),
      portal,
      { ...at, source, receivedAt, askedAt },
    ),
  );
  const others = rules.filter((rule) => !byPerson.has(rule));
  return [...ask([...byPerson], 'operator'), ...ask(others, 'reconcile')];
}
