import type { AnswerTime } from '../bitrix24/answers.ts';
import type { Command } from '../bitrix24/batch.ts';
import type { Clock } from '../bitrix24/clock.ts';
import { type Measured, type MethodUse, type Room, roomFor, withMeasured } from '../bitrix24/limits.ts';
import { minute, second } from '../bitrix24/reactions.ts';
import type { BudgetStore } from './budgets.ts';
import type { Portal } from './portal.ts';
import type { JudgedAnswer } from './judge.ts';
import { PortalBusy } from './waiting.ts';

/** A batch that is expected to work longer than this may be cut by the portal at 60 s. */
const longestBatchSeconds = 45;
/** Reads are cheap; their use is only worth a write to the table when they take more than this part of the limit. */
const notableShare = 0.25;

/** One portal's operating time: predicted before a batch, corrected from its answer. */
export class OperatingMeter {
  readonly #budgets: BudgetStore;
  readonly #clock: Clock;
  readonly #portal: Portal;

  constructor(budgets: BudgetStore, clock: Clock, portal: Portal) {
    this.#budgets = budgets;
    this.#clock = clock;
    this.#portal = portal;
  }

  /**
   * How many of `wanted` calls of a method one batch may carry now, and if not all of them, when there will be room
   * for more. The portal bills a batch to its methods or to `batch` itself, so both have to have room.
   */
  async room(method: string, wanted: number): Promise<Room> {
    const uses = await this.#uses();
    const use = uses.get(method);
    const batch = uses.get('batch');
    const { limits } = this.#portal;
    const own = roomFor(use, wanted, limits, this.#clock());
    const outer = roomFor(batch && { ...batch, perCall: use?.perCall ?? 0 }, wanted, limits, this.#clock());
    const room = outer.calls < own.calls ? outer : own;
    const longest = use && use.perCall > 0 ? Math.max(1, Math.floor(longestBatchSeconds / use.perCall)) : wanted;
    return { ...room, calls: Math.min(room.calls, longest) };
  }

  /**
   * A read is not cut down to what has room; it is sent when there is any at all.
   *
   * @throws PortalBusy when a method of the batch, or `batch` itself, has no room left
   */
  async require(commands: ReadonlyMap<string, Command>): Promise<void> {
    const uses = await this.#uses();
    const now = this.#clock();
    for (const [method, calls] of [...callsByMethod(commands), ['batch', 1] as const]) {
      const room = roomFor(uses.get(method), calls, this.#portal.limits, now);
      if (room.calls === 0) {
        const until = Math.max(room.waitUntil ?? 0, now + second);
        throw new PortalBusy(`${method} has no operating time left on ${this.#portal.domain}`, { until });
      }
    }
  }

  /** Notes what the calls took, from the times in the answers. */
  async measure(
    commands: ReadonlyMap<string, Command>,
    answers: ReadonlyMap<string, JudgedAnswer>,
    envelope: AnswerTime | undefined,
    write: boolean,
  ): Promise<void> {
    const seen = new Map<string, Measured>();
    const refused = new Set<string>();
    for (const [key, answer] of answers) {
      const method = commands.get(key)?.method ?? '';
      if (answer.kind === 'error' && answer.row.limit === 'operating') refused.add(method);
      if (answer.kind === 'result' && answer.time) seen.set(method, plus(seen.get(method), answer.time));
    }
    if (envelope?.operating !== undefined) seen.set('batch', plus(undefined, envelope));

    for (const method of refused) {
      seen.delete(method);
      await this.block(method);
    }
    const { limits } = this.#portal;
    const notable = [...seen].filter(
      ([, { operating = 0 }]) => write || operating > notableShare * limits.operatingSeconds,
    );
    await this.#note(new Map(notable));
  }

  /** Nobody knows how long the portal worked, so all of the time we waited is charged. */
  async chargeUnanswered(commands: ReadonlyMap<string, Command>, waitedMs: number): Promise<void> {
    const seconds = waitedMs / 1000;
    await this.#note(new Map([...callsByMethod(commands)].map(([method, calls]) => [method, { calls, seconds }])));
  }

  /**
   * The portal refused the method for its operating time: until the reset it last named, else for a minute.
   *
   * @returns until when, in ms since the epoch
   */
  async block(method: string): Promise<number> {
    const now = this.#clock();
    const use = (await this.#uses()).get(method);
    const until = use !== undefined && use.resetAt > now ? use.resetAt : now + minute;
    const blocked = { operating: 0, perCall: 0, ...use, resetAt: until, at: now, blockedUntil: until };
    await this.#budgets.setOperating(this.#portal.memberId, new Map([[method, blocked]]));
    return until;
  }

  #uses(): Promise<Map<string, MethodUse>> {
    return this.#budgets.operating(this.#portal.memberId);
  }

  async #note(seen: ReadonlyMap<string, Measured>): Promise<void> {
    if (seen.size === 0) return;
    const before = await this.#uses();
    const { limits, memberId } = this.#portal;
    const after = [...seen].map(
      ([method, measured]) => [method, withMeasured(before.get(method), measured, limits, this.#clock())] as const,
    );
    await this.#budgets.setOperating(memberId, new Map(after));
  }
}

function callsByMethod(commands: ReadonlyMap<string, Command>): Map<string, number> {
  const calls = new Map<string, number>();
  for (const { method } of commands.values()) calls.set(method, (calls.get(method) ?? 0) + 1);
  return calls;
}

function plus(sum: Measured = { calls: 0, seconds: 0 }, time: AnswerTime): Measured {
  return {
    calls: sum.calls + 1,
    seconds: sum.seconds + (time.duration ?? 0),
    operating: time.operating ?? sum.operating,
    resetAt: time.operating_reset_at === undefined ? sum.resetAt : time.operating_reset_at * 1000,
  };
}
