import { randomBytes } from 'node:crypto';
import { SeededRandom } from '../../simulator/random.ts';
import type { SimulatedPortal } from '../../simulator/portal.ts';
import type { Simulator } from '../../simulator/simulator.ts';
import { deletion } from '../support/lost-deals.ts';

/** How large a storm is. */
export interface Size {
  readonly events: number;
  readonly deals: number;
  /** Of the deals. */
  readonly lost: number;
}

/** As docs/benchmarks.md names it, or scaled down: TIDY24_STORM=1000 is a tenth of it. */
export function stormSize(env: NodeJS.ProcessEnv = process.env): Size {
  const events = Number(env['TIDY24_STORM'] ?? 10_000);
  if (!Number.isInteger(events) || events < 100) throw new Error('TIDY24_STORM is a number of events, 100 at least');
  return { events, deals: Math.ceil(events * 0.3), lost: Math.ceil(events * 0.02) };
}

/** How long the portal takes, in ms: a command that reads, and a deletion. Both are billed as much operating time. */
export const portalMs = { read: 30, deletion: 100 } as const;

/** An ordinary portal that somebody has just edited many deals of: one contact each, the first `lost` of them in a lost stage. */
export async function portalAfterMassEdit(simulator: Simulator, { deals: count, lost }: Size) {
  const portal = await simulator.addPortal({
    memberId: randomBytes(16).toString('hex'),
    timePerCall: { [deletion]: portalMs.deletion / 1000, '*': portalMs.read / 1000 },
    delay: { [deletion]: portalMs.deletion, '*': portalMs.read },
  });
  const deals = Array.from({ length: count }, () => {
    const contactIds = [portal.addContact({ silent: true })];
    return portal.addDeal({ stageId: 'NEW', contactIds, silent: true });
  });
  const lostDeals = deals.slice(0, lost);
  for (const id of lostDeals) portal.moveDeal(id, 'LOSE', { silent: true });
  return { portal, deals, lostDeals };
}

/** Which deals the events name: each of them once, the others drawn anew, and all in no order. The same at each call. */
export function dealsOfEvents(deals: readonly number[], events: number): number[] {
  const random = new SeededRandom(24);
  const more = Array.from(
    { length: Math.max(0, events - deals.length) },
    () => deals[Math.floor(random.next() * deals.length)] ?? 0,
  );
  const all = [...deals, ...more];
  for (let index = all.length - 1; index > 0; index -= 1) {
    const other = Math.floor(random.next() * (index + 1));
    [all[index], all[other]] = [all[other] ?? 0, all[index] ?? 0];
  }
  return all;
}

/** Lost deals that still have contacts, and deals that nobody was to touch and that have lost theirs. */
export function leftAndTouched(portal: SimulatedPortal, deals: readonly number[], lostDeals: readonly number[]) {
  const lost = new Set(lostDeals);
  const isLinked = (id: number): boolean => portal.contactsOf(id).length > 0;
  return {
    left: lostDeals.filter(isLinked).length,
    touched: deals.filter((id) => !lost.has(id) && !isLinked(id)).length,
  };
}
