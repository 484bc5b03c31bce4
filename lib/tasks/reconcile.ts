import * as z from 'zod';
import type { OutgoingMessage, Queue } from '../aws/queue.ts';
import type { Count, Log } from '../aws/telemetry.ts';
import { itemListSchema } from '../bitrix24/answers.ts';
import type { Clock } from '../bitrix24/clock.ts';
import { EntityType } from '../bitrix24/entity-types.ts';
import { minute } from '../bitrix24/reactions.ts';
import type { Portal } from '../portals/portal.ts';
import { PortalSession, type SessionOptions } from '../portals/session.ts';
import type { EventMessage } from './messages.ts';

export interface ReconcileOptions extends SessionOptions {
  readonly events: Queue;
  readonly clock: Clock;
  readonly log: Log;
  readonly count: Count;
}

/** Clocks differ, and an event may be on its way: a round looks back this far behind where the last one ended. */
const overlapMs = 10 * minute;
/** A page of `crm.item.list`. */
const pageSize = 50;
/** A page is not begun with less time left than this. */
const marginMs = 20_000;

const foundSchema = z.object({ id: z.coerce.number().pipe(z.int().positive()) });
const whoSchema = z.object({ ADMIN: z.boolean() });

/** Thrown when what was found cannot be passed on, or what is there cannot be found: the round is not over. */
export class RoundNotFinished extends Error {
  override readonly name = 'RoundNotFinished';
  readonly code = 'ROUND_NOT_FINISHED';
}

/**
 * One round for one portal: every deal that was moved to a lost stage since the last round goes to `events` as if the
 * portal had told of it, because Bitrix24 never sends an event twice. Paged by id; where a round has to stop, the next
 * invocation goes on. The watermark moves only when all that was found is on the queue.
 *
 * @param deadline ms since the epoch
 * @returns whether the round is over
 * @throws PortalBusy, PortalStopped, RoundNotFinished, and what a call may throw: the round goes on later
 */
export async function reconcilePortal(options: ReconcileOptions, portal: Portal, deadline: number): Promise<boolean> {
  const { portals, clock, log, count } = options;
  const { memberId } = portal;
  const round = portal.round ?? { startedAt: clock(), afterId: 0 };
  const since = (portal.reconciledUntil ?? portal.createdAt) - overlapMs;
  const session = new PortalSession(options, portal, deadline);

  if (portal.mode === 'enforce') {
    const who = whoSchema.safeParse((await session.call('profile', {}, { write: false })).result);
    // A round that does not see everything must not move the watermark.
    if (!who.success) throw new RoundNotFinished('The portal does not say who we are');
    if (!who.data.ADMIN) throw await session.stopForWantOfRights();
  }

  let { afterId } = round;
  let found = 0;
  for (;;) {
    if (clock() > deadline - marginMs) {
      await portals.change(memberId, { round: { ...round, afterId } });
      return false;
    }
    const ids = await lostDeals(session, since, afterId).catch(async (error: unknown) => {
      await portals.change(memberId, { round: { ...round, afterId } });
      throw error;
    });
    await enqueue(options, memberId, ids);
    found += ids.length;
    if (ids.some((id) => id <= afterId)) throw new RoundNotFinished('The portal does not page by id');
    afterId = Math.max(afterId, ...ids);
    if (ids.length < pageSize) break;
  }
  await portals.endRound(memberId, round.startedAt);
  if (found > 0) log.info('reconciled', { memberId, records: found, since: new Date(since).toISOString() });
  count('RecordsReconciled', found);
  return true;
}

async function lostDeals(session: PortalSession, since: number, afterId: number): Promise<number[]> {
  const { result } = await session.call(
    'crm.item.list',
    {
      entityTypeId: EntityType.deal,
      filter: { stageSemanticId: 'F', '>=movedTime': new Date(since).toISOString(), '>id': afterId },
      select: ['id'],
      order: { id: 'ASC' },
      start: -1,
    },
    { write: false },
  );
  const page = itemListSchema.safeParse(result);
  const ids = page.success ? z.array(foundSchema).safeParse(page.data.items) : undefined;
  if (ids?.success !== true) throw new RoundNotFinished('The portal gave a page that cannot be read');
  return ids.data.map(({ id }) => id);
}

async function enqueue({ events, clock }: ReconcileOptions, memberId: string, ids: readonly number[]): Promise<void> {
  const messages = ids.map((id): OutgoingMessage => {
    const body: EventMessage = {
      v: 1,
      memberId,
      entityTypeId: EntityType.deal,
      id,
      source: 'reconcile',
      receivedAt: clock(),
    };
    return { body, group: memberId };
  });
  const unsent = await events.sendAll(messages);
  if (unsent.length > 0) throw new RoundNotFinished(`${unsent.length} records found were not taken by the queue`);
}
