import type { Count, Log } from '../aws/telemetry.ts';
import type { RestAnswer } from '../bitrix24/answers.ts';
import { batchParams, type Command, maxBatchCommands, readBatch } from '../bitrix24/batch.ts';
import type { Clock, Random, Sleep } from '../bitrix24/clock.ts';
import { Bitrix24Error, PortalMoved } from '../bitrix24/failures.ts';
import { limitsInForce } from '../bitrix24/limits.ts';
import { minute, second, type Verdict, withoutRefresh } from '../bitrix24/reactions.ts';
import { type Access, type RestClient, TooLateToStart } from '../bitrix24/rest-client.ts';
import type { Strictness } from '../bitrix24/strictness.ts';
import { type BudgetStore, Reservation, type Turn } from './budgets.ts';
import type { Credentials, CredentialStore, OAuthCredentials } from './credentials.ts';
import { judge, type JudgedAnswer } from './judge.ts';
import { hasLasted, mayLast } from './lasting-trouble.ts';
import { confirmMove, MoveNotConfirmed } from './moved.ts';
import { type BatchRoom, OperatingMeter } from './operating.ts';
import { redirectAgain } from './pause-codes.ts';
import type { Portal } from './portal.ts';
import { CredentialsRevoked, refreshCredentials, type RefreshOptions } from './refresh.ts';
import { profileCommand, readProfile } from './profile.ts';
import type { PortalStore } from './store.ts';
import { OutOfDate, PortalBusy, PortalStopped } from './waiting.ts';

/** A token that ends within this many ms is refreshed before it is used. */
const expiryMarginMs = 60_000;
/**
 * Who reads what may have to be deleted fills the portal's bucket up to this part only. The rest is for who deletes:
 * he needs several requests at once, and events that never end would take each that becomes free.
 */
export const readersShare = 0.7;
/**
 * Who reads what events name just now fills it to this part. He asks for a record or two at a time. What he cannot have
 * any more comes again by the minute, all of it in one request, and must find room then.
 */
export const firstReadersShare = 0.4;
/**
 * Who has little to delete gives way to those who read many records at once, for a moment: if he did not, one round after
 * the other with a task or two would keep the bucket full, and what there is to delete would not be found.
 */
export const smallRoundsShare = 0.6;
/** So many writes refused for want of a right, and none allowed, mean that the right itself is missing. */
const refusalsThatStop = 5;

export interface SendOptions {
  /** A write is not started unless its answer can be waited for. */
  readonly write: boolean;
  /**
   * ms since the epoch: when what the request rests on is too old. Checked at the last moment, because a refresh of
   * the token may come in between.
   */
  readonly freshUntil?: number;
  /** Asked at that moment as well: whether what was decided still stands. */
  readonly stillHolds?: () => Promise<boolean>;
  /** Told when the request goes out. */
  readonly onSent?: () => void;
  /** No deletion hangs on it: what single commands are refused with says nothing about the portal as a whole. */
  readonly aside?: boolean;
}

/** A request that may go out now. */
interface Cleared {
  readonly access: Access;
  /** Of the tokens; undefined for a webhook. */
  readonly generation: number | undefined;
  /** It was not sent after all. */
  readonly giveBack: () => Promise<void>;
}

export interface SessionOptions extends RefreshOptions {
  readonly portals: PortalStore;
  readonly credentials: CredentialStore;
  readonly budgets: BudgetStore;
  readonly rest: RestClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly count: Count;
  readonly sleep: Sleep;
  /** ms that a request waits for its turn in the portal's bucket before it is PortalBusy. Default: none. */
  readonly turnPatienceMs?: number;
  /** The part of the portal's bucket of requests that this caller and others may fill. Default: all of it. */
  readonly bucketShare?: number;
}

/**
 * One caller's talk with one portal: credentials and their refresh, the portal's budgets, and what stops it. What a
 * caller sees of all that is an answer, PortalBusy or PortalStopped; other errors are those of failures.ts.
 */
