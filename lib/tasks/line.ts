import type { Table } from '../aws/table.ts';
import type { Clock } from '../bitrix24/clock.ts';
import type { Command } from '../bitrix24/batch.ts';
import { EntityType } from '../bitrix24/entity-types.ts';
import { minute } from '../bitrix24/reactions.ts';
import { entityTypeOf } from '../rules/match.ts';
import type { Rule } from '../rules/schema.ts';
import { tasksPerMessage } from './messages.ts';
import { hour } from './schedule.ts';
import { type Deletion, deletionMethods, type HistoryEntry, type Task } from './task.ts';

/** A message that works at the lines has been received by then: it may have to wait for others of its portal. */
export const untilReceivedMs = 15 * minute;
/** Nobody holds a line for longer than this from now on: what says more was written by a clock that was ahead. */
const longestHoldMs = 60 * minute;

/** Who stands ahead stands before every turn, however long ago that was to come. */
const aheadMs = 365 * 24 * hour;
/** Of what is taken from the lines so much is kept for those whose turns are counted: one in so many. */
const keptOneIn = 6;
/** Who works a line off may let go of it just before the index shows him the last: the clock finds those then. */
const overlookedMs = 2 * minute;

const isOpen = '#status = :open';

/**
 * The line that a rule's tasks stand in at a portal before they have begun: that of the method they begin with, because
 * each method has an operating time of its own and must not wait for another's.
 */
export function lineOf(memberId: string, rule: Pick<Rule, 'when' | 'delete'>): string {
  return lineOfMethod(memberId, firstCommand(rule).method);
}

/** The line of whatever waits for this method. */
export function lineOfMethod(memberId: string, method: Deletion['method']): string {
  return `${memberId} ${method}`;
}

/** The call that the rule's tasks begin with, but for the record that it is about. */
export function firstCommand({
  when,
  delete: [first],
}: Pick<Rule, 'when' | 'delete'>): Command & Pick<Deletion, 'method'> {
  const item = (entityTypeId: number) => ({ method: 'crm.item.delete' as const, params: { entityTypeId } });
  switch (first?.what) {
    case 'deal-contacts':
      return { method: 'crm.deal.contact.items.delete', params: {} };
    case 'company-contacts':
      return { method: 'crm.company.contact.items.delete', params: {} };
    case 'contacts':
      return { ...item(EntityType.contact), method: first.via };
    case 'company':
      return item(EntityType.company);
    case 'items':
      return item(first.type);
    case 'deal':
    case 'lead':
    case 'item':
    case undefined:
      break;
  }
  return item(entityTypeOf(when.type));
}

/** A task that waits for its turn. */
export interface InLine {
  readonly taskId: string;
  /** What it begins or goes on with. */
  readonly method: Deletion['method'];
  /** ms since the epoch. */
  readonly turnAt: number;
}

/** Whether somebody works a portal's lines off, or nobody does and it is known when somebody goes on. */
export type LineState = 'worked-at' | 'goes-on-later' | 'idle';

/** How a task is to stand in line. Times in ms since the epoch. */
export interface Standing {
  readonly line: string;
  readonly turnAt: number;
  readonly nextAt: number;
  readonly history: HistoryEntry[];
}

/**
 * The tasks that were not sent because there were too many, or because a message is at work already, in the order of
 * their turns, and who works them off. One holder at a time does: where several went on by themselves, each would send
 * the next message, and a new task would wait behind all of these.
 */
export class Line {
  readonly #table: Table;
  readonly #clock: Clock;
  readonly #newId: () => string;

  /** `table`: the table `tasks`. */
  constructor(table: Table, clock: Clock, newId: () => string) {
    this.#table = table;
    this.#clock = clock;
    this.#newId = newId;
  }

