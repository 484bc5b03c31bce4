import { setTimeout as delay } from 'node:timers/promises';
import type { RequestRecord } from '../../simulator/request-log.ts';
import type { SimulatedPortal } from '../../simulator/portal.ts';
import { dealUpdate, postAll } from '../support/events.ts';
import type { System } from '../support/system.ts';
import { deletion } from '../support/lost-deals.ts';

type Webhook = Awaited<ReturnType<System['connect']>>;

/** One lost deal on its way. Ms since the epoch. */
export interface Lone {
  readonly dealId: number;
  readonly postedAt: number;
  readonly answeredAt: number;
}

/** Longer than anything should take, in ms. */
const patienceMs = 600_000;

/** Somebody moves a deal with one contact, into a lost stage unless it is said otherwise, and its event is posted. */
export async function loseOne(
  system: System,
  portal: SimulatedPortal,
  webhook: Webhook,
  { by = 1, stageId = 'LOSE' }: { by?: number; stageId?: string } = {},
): Promise<Lone> {
  const contactIds = [portal.addContact({ silent: true })];
  const dealId = portal.addDeal({ stageId: 'NEW', contactIds, silent: true });
  portal.moveDeal(dealId, stageId, { silent: true, by });
  const postedAt = Date.now();
  const [posted] = await postAll(system.eventsUrl, [dealUpdate(portal, webhook, dealId)], 1);
  if (posted?.accepted !== true) throw new Error(`The event of deal ${dealId} was not taken`);
  return { dealId, postedAt, answeredAt: Date.now() };
}

/** Until each of them has lost its contact. Gives when, by deal, in ms since the epoch. */
export async function effects(portal: SimulatedPortal, lone: readonly Lone[]): Promise<Map<number, number>> {
  for (const end = Date.now() + patienceMs; Date.now() < end; await delay(5)) {
    if (lone.every(({ dealId }) => portal.contactsOf(dealId).length === 0)) break;
  }
  // What stands in the log has been answered; the last answer is on its way now.
  for (const end = Date.now() + 5_000; Date.now() < end; await delay(5)) {
    const found = effectsIn(portal.requests);
    if (lone.every(({ dealId }) => found.has(dealId))) return found;
  }
  throw new Error('A lost deal still has its contact');
}

/** When the request that removed a deal's contacts was answered, in ms since the epoch. */
export function effectsIn(requests: readonly RequestRecord[]): Map<number, number> {
  const calls = requests.flatMap(({ answeredAt, commands }) =>
    commands
      .filter(({ method, error }) => method === deletion && error === undefined)
      .map(({ params }) => ({ params, answeredAt })),
  );
  return new Map(
    calls.flatMap(({ params, answeredAt }) => (answeredAt === undefined ? [] : [[Number(params['id']), answeredAt]])),
  );
}
