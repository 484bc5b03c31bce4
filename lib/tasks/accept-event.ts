import type { Queue } from '../aws/queue.ts';
import type { Count, Log } from '../aws/telemetry.ts';
import type { Clock } from '../bitrix24/clock.ts';
import { parseEvent } from '../bitrix24/events.ts';
import { type FormRequest, parseForm } from '../bitrix24/form.ts';
import { InboundError } from '../bitrix24/inbound-errors.ts';
import type { InboundEvent } from '../bitrix24/inbound-event.ts';
import { tokenDigest } from '../bitrix24/token-digest.ts';
import type { SenderCheck } from '../portals/senders.ts';
import { acceptLifecycle, type LifecycleEvent, type LifecycleOptions } from './accept-lifecycle.ts';
import { type EventMessage, eventMessageSchema } from './messages.ts';

export interface AcceptOptions {
  readonly senders: SenderCheck;
  readonly events: Queue;
  /** For events about the app itself. */
  readonly lifecycle: Pick<LifecycleOptions, 'portals' | 'appChores'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly count: Count;
}

export interface Reply {
  status: number;
  text: string;
}

/** Refused and dropped requests are logged this often at most, in ms: whoever sends a million fills no log. */
const logEveryMs = 10_000;

/**
 * Takes one event in: parses it, checks who sent it, and puts one message on the queue `events` before it answers. A
 * status of 2xx therefore means that the event is durable or that it is none of ours; Bitrix24 never sends it again.
 */
export class EventIntake {
  readonly #options: AcceptOptions;
  #loggedAt = 0;
  #unlogged = 0;

  constructor(options: AcceptOptions) {
    this.#options = options;
  }

  /** `robotKey`: the key in the URL of a stage robot, which sends no application token. */
  async accept(request: FormRequest, robotKey?: string): Promise<Reply> {
    let event: InboundEvent;
    try {
      event = parseEvent(parseForm(request));
    } catch (error) {
      if (!(error instanceof InboundError)) throw error;
      this.#drop(error.code, error.message);
      return { status: error.status, text: error.message };
    }
    if (event.type === 'install') {
      const text =
        'An installation belongs to /bitrix24/install: set that as the initial installation path of the app.';
      return { status: 400, text };
    }
    if (event.type === 'lifecycle') return this.#keepLifecycle(event);
    const secret = ('applicationToken' in event ? event.applicationToken : undefined) ?? robotKey;
    if (secret === undefined) {
      this.#drop('NO_TOKEN', 'The event carries no application token.');
      return dropped;
    }

    const { memberId } = event;
    const digest = tokenDigest(secret);
    const domain = 'domain' in event ? event.domain : '';
    const sender = await this.#options.senders.check({ memberId, domain, digest });
    if (sender === 'unknown') {
      this.#drop(
        'UNKNOWN_SENDER',
        'No such portal is connected, or the application token is not one of its tokens.',
        memberId,
      );
      return dropped;
    }
    if (!isOfUse(event)) return { status: 200, text: 'not needed' };
    const message: EventMessage = {
      v: 1,
      memberId,
      entityTypeId: event.entityTypeId,
      id: event.id,
      source: event.type === 'robot' ? 'robot' : event.sender,
      receivedAt: this.#options.clock(),
      ...(sender === 'unverifiable' && { unverified: { tokenDigest: digest, domain } }),
    };
    return this.#enqueue(message);
  }

  async #keepLifecycle(event: LifecycleEvent): Promise<Reply> {
    try {
      const verdict = await acceptLifecycle({ ...this.#options, ...this.#options.lifecycle }, event);
      if (verdict !== 'unknown-sender') return { status: 200, text: verdict === 'kept' ? 'kept' : 'not needed' };
    } catch (error) {
      const reason = error instanceof Error ? error.message : 'unknown';
      this.#options.log.error('lifecycle event not stored', { memberId: event.memberId, reason });
      return { status: 503, text: 'The event could not be stored.' };
    }
    const hint = event.event === 'ONAPPUPDATE' ? ' A new application token is proved at /bitrix24/install only.' : '';
    this.#drop('UNKNOWN_SENDER', `No stored application token proves this ${event.event}.${hint}`, event.memberId);
    return dropped;
  }

  async #enqueue(message: EventMessage): Promise<Reply> {
    const { events, log, count } = this.#options;
    try {
      await events.send({ body: eventMessageSchema.parse(message), group: message.memberId });
    } catch (error) {
      const reason = error instanceof Error ? error.message : 'unknown';
      log.error('event not stored', { memberId: message.memberId, id: message.id, reason });
      return { status: 503, text: 'The event could not be stored.' };
    }
    count(message.unverified ? 'EventsUnverified' : 'EventsAccepted');
    const { memberId, entityTypeId, id, source } = message;
    log.info('event accepted', { memberId, entityTypeId, id, source, verified: message.unverified === undefined });
    return { status: 200, text: 'accepted' };
  }

  #drop(code: string, reason: string, memberId?: string): void {
    const { log, count, clock } = this.#options;
    count('EventsDropped');
    const now = clock();
    if (now - this.#loggedAt < logEveryMs) {
      this.#unlogged += 1;
      return;
    }
    log.warn('event dropped', { code, reason, memberId, alsoDropped: this.#unlogged });
    this.#loggedAt = now;
    this.#unlogged = 0;
  }
}

/** 2xx on purpose: an answer must not tell a stranger which portals and tokens are known. */
const dropped: Reply = { status: 200, text: 'not for us' };

type UsefulEvent = Extract<InboundEvent, { type: 'record' | 'robot' }>;

/** A record that is deleted cannot be lost any more. */
function isOfUse(event: InboundEvent): event is UsefulEvent {
  return event.type === 'robot' || (event.type === 'record' && event.change !== 'delete');
}