  /**
   * The first of all that wait at a portal, at least so many of each line, in the order in which they are to be done: who
   * stands ahead first, the others by their turns, and one of the others among every five of the first, so that these come
   * to an end as well. Of those that have just ended some may still be among them.
   */
  async first(memberId: string, limit: number): Promise<InLine[]> {
    const lines = await Promise.all(deletionMethods.map((method) => this.#firstOf(memberId, method, limit)));
    const isAhead = (one: InLine): boolean => standsAhead(one, this.#clock());
    // Where there are so many ahead that nobody else is seen, who comes after them is asked for.
    const hidden = deletionMethods.filter((_, nth) => lines[nth]?.length === limit && lines[nth].every(isAhead));
    const after = this.#clock() - aheadMs / 2;
    const others = await Promise.all(hidden.map((method) => this.#firstOf(memberId, method, limit, after)));
    const all = [...lines, ...others].flat().toSorted((a, b) => a.turnAt - b.turnAt);
    return interleaved(
      all.filter(isAhead),
      all.filter((one) => !isAhead(one)),
    );
  }

  /** Takes hold of a portal's lines for a message that is about to be sent. Gives the holder that it has to name. */
  async take(memberId: string): Promise<string | undefined> {
    const holder = this.#newId();
    const isHeld = await this.hold(memberId, holder, this.#clock() + untilReceivedMs);
    return isHeld ? holder : undefined;
  }

  /** Takes hold of a portal's lines, or keeps them, until then (ms since the epoch). False when somebody else has them. */
  async hold(memberId: string, holder: string, until: number): Promise<boolean> {
    const now = this.#clock();
    const row = await this.#table.update(lineKey(memberId), {
      set: 'SET #holder = :holder, #heldUntil = :until',
      if: 'attribute_not_exists(#heldUntil) OR #heldUntil <= :now OR #heldUntil > :farthest OR #holder = :holder',
      values: { holder, until, now, farthest: now + longestHoldMs },
    });
    return row !== undefined;
  }

  /** Whoever comes from now on may take hold. */
  async letGo(memberId: string, holder: string): Promise<void> {
    await this.#table.update(lineKey(memberId), {
      set: 'SET #heldUntil = :now',
      if: '#holder = :holder',
      values: { holder, now: this.#clock() },
    });
  }

  /**
   * Notes that somebody will be sent to go on then (ms since the epoch), and at no other moment. Nobody has hold until
   * then: what can be done before, by another method, is done. False when that is noted already.
   */
  async willGoOn(memberId: string, at: number): Promise<boolean> {
    const row = await this.#table.update(lineKey(memberId), {
      set: 'SET #goesOnAt = :at',
      if: 'attribute_not_exists(#goesOnAt) OR #goesOnAt <> :at',
      values: { at },
    });
    return row !== undefined;
  }

  /** Whether somebody works the lines off, or will go on at a moment that is known. */
  async isHeld(memberId: string): Promise<boolean> {
    return (await this.state(memberId)) !== 'idle';
  }

  async state(memberId: string): Promise<LineState> {
    const row = await this.#table.get(lineKey(memberId));
    const now = this.#clock();
    const isToCome = (moment: unknown): boolean => {
      const left = Number(moment ?? 0) - now;
      return left > 0 && left <= longestHoldMs;
    };
    if (isToCome(row?.['heldUntil'])) return 'worked-at';
    return isToCome(row?.['goesOnAt']) ? 'goes-on-later' : 'idle';
  }

  /**
   * Lets a task wait in that line until whoever works it off comes to it; `nextAt` is when it comes due if nobody does.
   */
  async stand(taskId: string, { line, turnAt, nextAt, history }: Standing): Promise<void> {
    await this.#table.update(taskKey(taskId), {
      set:
        'SET #line = :line, #turnAt = :turnAt, #nextAt = :nextAt, #claims = :none, ' +
        '#history = list_append(#history, :history)',
      if: isOpen,
      values: { line, turnAt, nextAt: Math.ceil(nextAt), none: 0, history, open: 'open' },
    });
  }

  /**
   * A task that would go at once stands before all whose turns are counted, because somebody is at work at the portal.
   * Nothing changes for one that stands in line already, has ended, or was put off meanwhile.
   */
  async standAhead(taskId: string): Promise<void> {
    const now = this.#clock();
    await this.#table.update(taskKey(taskId), {
      set: 'SET #turnAt = :turnAt, #nextAt = :nextAt, #claims = :none',
      if:
        `${isOpen} AND attribute_exists(#line) AND attribute_not_exists(#turnAt) AND ` +
        '(attribute_not_exists(#notBefore) OR #notBefore <= :now)',
      values: { turnAt: now - aheadMs, nextAt: now + overlookedMs, now, none: 0, open: 'open' },
    });
  }

  /** A task that was claimed is not sent but waits for its turn, which counts as no claim. */
  async giveTurn(
    { taskId, nextAt: claimedTo = 0, line }: Pick<Task, 'taskId' | 'nextAt' | 'line'>,
    slotAt: number,
  ): Promise<void> {
    await this.#table.update(taskKey(taskId), {
      set:
        'SET #nextAt = :slotAt, #slotAt = :slotAt, #claims = :none' + (line === undefined ? '' : ', #turnAt = :slotAt'),
      if: '#nextAt = :claimedTo',
      values: { slotAt, claimedTo, none: 0 },
    });
  }

  /** A task that was claimed is not sent: it stands in line, and the line is being worked off. That is no claim. */
  async leave({ taskId, nextAt: claimedTo = 0 }: Pick<Task, 'taskId' | 'nextAt'>): Promise<void> {
    await this.#table.update(taskKey(taskId), {
      set: 'SET #claims = :none',
      if: '#nextAt = :claimedTo',
      values: { claimedTo, none: 0 },
    });
  }

  async #firstOf(memberId: string, method: InLine['method'], limit: number, after = 0): Promise<InLine[]> {
    const values = { line: lineOfMethod(memberId, method), after };
    const where = '#line = :line AND #turnAt > :after';
    const { items } = await this.#table.query({ index: 'turns', where, values, limit });
    return items.map(({ taskId, turnAt }) => ({ taskId: String(taskId), method, turnAt: Number(turnAt) }));
  }
}

/**
 * Of those that have been given their turns, which are sent so that somebody is at work: none where somebody is. Where
 * somebody comes when a closed method opens, those that begin with another one.
 */
export function toBeginWith<T extends { readonly line?: string | undefined }>(
  state: LineState,
  inLine: readonly T[],
  isClosed: (method: string) => boolean,
): T[] {
  if (state === 'worked-at') return [];
  const isFree = ({ line = '' }: T): boolean => !isClosed(line.slice(line.indexOf(' ') + 1));
  return inLine.filter((one) => state === 'idle' || isFree(one)).slice(0, tasksPerMessage);
}

/** Whether it stands before all whose turns are counted. */
export function standsAhead({ turnAt }: { turnAt?: number | undefined }, now: number): boolean {
  return turnAt !== undefined && turnAt < now - aheadMs / 2;
}

/** One of the others after every few of the first. */
function interleaved<T>(first: readonly T[], others: readonly T[]): T[] {
  const rest = [...others];
  const mixed = first.flatMap((one, nth) => ((nth + 1) % (keptOneIn - 1) === 0 ? [one, ...rest.splice(0, 1)] : [one]));
  return [...mixed, ...rest];
}

function taskKey(taskId: string) {
  return { taskId, sk: 'task' };
}

function lineKey(memberId: string) {
  return { taskId: `line:${memberId}`, sk: 'line' };
}
