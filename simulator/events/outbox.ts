import type { Clock, Sleep } from '../../lib/bitrix24/clock.ts';

/** A POST that is due to a handler. */
export interface Posting {
  /** `ONCRMDEALUPDATE`, or `robot` for the two kinds of automation. */
  readonly event: string;
  readonly sender: 'app' | 'webhook' | 'robot';
  /** The record's id, where there is one. */
  readonly id?: number;
  readonly url: string;
  readonly body: string;
}

/** What became of a posting. The address is without its query, the body is not kept: both may hold secrets. */
export interface PostedEvent {
  readonly event: string;
  readonly sender: 'app' | 'webhook' | 'robot';
  readonly id?: number;
  readonly address: string;
  /** Ms since the epoch. */
  readonly postedAt: number;
  /** HTTP status; `no answer` for a refused connection or a time-out; `dropped` when a knob lost it. */
  readonly outcome: number | 'no answer' | 'dropped';
}

export interface OutboxSettings {
  readonly clock: Clock;
  readonly sleep: Sleep;
  readonly concurrency: number;
  /** Ms. */
  readonly timeout: number;
  readonly post: (url: string, body: string, timeout: number, signal: AbortSignal) => Promise<number>;
}

/** The queue server: posts each event at most once, in no promised order, and never again after a failure. */
export class Outbox {
  readonly #settings: OutboxSettings;
  readonly #closing = new AbortController();
  readonly #posted: PostedEvent[] = [];
  readonly #bodies = new WeakMap<PostedEvent, Posting>();
  #waiting: Posting[] = [];
  #held: Posting[] | undefined;
  #running = 0;
  #toDrop = 0;
  #toDouble = 0;
  #delay = 0;
  #idle: (() => void)[] = [];

  constructor(settings: OutboxSettings) {
    this.#settings = settings;
  }

  get posted(): readonly PostedEvent[] {
    return this.#posted;
  }

  put(posting: Posting): void {
    if (this.#closing.signal.aborted) return;
    if (this.#toDrop > 0) {
      this.#toDrop -= 1;
      this.#record(posting, this.#settings.clock(), 'dropped');
      return;
    }
    const copies = this.#toDouble > 0 ? [posting, posting] : [posting];
    this.#toDouble = Math.max(0, this.#toDouble - 1);
    (this.#held ?? this.#waiting).push(...copies);
    this.#start();
  }

  dropNext(count: number): void {
    this.#toDrop += count;
  }

  doubleNext(count: number): void {
    this.#toDouble += count;
  }

  /** Ms that every posting waits from now on. */
  delay(ms: number): void {
    this.#delay = ms;
  }

  /** Keeps postings back until they are released. */
  hold(): void {
    this.#held ??= [];
  }

  release(order: 'kept' | 'reversed' = 'kept'): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    this.#waiting.push(...(order === 'reversed' ? held.toReversed() : held));
    this.#start();
  }

  /** Posts the same body again, as a client that kept it could. */
  replay(posted: PostedEvent): void {
    const posting = this.#bodies.get(posted);
    if (!posting) throw new Error('Only an event from postedEvents can be replayed');
    this.#waiting.push(posting);
    this.#start();
  }

  /** Until nothing is waiting and every posting has been answered; what is held back does not count. */
  async settled(): Promise<void> {
    if (this.#waiting.length === 0 && this.#running === 0) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  close(): void {
    this.#closing.abort();
    this.#waiting = [];
    this.#held = undefined;
  }

  #start(): void {
    while (this.#running < this.#settings.concurrency) {
      const posting = this.#waiting.shift();
      if (!posting) return;
      this.#running += 1;
      void this.#post(posting);
    }
  }

  async #post(posting: Posting): Promise<void> {
    const { clock, sleep, post, timeout } = this.#settings;
    const postedAt = clock();
    try {
      if (this.#delay > 0) await sleep(this.#delay, this.#closing.signal);
      const status = await post(posting.url, posting.body, timeout, this.#closing.signal);
      this.#record(posting, postedAt, status);
    } catch {
      this.#record(posting, postedAt, 'no answer');
    } finally {
      this.#running -= 1;
      this.#start();
      if (this.#running === 0 && this.#waiting.length === 0) {
        for (const resolve of this.#idle.splice(0)) resolve();
      }
    }
  }

  #record(posting: Posting, postedAt: number, outcome: PostedEvent['outcome']): void {
    const { event, sender, id, url } = posting;
    const address = url.split('?')[0] ?? url;
    const posted: PostedEvent = { event, sender, ...(id === undefined ? {} : { id }), address, postedAt, outcome };
    this.#posted.push(posted);
    this.#bodies.set(posted, posting);
  }
}