export class PortalSession {
  readonly #options: SessionOptions;
  readonly #portal: Portal;
  readonly #deadline: number;
  readonly #meter: OperatingMeter;
  #credentials: Credentials | undefined;
  #reservations: readonly Reservation[] = [];
  #troubled: boolean;
  #needsRights = false;
  #strictness: Strictness | undefined;
  /** The new address of the portal that was written down already. */
  #noted: string | undefined;

  /** `deadline`: ms since the epoch, when the caller must have ended. */
  constructor(options: SessionOptions, portal: Portal, deadline: number) {
    this.#options = options;
    this.#portal = portal;
    this.#troubled = portal.trouble !== undefined;
    this.#deadline = deadline;
    this.#strictness = portal.strictness;
    this.#meter = new OperatingMeter(options.budgets, options.clock, portal, (method, { steps }) => {
      this.#noteTightened(method, steps);
    });
  }

  /**
   * Makes sure of so many requests before the first of them is made. Who reads in order to write must have both:
   * otherwise, at a full bucket, each read takes the place of the write that it is for, and nothing is ever written.
   *
   * @param share the part of the bucket that may be full of them and of what others have taken; default: as for the rest
   * @throws PortalBusy
   */
  async reserve(requests: number, share = this.#options.bucketShare): Promise<void> {
    const turn = await this.#take(requests, share);
    const reservation = new Reservation(this.#options.budgets, this.#portal.memberId, turn, requests);
    this.#reservations = [...this.#reservations, reservation];
  }

  /** What was reserved and is not needed after all is there for others. */
  async release(): Promise<void> {
    const reservations = this.#reservations;
    this.#reservations = [];
    for (const reservation of reservations) await this.#quietly(() => reservation.release());
  }

  /**
   * From now on each batch that reads asks who we are as well, as its last command: who loses his rights between two
   * requests is silently shown less, and what is not shown must not count as gone or as free of guards and holds.
   */
  needRights(): void {
    this.#needsRights = true;
  }

  /** Seconds that each of these calls is expected to take, `guess` for a deletion not yet measured; 0 for none. */
  secondsOf(commands: readonly (Command | undefined)[], guess?: number): Promise<number[]> {
    return this.#meter.secondsOf(commands, guess);
  }

  /** Those of these methods that have no operating time left, and when they have some again (ms since the epoch). */
  closed(methods: readonly string[]): Promise<Map<string, number>> {
    return this.#meter.closed(methods);
  }

  /** Which of these calls one batch may carry now; see OperatingMeter. */
  room(commands: readonly Command[]): Promise<BatchRoom> {
    return this.#meter.room(commands);
  }

  /** What these methods have left is too little for what was to be done; see OperatingMeter. */
  noteFull(methods: readonly string[], until: number): Promise<void> {
    return this.#meter.noteFull(methods, until);
  }

  /**
   * Sends one batch. Every command has an answer, if only `missing`. When the answers say that the portal has to
   * stop, it is paused; they are still returned, because some of the commands may have been carried out.
   *
   * @throws PortalBusy, PortalStopped when nothing was carried out
   * @throws OutcomeUnknown, UnusableAnswer, PortalError when it may have been
   */
  async batch(commands: ReadonlyMap<string, Command>, send: SendOptions): Promise<Map<string, JudgedAnswer>> {
    if (!this.#needsRights || send.write) return this.#batch(commands, send);
    const isFull = commands.size >= maxBatchCommands;
    const answers = await this.#batch(isFull ? commands : new Map([...commands, profileCommand]), send);
    const profile = readProfile(isFull ? await this.#batch(new Map([profileCommand]), send) : answers);
    if (profile?.ADMIN === false) throw await this.stopForWantOfRights();
    if (profile === undefined) {
      const { clock } = this.#options;
      throw new PortalBusy(`${this.#portal.domain} does not say who we are`, { until: clock() + minute });
    }
    return answers;
  }

  async #batch(commands: ReadonlyMap<string, Command>, send: SendOptions): Promise<Map<string, JudgedAnswer>> {
    const { clock } = this.#options;
    await this.#meter.require(commands);
    const started = clock();
    let answer: RestAnswer;
    try {
      answer = await this.call('batch', batchParams(commands), send);
    } catch (error) {
      // The portal may have worked all the time that we waited.
      const worked = error instanceof Bitrix24Error && error.row.verifyBeforeRepeat === true;
      if (worked) await this.#quietly(() => this.#meter.chargeUnanswered(commands, clock() - started));
      throw error;
    }

    const judged = new Map<string, JudgedAnswer>();
    for (const [key, reply] of readBatch(commands, answer.result)) {
      judged.set(
        key,
        reply.kind === 'error' ? judge(reply, commands.get(key)?.method ?? '', this.#credentials) : reply,
      );
    }
    await this.#quietly(() => this.#meter.measure(commands, judged, answer.time, send.write));
    const isRateRefused = [...judged.values()].some((one) => one.kind === 'error' && one.row.limit === 'rate');
    if (isRateRefused) await this.#quietly(() => this.#tighten());
    if (send.aside !== true) await this.#quietly(() => this.#pauseIfTold(judged, send.write));
    return judged;
  }

  /** One call of one method. Throws as `batch` does. */
  async call(method: string, params: Record<string, unknown>, send: SendOptions): Promise<RestAnswer> {
    const { rest } = this.#options;
    let refreshed = false;
    let moved = false;
    for (;;) {
      const { access, generation, giveBack } = await this.#clearToSend(send);
      try {
        send.onSent?.();
        const answer = await rest.call(access, method, params, { write: send.write, deadline: this.#deadline });
        await this.#quietly(() => this.#endTrouble());
        return answer;
      } catch (error) {
        if (error instanceof TooLateToStart) await giveBack();
        if (!(error instanceof Bitrix24Error)) throw error;
        if (error.row.reaction === 'refresh' && generation !== undefined && !refreshed) {
          refreshed = true;
          this.#credentials = await this.#refresh(generation);
          continue;
        }
        if (error instanceof PortalMoved && error.row.reaction === 'moved') {
          // Of a redirect nothing was carried out, so a write may be repeated at the new address as well.
          await this.#move(error, { again: moved });
          moved = true;
          continue;
        }
        throw (
          (await this.#lastingTrouble(error)) ?? (await this.#asWaitOrStop(error, withoutRefresh(error.row), method))
        );
      }
    }
  }

  /**
   * Takes a request and makes sure that it may be sent. What is refused here has not gone out, and leaves its place in the
   * bucket to others; whatever becomes of it later, the portal may have counted it.
   */
  async #clearToSend({ stillHolds, freshUntil }: SendOptions): Promise<Cleared> {
    const { clock } = this.#options;
    const giveBack = await this.#claim();
    try {
      const held = await this.#access();
      if (stillHolds && !(await stillHolds())) {
        throw new PortalBusy('The portal has changed since it was decided what to do', { until: clock() });
      }
      if (freshUntil !== undefined && clock() > freshUntil) {
        throw new OutOfDate('It took too long to read the records: what was read is too old to act on');
      }
      return { ...held, giveBack };
    } catch (error) {
      await giveBack();
      throw error;
    }
  }

  /** One of the requests that were reserved, else one that is taken now. Gives what takes it back. */
  async #claim(): Promise<Cleared['giveBack']> {
    const { budgets } = this.#options;
    const reservation = this.#reservations.find((one) => one.claim());
    if (reservation) return () => this.#quietly(() => reservation.putBack());
    const turn = await this.#take(1);
    return () => this.#quietly(() => budgets.giveBackRequests(this.#portal.memberId, turn, 1));
  }

  /**
   * For what is noted beside a call. It must not hide what the call has brought: the portal may have deleted, and who
   * called has to write that down.
   */
  async #quietly(note: () => Promise<unknown>): Promise<void> {
    try {
      await note();
    } catch (error) {
      const reason = error instanceof Error ? error.message : 'unknown';
      this.#options.log.error('not noted', { memberId: this.#portal.memberId, reason });
    }
  }

  async #take(requests: number, share = this.#options.bucketShare): Promise<Turn> {
    const { memberId, domain, limits } = this.#portal;
    const { budgets, clock, sleep, turnPatienceMs = 0 } = this.#options;
    const end = Math.min(clock() + turnPatienceMs, this.#deadline);
    for (;;) {
      const inForce = limitsInForce({ limits, strictness: this.#strictness }, clock());
      const taken = await budgets.takeRequests(memberId, inForce, requests, share);
      if ('turn' in taken) return taken.turn;
      if (taken.until > end) throw new PortalBusy(`${domain} takes no request now`, { until: taken.until });
      await sleep(Math.max(1, taken.until - clock()));
    }
  }

  async #access(): Promise<Omit<Cleared, 'giveBack'>> {
    const { credentials, clock } = this.#options;
    this.#credentials ??= await credentials.get(this.#portal.memberId);
    const held = this.#credentials;
    if (held === undefined) {
      throw await this.stop('credentials-missing', 'There are no credentials. Connect the portal again.');
    }
    if (held.kind === 'webhook') return { access: { endpoint: held.url }, generation: undefined };
    const fresh = held.accessExpiresAt - expiryMarginMs > clock() ? held : await this.#refresh(held.generation);
    this.#credentials = fresh;
    await this.#noteAddress(fresh);
    return { access: { endpoint: fresh.clientEndpoint, token: fresh.accessToken }, generation: fresh.generation };
  }

  async #refresh(stale: number) {
    try {
      const { memberId } = this.#portal;
      return await refreshCredentials(this.#options, { memberId, stale, deadline: this.#deadline });
    } catch (error) {
      if (error instanceof CredentialsRevoked) {
        throw await this.stop(error.pauseCode, error.advice);
      }
      throw error;
    }
  }

  /**
   * The portal has another address, as it says itself. Afterwards the credentials are for that address, confirmed.
   *
   * @throws PortalStopped when nobody confirms it, or it leads on to yet another
   */
  async #move({ host: from, locationHost: to }: PortalMoved, { again }: { again: boolean }): Promise<void> {
    const held = this.#credentials;
    const { memberId } = this.#portal;
    if (held === undefined || again) {
      const reason = `${from} redirects to ${to}, although it is the address that ${this.#portal.domain} has moved to.`;
      throw await this.stop(redirectAgain, `${reason} Look whether the portal opens in a browser, then resume it.`);
    }
    try {
      this.#credentials = await confirmMove(this.#options, { memberId, from, to }, held, this.#deadline);
    } catch (error) {
      if (error instanceof MoveNotConfirmed) throw await this.stop(error.pauseCode, error.message, error.newDomain);
      if (error instanceof CredentialsRevoked) throw await this.stop(error.pauseCode, error.advice);
      throw error;
    }
  }

  /** Where the credentials lead is where the portal is: whoever first uses them there writes it down. */
  async #noteAddress({ clientEndpoint }: OAuthCredentials): Promise<void> {
    const { portals, log } = this.#options;
    const { memberId, domain: from } = this.#portal;
    const to = new URL(clientEndpoint).host;
    if (to === from || this.#noted === to) return;
    this.#noted = to;
    if (await portals.moveDomain(memberId, from, to)) log.warn('portal moved', { memberId, from, to });
  }

  /** Pauses a portal that has not been itself for so long that a person has to look. */
  async #lastingTrouble(error: Bitrix24Error): Promise<PortalStopped | undefined> {
    if (!mayLast(error)) return undefined;
    const trouble = await this.#options.portals.noteTrouble(this.#portal.memberId, error.row.name);
    this.#troubled = true;
    if (trouble === undefined || !hasLasted(trouble, error.row, this.#options.clock())) return undefined;
    return this.stop(error.row.name, reasonOf(error.row));
  }

  async #endTrouble(): Promise<void> {
    if (!this.#troubled) return;
    this.#troubled = false;
    await this.#options.portals.endTrouble(this.#portal.memberId);
  }

  /** The error that a failed call ends in: PortalBusy or PortalStopped where the verdict is about the whole portal. */
  async #asWaitOrStop(error: Bitrix24Error, row: Verdict, method: string): Promise<Error> {
    const { budgets, clock, random, log } = this.#options;
    if (row.reaction === 'wait-for-limit') {
      log.warn('the portal asks to wait', { memberId: this.#portal.memberId, method, verdict: row.name });
      if (row.limit === 'operating') {
        return new PortalBusy(error.message, { until: await this.#meter.block(method), verdict: row });
      }
      const until = Math.ceil(clock() + (row.waitMs ?? second) * (1 + random()));
      await budgets.blockRequests(this.#portal.memberId, until);
      await this.#quietly(() => this.#tighten());
      return new PortalBusy(error.message, { until, verdict: row });
    }
    // What is refused to a batch as a whole is not about one record.
    const refusesAll = method === 'batch' && ['permanent', 'bug', 'operator'].includes(row.reaction);
    if ((row.reaction === 'operator' && row.stopsPortal === true) || refusesAll) {
      return this.stop(row.name, reasonOf(row));
    }
    return error;
  }

  /** The portal takes fewer requests than its settings say, whoever sends them. */
  async #tighten(): Promise<void> {
    const strictness = await this.#options.portals.tightenRequests(this.#portal.memberId);
    if (strictness === undefined) return;
    this.#strictness = strictness;
    this.#noteTightened('requests', strictness.steps);
  }

  #noteTightened(limit: string, steps: number): void {
    this.#options.log.warn('limits tightened', { memberId: this.#portal.memberId, limit, steps });
    this.#options.count('LimitsTightened');
  }

  /** The user of the credentials is no administrator (any more). */
  stopForWantOfRights(): Promise<PortalStopped> {
    return this.stop(
      'not-administrator',
      'The user of the credentials is no administrator, so Bitrix24 hides records from us. Connect the portal as one.',
    );
  }

  /** Pauses the portal until a person resumes it, and gives the error to throw. */
  async stop(code: string, reason: string, newDomain?: string): Promise<PortalStopped> {
    const { portals, log, count } = this.#options;
    const { memberId, domain } = this.#portal;
    if (await portals.pause(memberId, { code, reason, ...(newDomain !== undefined && { newDomain }) })) {
      log.error('portal paused', { memberId, domain, code, reason });
      count('PortalsPausedNow');
    }
    return new PortalStopped(`${domain} is paused: ${reason}`);
  }

  async #pauseIfTold(answers: ReadonlyMap<string, JudgedAnswer>, write: boolean): Promise<void> {
    const rows = [...answers.values()].flatMap((answer) => (answer.kind === 'error' ? [answer.row] : []));
    const stop = rows.find((row) => row.reaction === 'operator' && row.stopsPortal === true);
    if (stop) await this.stop(stop.name, reasonOf(stop));
    const everyRefused = rows.length === answers.size && rows.every((row) => row.operatorWhenEvery === true);
    if (write && everyRefused && rows.length >= refusalsThatStop) {
      await this.stop('every-record-refused', `${rows[0]?.meaning ?? ''} ${rows[0]?.mend ?? ''}`.trim());
    }
  }
}

/** What has happened and what a person must do. */
function reasonOf({ meaning, mend = '' }: Verdict): string {
  return `${meaning} ${mend}`.trim();
}
