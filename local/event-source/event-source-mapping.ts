import { once } from 'node:events';
import type { Message, SQSClient } from '@aws-sdk/client-sqs';
import type { SQSEvent } from 'aws-lambda';
import { collectBatch } from './collect-batch.ts';
import { failedMessageIds } from './batch-response.ts';
import { MessageQueue } from './message-queue.ts';
import { pause } from './pause.ts';
import { checkMapping, type MappingSettings } from './settings.ts';
import { sqsEvent } from './sqs-event.ts';

/** What became of one batch: `failed` messages stay on the queue until their visibility time-out ends. */
export interface BatchOutcome {
  readonly queueUrl: string;
  readonly messages: number;
  readonly failed: number;
  /** Why the whole batch failed, or why the queue could not be reached. */
  readonly error?: unknown;
}

export interface EventSourceMappingOptions {
  readonly client: Pick<SQSClient, 'send'>;
  readonly queueUrl: string;
  readonly queueArn: string;
  readonly settings: MappingSettings;
  /** Runs the function and gives its answer; a rejection fails the whole batch. */
  readonly invoke: (event: SQSEvent) => Promise<unknown>;
  readonly onOutcome?: (outcome: BatchOutcome) => void;
  /** Long polling, whole seconds. 0 (the default) asks every 20 ms, so that tests need not wait for a poll to end. */
  readonly longPollSeconds?: number;
  /** ms since the epoch */
  readonly now?: () => number;
}

export interface EventSourceMapping {
  /** Resolves when nothing runs and a receive that began after the call found nothing visible. */
  idle(): Promise<void>;
  /** Takes nothing more and resolves when what runs has ended, at the latest after `graceMs` (default: no limit). */
  close(graceMs?: number): Promise<void>;
}

const idlePauseMs = 20;
const unreachablePauseMs = 1_000;

/**
 * Feeds a queue to a function as Lambda does: batches with their window, at most `maximumConcurrency` at a time,
 * answers with batchItemFailures, and nobody's visibility touched: what failed comes back when its time-out ends.
 * Order and the lock on a FIFO group are the queue's own.
 *
 * @throws InvalidMapping for settings that AWS would refuse
 */
export function startEventSourceMapping(options: EventSourceMappingOptions): EventSourceMapping {
  checkMapping(options.settings, options.queueUrl.slice(options.queueUrl.lastIndexOf('/') + 1));
  return new Poller(options);
}

class Poller implements EventSourceMapping {
  readonly #options: EventSourceMappingOptions;
  readonly #queue: MessageQueue;
  readonly #running = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  readonly #stopped: Promise<unknown>;
  readonly #loop: Promise<void>;
  #round = 0;
  #waiters: { readonly since: number; readonly resolve: () => void }[] = [];

  constructor(options: EventSourceMappingOptions) {
    this.#options = options;
    this.#queue = new MessageQueue(options.client, options.queueUrl);
    this.#stopped = once(this.#stop.signal, 'abort');
    this.#loop = this.#poll();
  }

  idle(): Promise<void> {
    if (this.#stop.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ since: this.#round, resolve }));
  }

  async close(graceMs?: number): Promise<void> {
    this.#stop.abort();
    await this.#loop;
    const ended = new AbortController();
    const all = Promise.all(this.#running).then(() => ended.abort());
    await (graceMs === undefined ? all : pause(graceMs, ended.signal));
    this.#waiters.forEach(({ resolve }) => resolve());
  }

  async #poll(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      if (this.#running.size >= this.#options.settings.maximumConcurrency) {
        await Promise.race([...this.#running, this.#stopped]);
      } else {
        await this.#takeOne().catch((error: unknown) => this.#unreachable(error));
      }
    }
  }

  /** One round: a batch is taken and set to work, or nothing was there. */
  async #takeOne(): Promise<void> {
    const round = ++this.#round;
    const wasQuiet = this.#running.size === 0;
    const batch = await this.#collect();
    if (batch.length === 0) {
      if (wasQuiet && this.#running.size === 0) this.#wakeWaiters(round);
      if (this.#options.longPollSeconds === undefined) await pause(idlePauseMs, this.#stop.signal);
      return;
    }
    if (this.#stop.signal.aborted) {
      await this.#queue.giveBack(batch);
      return;
    }
    const work: Promise<void> = this.#work(batch).finally(() => this.#running.delete(work));
    this.#running.add(work);
  }

  #collect(): Promise<Message[]> {
    return collectBatch({
      receive: (count, waitSeconds) => this.#queue.receive(count, waitSeconds),
      batchSize: this.#options.settings.batchSize,
      windowMs: this.#options.settings.maximumBatchingWindow * 1_000,
      waitSeconds: this.#options.longPollSeconds ?? 0,
      now: this.#options.now ?? Date.now,
      stop: this.#stop.signal,
    });
  }

  async #work(batch: readonly Message[]): Promise<void> {
    const messages = batch.length;
    try {
      const failed = await this.#invoke(batch);
      const done = batch.filter(({ MessageId = '' }) => !failed.has(MessageId));
      await this.#queue.delete(done);
      this.#options.onOutcome?.({ queueUrl: this.#queue.url, messages, failed: failed.size });
    } catch (error) {
      this.#options.onOutcome?.({ queueUrl: this.#queue.url, messages, failed: messages, error });
    }
  }

  async #invoke(batch: readonly Message[]): Promise<Set<string>> {
    const answer = await this.#options.invoke(sqsEvent(batch, this.#options.queueArn));
    if (!this.#options.settings.reportBatchItemFailures) return new Set();
    return failedMessageIds(answer, new Set(batch.map(({ MessageId = '' }) => MessageId)));
  }

  async #unreachable(error: unknown): Promise<void> {
    this.#options.onOutcome?.({ queueUrl: this.#queue.url, messages: 0, failed: 0, error });
    await pause(unreachablePauseMs, this.#stop.signal);
  }

  #wakeWaiters(round: number): void {
    const ready = this.#waiters.filter(({ since }) => since < round);
    this.#waiters = this.#waiters.filter(({ since }) => since >= round);
    ready.forEach(({ resolve }) => resolve());
  }
}
