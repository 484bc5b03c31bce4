import { startSimulator } from '../../simulator/simulator.ts';
import type { SimulatedPortal } from '../../simulator/portal.ts';
import type { ResultTable } from '../benchmark.ts';
import { liveFaster, punctualSleep } from '../support/fast-time.ts';
import { deletion } from '../support/lost-deals.ts';
import { leastSeconds } from './bound.ts';
import { type Cell, operating, perReadCall, portalWithLostDeals, rates } from './cells.ts';
import { refusedIn } from './refused.ts';
import { officialSdk, plainLoop } from './rivals.ts';
import { Tidy24 } from './tidy24.ts';

/** Who deletes, given the deals and a look at whether all is done. */
type Contender = (
  portal: SimulatedPortal,
  cell: Cell,
  deals: readonly number[],
  isOver: () => boolean,
) => Promise<void>;

const headings = ['client', 'deletions/s', 'of the bound', 'left', 'requests', '503', '429', 'banned, s'] as const;

/** Measures a cell: each client by itself. `progress`: told in a few words how far it is. */
export async function measureCell(cell: Cell, progress: (text: string) => void): Promise<ResultTable> {
  const { plan, perDeletion, scale, deals } = cell;
  const bound = leastSeconds(deals, {
    ...rates[plan],
    operatingSeconds: operating.seconds,
    windowSeconds: operating.windowSeconds,
    perDeletion,
    perRead: perReadCall,
  });
  const restore = liveFaster(scale);
  const tidy24 = await Tidy24.start();
  const contenders: Record<string, Contender> = {
    tidy24: async (portal, at, _deals, isOver) => tidy24.drain(portal, at, isOver),
    'plain loop': (portal, at, ids, isOver) => plainLoop(portal, at, ids, isOver),
    'official SDK': (portal, at, ids, isOver) => officialSdk(portal, at, ids, isOver),
  };
  try {
    const rows: (string | number)[][] = [];
    for (const [name, work] of Object.entries(contenders)) {
      if (process.env['TIDY24_CLIENTS']?.split(',').includes(name) === false) continue;
      progress(`${plan}, ${perDeletion} s a deletion, ${scale} times as fast: ${name}`);
      rows.push([name, ...(await runOne(cell, bound, tidy24, work))]);
    }
    const title =
      `${plan} portal, ${perDeletion} s a deletion, ${deals} deals, ${scale} times as fast; ` +
      `at best ${(deals / bound).toFixed(2)} deletions/s`;
    return { title, headings, rows };
  } finally {
    await tidy24.close();
    restore();
  }
}

/** So many times what is possible at best, then a client is stopped: what it has not deleted is `left`. */
export const patience = 1.1;

async function runOne(cell: Cell, bound: number, tidy24: Tidy24, work: Contender): Promise<(string | number)[]> {
  const simulator = await startSimulator({ clock: Date.now, sleep: punctualSleep() });
  try {
    const { portal, deals } = await portalWithLostDeals(simulator, cell);
    await tidy24.prepare(portal, cell, deals);
    portal.clearRequests();
    const started = Date.now();
    const isLate = () => Date.now() - started > patience * bound * 1000;
    const left = () => deals.filter((id) => portal.contactsOf(id).length > 0).length;
    await work(portal, cell, deals, () => isLate() || left() === 0);

    const { requests } = portal;
    const deleting = requests.filter((one) => [one, ...one.commands].some(({ method }) => method === deletion));
    const ended = Math.max(started + 1, ...deleting.map(({ answeredAt = 0 }) => answeredAt));
    const perSecond = (deals.length - left()) / ((ended - started) / 1000);
    const refused = refusedIn(requests, deletion, Date.now());
    return [
      perSecond.toFixed(2),
      `${((100 * perSecond * bound) / deals.length).toFixed(1)} %`,
      left(),
      requests.length,
      refused.requests,
      refused.calls,
      (refused.bannedMs / 1000).toFixed(0),
    ];
  } finally {
    await simulator.close();
  }
}
