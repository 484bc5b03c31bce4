import * as z from 'zod';
import type { OutgoingMessage, Queue } from '../aws/queue.ts';
import { itemListSchema } from '../bitrix24/answers.ts';
import type { Clock } from '../bitrix24/clock.ts';
import type { PortalSession } from '../portals/session.ts';
import { lostStages, type StageDirectory } from '../portals/stage-directory.ts';
import { isInOrder, isLastPage } from './list-pages.ts';
import type { EventMessage } from './messages.ts';
import { saysSemantics } from './stage-semantics.ts';

const foundSchema = z.object({ id: z.coerce.number().pipe(z.int().positive()) });

/** Thrown when what was found cannot be passed on, or what is there cannot be found: the round is not over. */
export class RoundNotFinished extends Error {
  override readonly name = 'RoundNotFinished';
  readonly code = 'ROUND_NOT_FINISHED';
}

/** Which records are looked for: of one type, by conditions in Bitrix24's notation. */
export interface LostSearch {
  readonly entityTypeId: number;
  readonly filter: Readonly<Record<string, unknown>>;
}

/**
 * The lost records of a type. Undefined when it has no lost stage at all.
 *
 * @throws RoundNotFinished when it is not known which stages are lost
 */
export function lostOnes(
  entityTypeId: number,
  directory: StageDirectory | undefined,
  filter: LostSearch['filter'],
): LostSearch | undefined {
  if (saysSemantics(entityTypeId)) return { entityTypeId, filter: { stageSemanticId: 'F', ...filter } };
  if (!directory) throw new RoundNotFinished(`The stages of type ${entityTypeId} cannot be read`);
  const stages = lostStages(directory);
  return stages.length === 0 ? undefined : { entityTypeId, filter: { '@stageId': stages, ...filter } };
}

/**
 * The ids of the next page, as they came.
 *
 * @throws RoundNotFinished when the page cannot be read, and what a session throws
 */
async function nextPage(
  session: PortalSession,
  { entityTypeId, filter }: LostSearch,
  afterId: number,
): Promise<{ ids: number[]; isLast: boolean }> {
  const { result, next } = await session.call(
    'crm.item.list',
    { entityTypeId, filter: { ...filter, '>id': afterId }, select: ['id'], order: { id: 'ASC' }, start: -1 },
    { write: false },
  );
  const page = itemListSchema.safeParse(result);
  const rows = page.success ? z.array(foundSchema).safeParse(page.data.items) : undefined;
  if (rows?.success !== true) throw new RoundNotFinished('The portal gave a page that cannot be read');
  return { ids: rows.data.map(({ id }) => id), isLast: isLastPage(rows.data, next) };
}

/** A page is not begun with less time left than this. */
const marginMs = 20_000;

export interface NameOptions {
  readonly events: Queue;
  readonly clock: Clock;
}

export interface Naming {
  /** Undefined: there is nothing to look for. */
  readonly search: LostSearch | undefined;
  readonly afterId: number;
  /** ms since the epoch. */
  readonly deadline: number;
  readonly common: Omit<EventMessage, 'v' | 'id' | 'entityTypeId' | 'receivedAt'>;
  /** Notes up to which id all are on the queue, where it has to stop. */
  readonly keep: (afterId: number) => Promise<unknown>;
}

/**
 * Puts every record that is found on `events`, page by page, by growing ids.
 *
 * @returns whether that were all; else there was no time, and it goes on after the id that was kept
 * @throws RoundNotFinished, and what a session throws, after the place to go on from has been kept
 */
export async function nameLost(
  options: NameOptions,
  session: PortalSession,
  { search, afterId, deadline, common, keep }: Naming,
): Promise<{ done: boolean; found: number }> {
  let [last, found] = [afterId, 0];
  if (!search) return { done: true, found };
  try {
    for (;;) {
      if (options.clock() > deadline - marginMs) {
        await keep(last);
        return { done: false, found };
      }
      const named = await namePage(options, session, search, { afterId: last, common });
      found += named.found;
      ({ last } = named);
      if (named.isLast) return { done: true, found };
    }
  } catch (error) {
    await keep(last);
    throw error;
  }
}

/**
 * Puts the page after `afterId` on `events`.
 *
 * @throws RoundNotFinished, and what a session throws
 */
export async function namePage(
  { events, clock }: NameOptions,
  session: PortalSession,
  search: LostSearch,
  { afterId, common }: Pick<Naming, 'afterId' | 'common'>,
): Promise<{ last: number; found: number; isLast: boolean }> {
  const { ids, isLast } = await nextPage(session, search, afterId);
  await name(events, ids, { ...common, entityTypeId: search.entityTypeId, receivedAt: clock() });
  if (!isInOrder(ids, afterId)) throw new RoundNotFinished('The portal does not page by id');
  return { last: ids.at(-1) ?? afterId, found: ids.length, isLast };
}

async function name(events: Queue, ids: readonly number[], common: Omit<EventMessage, 'v' | 'id'>): Promise<void> {
  const messages = ids.map((id): OutgoingMessage => {
    const body: EventMessage = { v: 1, id, ...common };
    return { body, group: common.memberId };
  });
  const unsent = await events.sendAll(messages);
  if (unsent.length > 0) throw new RoundNotFinished(`${unsent.length} records found were not taken by the queue`);
}
