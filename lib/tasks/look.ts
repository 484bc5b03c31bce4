import type { Profile } from '../bitrix24/answers.ts';
import { type Command, maxBatchCommands } from '../bitrix24/batch.ts';
import type { Verdict } from '../bitrix24/reactions.ts';
import type { JudgedAnswer } from '../portals/judge.ts';
import { profileCommand, readProfile } from '../portals/profile.ts';
import type { StoredRule } from '../rules/version.ts';
import { readRecords, recordCommands, type Records, type SemanticsOf } from './read-records.ts';
import { semanticsFrom, stageCommands } from './stage-semantics.ts';
import { linksCommand, readTargets, type Targets } from './targets.ts';
import type { Deletion, Task } from './task.ts';

/** A task, and the rule in force that bears its rule's name. */
export interface Judged {
  readonly task: Task;
  readonly rule: StoredRule | undefined;
}

/** The records as they are now, the contacts linked to deals, and who we are: all from one request. */
export interface Look {
  /** ms since the epoch, taken before the request was sent. */
  at: number;
  profile: Profile | undefined;
  records: Records;
  /** Why some of them are not known, where the portal said so; by record. */
  failures: ReadonlyMap<string, Verdict>;
  /** Of the deals whose contacts are to be unlinked. */
  links: Targets;
}

/** The links of a deal can be asked for together with the deal itself: nothing has to be known of it first. */
function dealLinksOf(judged: readonly Judged[]): Deletion[] {
  return judged
    .filter(({ rule }) => rule?.delete.some(({ what }) => what === 'deal-contacts'))
    .map(({ task: { record } }) => ({
      what: 'deal-contacts',
      method: 'crm.deal.contact.items.delete',
      ...record,
    }));
}

/** Commands that read everything a decision about these tasks rests on. */
export function lookCommands(judged: readonly Judged[]): Map<string, Command> {
  const records = judged.map(({ task }) => task.record);
  const rules = judged.flatMap(({ rule }) => rule ?? []);
  const stages = judged.map(({ task: { record, transition } }) => ({ ...record, ...transition }));
  return new Map([
    profileCommand,
    ...recordCommands(records, rules),
    ...stageCommands(stages),
    ...dealLinksOf(judged).map(linksCommand),
  ]);
}

/** As many of these, from the first on, as one request can look at. */
export function fittingLook(judged: readonly Judged[]): readonly Judged[] {
  let size = Math.min(judged.length, maxBatchCommands);
  while (size > 1 && lookCommands(judged.slice(0, size)).size > maxBatchCommands) size -= 1;
  return judged.slice(0, size);
}

export function readLook(judged: readonly Judged[], answers: ReadonlyMap<string, JudgedAnswer>, at: number): Look {
  const records = judged.map(({ task }) => task.record);
  const read = readRecords(records, answers, orLost(semanticsFrom(answers), judged));
  const failures = [...read.failures].flatMap(([key, answer]) =>
    answer.kind === 'error' ? [[key, answer.row] as const] : [],
  );
  return {
    at,
    profile: readProfile(answers),
    records: read.records,
    failures: new Map(failures),
    links: readTargets(dealLinksOf(judged), answers),
  };
}

/**
 * What a stage means has been asked of the pipelines that the tasks are about. Of a record in any other the decision is
 * made already: it has moved on, whatever its stage means.
 */
function orLost(known: SemanticsOf, judged: readonly Judged[]): SemanticsOf {
  const asked = new Set(judged.map(({ task }) => task.transition.stageId));
  return (entityTypeId, stageId) => known(entityTypeId, stageId) ?? (asked.has(stageId) ? undefined : 'F');
}

/** The limit that one of the commands ran into, if one did: what was not read for that is no trouble of the record. */
export function limitAmong(answers: Iterable<JudgedAnswer>): Verdict | undefined {
  for (const answer of answers) {
    if (answer.kind === 'error' && answer.row.reaction === 'wait-for-limit') return answer.row;
  }
  return undefined;
}
