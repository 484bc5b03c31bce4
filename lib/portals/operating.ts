import type { AnswerTime } from '../bitrix24/answers.ts';
import { type Command, maxBatchCommands } from '../bitrix24/batch.ts';
import type { Clock } from '../bitrix24/clock.ts';
import { type Measured, type MethodUse, roomFor, withMeasured } from '../bitrix24/limits.ts';
import { minute, second } from '../bitrix24/reactions.ts';
import type { Strictness } from '../bitrix24/strictness.ts';
import type { BudgetStore } from './budgets.ts';
import type { Portal } from './portal.ts';
import type { JudgedAnswer } from './judge.ts';
import { PortalBusy } from './waiting.ts';

/** A batch that is expected to work longer than this may be cut by the portal at 60 s. */
export const longestBatchSeconds = 45;
/** Reads are cheap; their use is only worth a write to the table when they take more than this part of the limit. */
const notableShare = 0.25;

/**
 * Seconds that a deletion is taken for until one of its kind has been measured, so that the first batch is a small one:
 * what takes 0.1 s on one portal takes 20 s on another. Reads are quick.
 */
const firstGuess = 9;

/** Under which name the time of one call is kept: deleting a contact takes another time than deleting an item. */
function costKey({ method, params }: Command): string {
  return method === 'crm.item.delete' ? `${method}#${String(params['entityTypeId'])}` : method;
}

function secondsOf(command: Command, uses: ReadonlyMap<string, MethodUse>, guess = firstGuess): number {
  const measured = uses.get(costKey(command))?.perCall ?? 0;
  return measured === 0 && command.method.endsWith('.delete') ? guess : measured;
}

/**
 * When a method may be called again, in ms since the epoch; undefined when it has room now. The portal bills a batch to
 * its methods or to `batch` itself, so both count.
 */
export function closedUntil(
  method: string,
  uses: ReadonlyMap<string, MethodUse>,
  limits: Portal['limits'],
  now: number,
): number | undefined {
  const rooms = [method, 'batch'].map((key) => roomFor(uses.get(key), 1, limits, now));
  const closed = rooms.filter(({ calls }) => calls === 0).map(({ waitUntil = now }) => waitUntil);
  return closed.length === 0 ? undefined : Math.max(...closed);
}

export interface BatchRoom {
  /** For each call whether it may be sent now. */
  readonly fits: readonly boolean[];
  /** ms since the epoch: when there will be room for the others. Absent: in the next batch. */
  readonly waitUntil?: number;
}

/** One portal's operating time: predicted before a batch, corrected from its answer. */
export class OperatingMeter {
  readonly #budgets: BudgetStore;
  readonly #clock: Clock;
  readonly #portal: Portal;
  readonly #onTightened: (method: string, strictness: Strictness) => void;

  constructor(
    budgets: BudgetStore,
    clock: Clock,
    portal: Portal,
    onTightened: (method: string, strictness: Strictness) => void = () => undefined,
  ) {
    this.#budgets = budgets;
    this.#clock = clock;
    this.#portal = portal;
    this.#onTightened = onTightened;
  }

  /** Seconds that each of these calls is expected to take, `guess` for a deletion not yet measured; 0 for none. */
  async secondsOf(commands: readonly (Command | undefined)[], guess?: number): Promise<number[]> {
    const uses = await this.#uses();
    return commands.map((command) => (command ? secondsOf(command, uses, guess) : 0));
  }

