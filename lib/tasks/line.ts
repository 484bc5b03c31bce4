import type { Table } from '../aws/table.ts';
import type { Clock } from '../bitrix24/clock.ts';
import type { Command } from '../bitrix24/batch.ts';
import { EntityType } from '../bitrix24/entity-types.ts';
import { minute } from '../bitrix24/reactions.ts';
import { entityTypeOf } from '../rules/match.ts';
import type { Rule } from '../rules/schema.ts';
import { type Deletion, deletionMethods } from './task.ts';

/** Nobody holds a line for longer than this from now on: what says more was written by a clock that was ahead. */
const longestHoldMs = 60 * minute;

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

/**
 * The tasks that were not sent because there were too many, in the order of their turns, and who works them off. One
 * holder at a time does: where several went on by themselves, each would send the next message, and a new task would
 * wait behind all of these.
 */
export class Line {
  readonly #table: Table;
  readonly #clock: Clock;

  /** `table`: the table `tasks`. */
  constructor(table: Table, clock: Clock) {
    this.#table = table;
    this.#clock = clock;
  }

  /**
   * The first of all that wait at a portal, in the order of their turns; of those that have just ended some may still be
   * among them.
   */
  async first(memberId: string, limit: number): Promise<InLine[]> {
    const lines = await Promise.all(deletionMethods.map((method) => this.#firstOf(memberId, method, limit)));
    return lines.flat().toSorted((a, b) => a.turnAt - b.turnAt);
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
    const row = await this.#table.get(lineKey(memberId));
    const now = this.#clock();
    return [row?.['heldUntil'], row?.['goesOnAt']].some((until) => {
      const left = Number(until ?? 0) - now;
      return left > 0 && left <= longestHoldMs;
    });
  }

  async #firstOf(memberId: string, method: InLine['method'], limit: number): Promise<InLine[]> {
    const values = { line: lineOfMethod(memberId, method) };
    const { items } = await this.#table.query({ index: 'turns', where: '#line = :line', values, limit });
    return items.map(({ taskId, turnAt }) => ({ taskId: String(taskId), method, turnAt: Number(turnAt) }));
  }
}

function lineKey(memberId: string) {
  return { taskId: `line:${memberId}`, sk: 'line' };
}
