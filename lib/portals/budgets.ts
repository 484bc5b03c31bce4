import * as z from 'zod';
import type { Item, Table } from '../aws/table.ts';
import type { Clock } from '../bitrix24/clock.ts';
import { type MethodUse, methodUseSchema, type PortalLimits } from '../bitrix24/limits.ts';
import { operatingCourse, type Strictness, strictnessSchema } from '../bitrix24/strictness.ts';
import { noteRefusal } from './note-refusal.ts';

const rateKey = (memberId: string) => ({ memberId, sk: 'budget#rate' });
const sendsKey = (memberId: string, lane: string) => ({ memberId, sk: `budget#sends#${lane}` });
/** A turn is never further away than this: what cannot be done in a day is not put off for longer by this. */
const farthestSendMs = 24 * 3600 * 1000;
/** Clocks differ by so much, and a bucket may have been larger before its limits were changed. */
const slackMs = 60_000;
/** No portal blocks for longer. */
const farthestBlockMs = 24 * 3600 * 1000;
/** Of a smaller bucket no part is kept: who reads could need more at once than is left to him, and wait for ever. */
const smallestShared = 10;
const operatingKey = (memberId: string) => ({ memberId, sk: 'budget#operating' });
/** In that row, beside the use of a method: its measures are written again and again and must not undo a refusal. */
const strictnessOf = (method: string) => `strict#${method}`;

/** Rows of the table, so far as they can be read: a method whose use is malformed counts as never measured. */
const operatingRowSchema = z.record(z.string(), z.unknown()).transform((row) => {
  const uses = new Map<string, MethodUse>();
  for (const [method, value] of Object.entries(row)) {
    const use = methodUseSchema.safeParse(value);
    if (!use.success) continue;
    const strictness = strictnessSchema.safeParse(row[strictnessOf(method)]).data;
    uses.set(method, { ...use.data, ...(strictness && { strictness }) });
  }
  return uses;
});

/** How fast tasks are sent to be worked at: `burst` at once, then so many in a second. */
export interface SendPace {
  readonly perSecond: number;
  readonly burst: number;
}

/** A place in the bucket. */
export interface Turn {
  /** How many requests it is for. */
  readonly requests: number;
  /** When the bucket would be empty with them in it, in ms since the epoch, and how many ms one takes to drain. */
  readonly emptyAt: number;
  readonly drainMs: number;
}

/** `until`: when to ask again, in ms since the epoch. */
export type Taken = { readonly turn: Turn } | { readonly until: number };

function granted(row: Item, requests: number, drainMs: number): Taken {
  return { turn: { requests, emptyAt: Number(row['emptyAt']), drainMs } };
}

/**
 * What a portal allows and how much of it is used, shared by all functions through the rows `budget#rate` and
 * `budget#operating` of the table `portals`, because Lambdas share nothing else.
 */
export class BudgetStore {
  readonly #table: Table;
  readonly #clock: Clock;

  constructor(table: Table, clock: Clock) {
    this.#table = table;
    this.#clock = clock;
  }