  /** Those of these methods that have no room now, and when they have (ms since the epoch). */
  async closed(methods: readonly string[]): Promise<Map<string, number>> {
    const uses = await this.#uses();
    const now = this.#clock();
    return new Map(
      methods.flatMap((method) => {
        const until = closedUntil(method, uses, this.#portal.limits, now);
        return until === undefined || until <= now ? [] : [[method, until] as const];
      }),
    );
  }

  /**
   * Which of these calls one batch may carry now. The portal bills a batch to its methods or to `batch` itself, so both
   * have to have room; a method that has none does not hold up the others.
   *
   * @param commands the calls, in their order
   */
  async room(commands: readonly Command[]): Promise<BatchRoom> {
    const uses = await this.#uses();
    const outer = uses.get('batch');
    const now = this.#clock();
    const { limits } = this.#portal;
    const calls = new Map<string, number>();
    let [size, seconds] = [0, 0];
    let waitUntil: number | undefined;
    let isFull = false;
    const fits = commands.map((command) => {
      const { method } = command;
      const use = uses.get(method);
      const nth = (calls.get(method) ?? 0) + 1;
      const cost = secondsOf(command, uses);
      const after = seconds + cost;
      const own = roomFor(use && { ...use, perCall: Math.max(use.perCall, cost) }, nth, limits, now);
      const whole = roomFor(outer && { ...outer, perCall: after / (size + 1) }, size + 1, limits, now);
      const blocked = own.calls < nth ? own : whole.calls <= size ? whole : undefined;
      if (blocked) {
        waitUntil = Math.min(waitUntil ?? Number.POSITIVE_INFINITY, blocked.waitUntil ?? now);
        return false;
      }
      isFull ||= size === maxBatchCommands || (size > 0 && after > longestBatchSeconds);
      if (isFull) return false;
      calls.set(method, nth);
      size += 1;
      seconds = after;
      return true;
    });
    return { fits, ...(!isFull && waitUntil !== undefined && { waitUntil }) };
  }

  /**
   * What these methods have left is too little for a call that was to be made: nobody needs to look again before then (ms
   * since the epoch), or others would read the records for nothing. Ends with the next call that is measured.
   */
  async noteFull(methods: readonly string[], until: number): Promise<void> {
    const uses = await this.#uses();
    const unused = { operating: 0, resetAt: until, perCall: 0, at: this.#clock() };
    const full = methods.map((method) => [method, { ...(uses.get(method) ?? unused), fullUntil: until }] as const);
    await this.#budgets.setOperating(this.#portal.memberId, new Map(full));
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
      if (answer.kind !== 'result' || !answer.time) continue;
      const command = commands.get(key);
      const cost = command && costKey(command);
      seen.set(method, plus(seen.get(method), answer.time));
      if (cost !== undefined && cost !== method) seen.set(cost, plus(seen.get(cost), answer.time));
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

  /**
   * Nobody knows how long the portal worked, so all of the time we waited is charged: to the methods and, where the portal
   * is known to bill it, to `batch`.
   */
  async chargeUnanswered(commands: ReadonlyMap<string, Command>, waitedMs: number): Promise<void> {
    const seconds = waitedMs / 1000;
    const costs = Map.groupBy([...commands.values()].map(costKey), (key) => key);
    const calls = new Map([
      ...callsByMethod(commands),
      ...[...costs].map(([key, some]) => [key, some.length] as const),
    ]);
    if (isBilled((await this.#uses()).get('batch'))) calls.set('batch', 1);
    const seen = new Map([...calls].map(([key, count]) => [key, { calls: count, seconds }]));
    await this.#note(seen, { isAnswered: false });
  }

  /**
   * The portal refused the method for its operating time: until the reset it last named, else for a minute. And because
   * we had taken it to have room, it gets less from now on (strictness.ts).
   *
   * @returns until when, in ms since the epoch
   */
  async block(method: string): Promise<number> {
    const now = this.#clock();
    const use = (await this.#uses()).get(method);
    const until = use !== undefined && use.resetAt > now ? use.resetAt : now + minute;
    const blocked = { operating: 0, perCall: 0, ...use, resetAt: until, at: now, blockedUntil: until };
    const { memberId } = this.#portal;
    await this.#budgets.setOperating(memberId, new Map([[method, blocked]]));
    const tighter = await this.#budgets.tightenOperating(memberId, method, use?.strictness);
    if (tighter) this.#onTightened(method, tighter);
    return until;
  }

  #uses(): Promise<Map<string, MethodUse>> {
    return this.#budgets.operating(this.#portal.memberId);
  }

  /** Only an answer shows that a method is open again which somebody else has found closed meanwhile. */
  async #note(seen: ReadonlyMap<string, Measured>, { isAnswered = true } = {}): Promise<void> {
    if (seen.size === 0) return;
    const before = await this.#uses();
    const { limits, memberId } = this.#portal;
    const after = [...seen].map(([method, measured]) => {
      const use = before.get(method);
      const blockedUntil = isAnswered ? undefined : use?.blockedUntil;
      return [method, { ...withMeasured(use, measured, limits, this.#clock()), blockedUntil }] as const;
    });
    await this.#budgets.setOperating(memberId, new Map(after));
  }
}

/** Portals that bill a batch to its methods alone name the operating time of `batch` as well, as none. */
function isBilled(use: MethodUse | undefined): boolean {
  return use !== undefined && (use.operating > 0 || use.blockedUntil !== undefined);
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
