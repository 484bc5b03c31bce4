import type { Queue } from '../aws/queue.ts';
import type { Count, Log } from '../aws/telemetry.ts';
import type { Clock, Random } from '../bitrix24/clock.ts';
import type { Portal } from '../portals/portal.ts';
import type { SessionOptions } from '../portals/session.ts';
import { verifySender } from '../portals/verify-sender.ts';
import { entityTypeOf } from '../rules/match.ts';
import type { StoredRules } from '../rules/version.ts';
import { backoffMs } from './backoff.ts';
import { createTasks, type Planned } from './create-tasks.ts';
import { sendDeadLetter } from './dead-letter.ts';
import { each } from './each.ts';
import type { EventMessage } from './messages.ts';
import { callsFor } from './planned.ts';
import { recordKey, recordsPerCall } from './read-records.ts';
import { WantedReader } from './read-wanted.ts';
import { reconcileEveryMs } from './schedule.ts';
import { sendTasks, type Sendable } from './send-due.ts';
import type { TaskStore } from './store.ts';
import { fold, inReadingOrder, type Wanted } from './wanted.ts';

export interface PlanOptions extends SessionOptions {
  readonly tasks: TaskStore;
  readonly deletions: Queue;
  readonly eventsDlq: Queue;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly count: Count;
}

/** Kept to write down and to send what was read, for every portal of the batch. */
const writeNeedsMs = 20_000;
/** A read may take 30 s here, and what follows it must be written down. */
const readNeedsMs = 45_000;
/** A record that could not be read so often (about a day) is dead-lettered. Waiting for a limit does not count. */
const maxReads = 100;

/**
 * What one batch of events comes to: for every record that is lost and that a rule names, a task. Each event ends as
 * "no rule matched", as tasks, or as a wish to read the record later. Portals do not disturb each other.
 *
 * @param deadline ms since the epoch
 * @returns the events that none of that could be done for, because a table did not answer or a row cannot be read: they
 * have to come again
 */
export async function planEvents(
  options: PlanOptions,
  events: readonly EventMessage[],
  deadline: number,
): Promise<EventMessage[]> {
  const failed: EventMessage[] = [];
  // Side by side: one that does not answer must not use up the time of the others, nor hold back their tasks.
  await each([...Map.groupBy(events, (event) => event.memberId)], async ([memberId, ofPortal]) => {
    try {
      const unsent = await sendTasks(options, await planPortal(options, memberId, ofPortal, deadline));
      // Nothing is lost: the tasks stand in the table and come due again when their claim has run out.
      if (unsent.length > 0) options.log.warn('tasks not sent, the clock will send them', { tasks: unsent.length });
    } catch (error) {
      const { name, message } = error instanceof Error ? error : new Error('unknown');
      options.log.error('events not planned', { memberId, events: ofPortal.length, error: name, reason: message });
      failed.push(...ofPortal);
    }
  });
  return failed;
}

async function planPortal(
  options: PlanOptions,
  memberId: string,
  events: readonly EventMessage[],
  deadline: number,
): Promise<Sendable[]> {
  const { log, count, portals } = options;
  const found = await portals.get(memberId);
  const { portal, trusted } = await verifySender(options, memberId, found, events);
  if (trusted.length < events.length) {
    count('EventsDropped', events.length - trusted.length);
    log.warn('events of an unknown sender dropped', { memberId, events: events.length - trusted.length });
  }
  if (portal?.state !== 'active') {
    await endReads(options, memberId, fold(events));
    return [];
  }
  // Until its first round is over, to be sure that the clock looks after the portal.
  if (portal.reconciledUntil === undefined) {
    await options.tasks.ensureChore(memberId, 'reconcile', options.clock() + reconcileEveryMs);
  }

  const stored = portal.rulesVersion === undefined ? undefined : await portals.rules(memberId, portal.rulesVersion);
  const all = fold(trusted);
  const types = new Set(stored?.rules.map(({ when }) => entityTypeOf(when.type)));
  const wanted = all.filter(({ record }) => types.has(record.entityTypeId));
  if (wanted.length < all.length) {
    const others = all.filter((wish) => !wanted.includes(wish));
    await endReads(options, memberId, others);
    log.info('no rule is about these', { memberId, records: others.length });
  }
  if (!stored) return [];

  const due: Sendable[] = [];
  const inOrder = inReadingOrder(wanted, options.clock());
  for (let start = 0; start < inOrder.length; start += recordsPerCall) {
    const some = inOrder.slice(start, start + recordsPerCall);
    due.push(...(await planRecords(options, portal, stored, some, deadline)));
  }
  return due;
}

async function planRecords(
  options: PlanOptions,
  portal: Portal,
  stored: StoredRules,
  wanted: readonly Wanted[],
  deadline: number,
): Promise<Sendable[]> {
  const { memberId } = portal;
  const { records, stageLostSince, readAgainAt } = await new WantedReader(options, portal, stored).read(wanted, {
    readBy: deadline - writeNeedsMs,
    startBy: deadline - readNeedsMs,
  });

  const planned: Planned[] = [];
  const known: Wanted[] = [];
  await each(wanted, async (wish) => {
    const record = records.get(recordKey(wish.record));
    if (record === undefined) {
      await readLater(options, memberId, wish, readAgainAt);
      return;
    }
    known.push(wish);
    if (!record.found) return;
    const lostSince = stageLostSince.get(recordKey(wish.record));
    const at = { stageLostSince: lostSince, now: options.clock() };
    for (const call of callsFor(record, stored.rules, portal, wish, at)) planned.push({ wish, record, ...call });
  });
  const due = await createTasks(options, portal, stored.version, planned);
  await endReads(options, memberId, known);
  return due;
}

async function readLater(
  options: PlanOptions,
  memberId: string,
  wish: Wanted,
  readAgainAt: number | undefined,
): Promise<void> {
  const { tasks, clock, random, count, eventsDlq } = options;
  const { record } = wish;
  if (readAgainAt === undefined && wish.attempts >= maxReads) {
    await sendDeadLetter(eventsDlq, memberId, {
      kind: 'record',
      memberId,
      record,
      code: 'RECORD_UNREADABLE',
      description: 'The portal gave no usable answer about this record. It is read again when its next event comes.',
      attempts: wish.attempts,
      at: clock(),
    });
    await endReads(options, memberId, [wish]);
    return;
  }
  count('RecordsUnread');
  // To wait for a limit, or for a person, is no try.
  const attempts = wish.attempts + (readAgainAt === undefined ? 1 : 0);
  const nextAt = readAgainAt ?? clock() + backoffMs(attempts, random);
  const { receivedAt, source, rules, askedAt } = wish;
  await tasks.wantRead(memberId, { record, receivedAt, source, rules, askedAt, nextAt, attempts });
}

async function endReads({ tasks }: PlanOptions, memberId: string, wishes: readonly Wanted[]): Promise<void> {
  await each(wishes, async ({ record, stamps }) => {
    for (const stamp of stamps) await tasks.endRead(memberId, record, stamp);
  });
}