  /**
   * Takes requests out of the portal's leaky bucket, all of them or none. The row holds when the bucket will be empty
   * (`emptyAt`), so that one conditional write decides, without a read before it.
   *
   * @param share the part of the bucket that may be full of them and of what others have taken
   * @returns the turn when they were granted, else when to ask again
   */
  async takeRequests(
    memberId: string,
    { requestsPerSecond, burst }: PortalLimits,
    count: number,
    share = 1,
  ): Promise<Taken> {
    const now = this.#clock();
    const drainMs = 1000 / requestsPerSecond;
    // More than the bucket holds can never be had at once.
    const requests = Math.min(count, burst);
    const taken = requests * drainMs;
    const fill = burst < smallestShared ? burst : burst * share;
    // In an empty bucket there is room for them in any case.
    const room = Math.max(fill * drainMs - taken, 0);
    // What is further ahead than can be was written by a clock that was ahead, and says nothing.
    const tooFar = { farthest: now + burst * drainMs + slackMs, farthestBlock: now + farthestBlockMs };
    const notBlocked =
      '(attribute_not_exists(#blockedUntil) OR #blockedUntil <= :now OR #blockedUntil > :farthestBlock)';

    const fromEmpty = await this.#table.update(rateKey(memberId), {
      set: 'SET #emptyAt = :next',
      if: `(attribute_not_exists(#emptyAt) OR #emptyAt < :now OR #emptyAt > :farthest) AND ${notBlocked}`,
      values: { now, next: now + taken, ...tooFar },
    });
    if (fromEmpty) return granted(fromEmpty, requests, drainMs);

    const added = await this.#table.update(rateKey(memberId), {
      set: 'SET #emptyAt = #emptyAt + :taken',
      if: `#emptyAt BETWEEN :now AND :full AND ${notBlocked}`,
      values: { now, full: now + room, taken, farthestBlock: tooFar.farthestBlock },
    });
    if (added) return granted(added, requests, drainMs);

    const row = await this.#table.get(rateKey(memberId));
    const block = Number(row?.['blockedUntil'] ?? 0);
    const blockedUntil = block > tooFar.farthestBlock ? 0 : block;
    const emptyAt = Number(row?.['emptyAt'] ?? now);
    return { until: Math.ceil(Math.max(now + drainMs, blockedUntil, emptyAt - room)) };
  }

  /**
   * Gives back requests that were taken and not sent. Only while the bucket cannot have been empty since they were
   * taken: after that they have drained, as if they had been sent.
   */
  async giveBackRequests(memberId: string, { emptyAt, drainMs }: Turn, count: number): Promise<void> {
    const now = this.#clock();
    if (count <= 0 || now >= emptyAt) return;
    const given = count * drainMs;
    await this.#table.update(rateKey(memberId), {
      set: 'SET #emptyAt = #emptyAt - :given',
      if: '#emptyAt >= :least',
      values: { given, least: now + given },
    });
  }

  /** The portal refused us: nobody asks it anything before `until`. */
  async blockRequests(memberId: string, until: number): Promise<void> {
    await this.#table.update(rateKey(memberId), {
      set: 'SET #blockedUntil = :until',
      if: 'attribute_not_exists(#blockedUntil) OR #blockedUntil < :until OR #blockedUntil > :farthest',
      values: { until, farthest: this.#clock() + farthestBlockMs },
    });
  }

  /** The use of each method that has been measured, but for what a clock that was ahead has written. */
  async operating(memberId: string): Promise<Map<string, MethodUse>> {
    const uses = operatingRowSchema.parse((await this.#table.get(operatingKey(memberId))) ?? {});
    const latest = this.#clock() + slackMs;
    return new Map([...uses].filter(([, { at }]) => at <= latest));
  }

  /** Notes the use of these methods; others stay as they are. */
  async setOperating(memberId: string, uses: ReadonlyMap<string, MethodUse>): Promise<void> {
    const entries = [...uses].map(([method, use], index) => ({ method, use, name: `m${index}` }));
    if (entries.length === 0) return;
    await this.#table.update(operatingKey(memberId), {
      set: `SET ${entries.map(({ name }) => `#${name} = :${name}`).join(', ')}`,
      aliases: Object.fromEntries(entries.map(({ name, method }) => [name, method])),
      values: Object.fromEntries(entries.map(({ name, use }) => [name, { ...use, strictness: undefined }])),
    });
  }

  /**
   * The portal has refused the method for its operating time. Gives how much stricter than its settings it counts as from
   * now on; undefined when that is no stricter than before.
   *
   * @param seen what was known of it before
   */
  async tightenOperating(
    memberId: string,
    method: string,
    seen: Strictness | undefined,
  ): Promise<Strictness | undefined> {
    const kept = { key: operatingKey(memberId), attribute: strictnessOf(method), seen };
    return noteRefusal(this.#table, kept, operatingCourse, this.#clock());
  }

  /**
   * Turns for so many tasks of a lane to be sent, in their order: a leaky bucket for each lane, in the row
   * `budget#sends#<lane>`, moved by one write for all of them.
   *
   * @returns for each the moment of its turn, in ms since the epoch; not after now: at once
   */
  async takeSends(memberId: string, lane: string, { perSecond, burst }: SendPace, count: number): Promise<number[]> {
    const now = this.#clock();
    const stepMs = 1000 / perSecond;
    const taken = Math.min(count * stepMs, farthestSendMs);
    const farthest = now + farthestSendMs;
    const fromEmpty = await this.#table.update(sendsKey(memberId, lane), {
      set: 'SET #emptyAt = :next',
      if: 'attribute_not_exists(#emptyAt) OR #emptyAt < :now OR #emptyAt > :tooFar',
      values: { now, next: now + taken, tooFar: farthest + farthestSendMs + slackMs },
    });
    const row =
      fromEmpty ??
      (await this.#table.update(sendsKey(memberId, lane), {
        set: 'SET #emptyAt = #emptyAt + :taken',
        if: '#emptyAt < :farthest',
        values: { farthest, taken },
      }));
    const began = row === undefined ? farthest : Number(row['emptyAt']) - taken;
    return Array.from({ length: count }, (_, index) => {
      const turn = Math.ceil(began + (index + 1 - burst) * stepMs);
      return Math.min(farthest, Math.max(now, turn));
    });
  }

  /** Turns that were not needed after all. */
  async giveBackSends(memberId: string, lane: string, { perSecond }: SendPace, count: number): Promise<void> {
    if (count === 0) return;
    await this.#table.update(sendsKey(memberId, lane), {
      set: 'SET #emptyAt = #emptyAt - :given',
      if: 'attribute_exists(#emptyAt)',
      values: { given: (count * 1000) / perSecond },
    });
  }
}

/** Requests that were taken together, to be sent one by one. Safe for calls that run at once. */
export class Reservation {
  readonly #budgets: BudgetStore;
  readonly #memberId: string;
  /** Of what the bucket never holds at once, the rest is sent all the same, and there is nothing of it to give back. */
  readonly #beyond: number;
  #turn: Turn;
  #unsent: number;
  #isReleased = false;

  constructor(budgets: BudgetStore, memberId: string, turn: Turn, requests: number) {
    this.#budgets = budgets;
    this.#memberId = memberId;
    this.#beyond = requests - turn.requests;
    this.#turn = turn;
    this.#unsent = requests;
  }

  /** One is about to be sent. False: there is none left. */
  claim(): boolean {
    if (this.#unsent <= 0) return false;
    this.#unsent -= 1;
    return true;
  }

  /** One that was claimed is not sent after all: it is for the next call or, after the release, for others. */
  async putBack(): Promise<void> {
    this.#unsent += 1;
    if (this.#isReleased) await this.release();
  }

  /** Gives back what is neither sent nor about to be. */
  async release(): Promise<void> {
    this.#isReleased = true;
    const unused = this.#unsent - this.#beyond;
    if (unused <= 0) return;
    const turn = this.#turn;
    // Counted before it is written, so that nothing is given back twice. Without them the rest drains the sooner.
    this.#unsent -= unused;
    this.#turn = { ...turn, emptyAt: turn.emptyAt - unused * turn.drainMs };
    await this.#budgets.giveBackRequests(this.#memberId, turn, unused);
  }
}
