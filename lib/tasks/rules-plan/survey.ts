import { type Command, maxBatchCommands } from '../../bitrix24/batch.ts';
import type { JudgedAnswer } from '../../portals/judge.ts';
import type { SemanticsOf } from '../read-records.ts';
import type { Keeping } from './keeping.ts';
import { type LostPage, type LostSearch, LostUnreadable, pageCommand, readPage } from './lost-page.ts';
import type { PlannedRecord, PlanView, RuleTally } from './tally.ts';

/** Sends at most 50 commands that only read, and waits where the portal asks to. */
export type Ask = (commands: ReadonlyMap<string, Command>) => Promise<Map<string, JudgedAnswer>>;

export interface SurveyOptions {
  readonly ask: Ask;
  readonly searches: readonly LostSearch[];
  readonly tallies: readonly RuleTally[];
  readonly semanticsOf: SemanticsOf;
  readonly view: PlanView;
  readonly keeping: Keeping;
  /** No more records than this are looked at. */
  readonly most: number;
  /** Given each record that a rule is about. */
  readonly planned: (record: PlannedRecord) => Promise<void> | void;
  /** Told after each page how many records have been looked at. */
  readonly progress?: (read: number) => void;
}

export interface Survey {
  /** Records looked at, by type. */
  readonly read: ReadonlyMap<number, number>;
  /** Rows that cannot be read. */
  readonly unread: number;
  /** Whether there are records behind those that were looked at. */
  readonly more: boolean;
}

/**
 * Looks at every lost record of some types, a page of each in one request, by growing ids, and lets the rules count
 * what they would do. Nothing is changed, and no more than a page is held.
 *
 * @throws LostUnreadable, and what `ask` throws
 */
export async function surveyLost(options: SurveyOptions): Promise<Survey> {
  const { ask, searches, tallies, semanticsOf, most } = options;
  const rules = tallies.map(({ rule }) => rule);
  const open = new Map(searches.map((search) => [search.entityTypeId, { search, after: 0 }]));
  const read = new Map<number, number>(searches.map(({ entityTypeId }) => [entityTypeId, 0]));
  let [sum, unread] = [0, 0];
  while (open.size > 0 && sum < most) {
    const pages = [...open.values()].slice(0, maxBatchCommands);
    const answers = await ask(
      new Map(pages.map(({ search, after }) => [`p${search.entityTypeId}`, pageCommand(search, after, rules)])),
    );
    for (const { search, after } of pages) {
      const { entityTypeId } = search;
      const page = readPage(search, after, answers.get(`p${entityTypeId}`), semanticsOf);
      await takePage(options, entityTypeId, page);
      const count = page.records.length + page.unread;
      read.set(entityTypeId, (read.get(entityTypeId) ?? 0) + count);
      sum += count;
      unread += page.unread;
      if (page.isLast) open.delete(entityTypeId);
      else open.set(entityTypeId, { search, after: page.last });
    }
    options.progress?.(sum);
  }
  return { read, unread, more: open.size > 0 };
}

async function takePage(
  { ask, tallies, view, keeping, planned }: SurveyOptions,
  entityTypeId: number,
  { records }: LostPage,
): Promise<void> {
  const totals = new Map<string, { tally: RuleTally; command: Command }>();
  for (const [index, tally] of tallies.entries()) {
    const about = records.filter(({ record }) => tally.isAbout(record, view));
    if (about.length === 0) continue;
    const sparing = await keeping(tally.rule, entityTypeId, about);
    const matching: number[] = [];
    for (const { id, record } of about) {
      const row = tally.add(id, record, view, sparing.get(id));
      if (row.kept === undefined) matching.push(id);
      await planned(row);
    }
    if (matching.length === 0) continue;
    for (const type of tally.itemTypes) {
      const filter = { [`@parentId${entityTypeId}`]: matching };
      const command = { method: 'crm.item.list', params: { entityTypeId: type, filter, select: ['id'], start: 0 } };
      totals.set(`n${index}t${type}`, { tally, command });
    }
  }
  const all = [...totals];
  for (let start = 0; start < all.length; start += maxBatchCommands) {
    const some = all.slice(start, start + maxBatchCommands);
    const answers = await ask(new Map(some.map(([key, { command }]) => [key, command])));
    for (const [key, { tally }] of some) {
      const answer = answers.get(key);
      const total = answer?.kind === 'result' ? answer.total : undefined;
      if (total === undefined)
        throw new LostUnreadable(`The portal does not say how many items rule ${tally.rule.id} deletes`);
      tally.addItems(total);
    }
  }
}
