import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import type { RequestRecord } from '../../simulator/request-log.ts';
import type { SimulatedPortal } from '../../simulator/portal.ts';
import type { Simulator } from '../../simulator/simulator.ts';
import { percentile } from '../statistics.ts';
import type { CallCounts } from '../support/call-counts.ts';
import { Child } from '../support/child.ts';
import { dealUpdate, type Posted, postAll } from '../support/events.ts';
import type { InvocationRecord } from '../support/invocation-record.ts';
import { deletion } from '../support/lost-deals.ts';
import { type PlanFeed, System } from '../support/system.ts';
import { dealsOfEvents, leftAndTouched, portalAfterMassEdit, type Size } from './mass-edit.ts';

/** Requests to the portal: to read what events name, to work on what was found, and those that it refused. */
interface RestCounts {
  readonly reading: number;
  readonly working: number;
  readonly refused: number;
}

export interface StormOutcome {
  readonly name: string;
  readonly atOnce: number;
  readonly answers: { readonly posted: readonly Posted[]; readonly ms: number };
  readonly rest: RestCounts;
  /** Lost deals that were not cleaned. */
  readonly left: number;
  /** Deals that nobody was to touch, and that somebody has touched. */
  readonly touched: number;
  /** From the first event to the end of the last deletion. */
  readonly cleanAfterMs: number;
  readonly counts: CallCounts;
  readonly invocations: readonly InvocationRecord[];
}

/** Share of 2xx in time, events that are lost because nobody sends them again, and ms that answers took. */
export interface Answers {
  readonly accepted: number;
  readonly lost: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly perSecond: number;
}

export function answersOf({ posted, ms }: StormOutcome['answers']): Answers {
  const times = posted.map((one) => one.ms);
  const accepted = posted.filter((one) => one.accepted).length;
  return {
    accepted: accepted / posted.length,
    lost: posted.length - accepted,
    p50: percentile(times, 0.5),
    p99: percentile(times, 0.99),
    max: percentile(times, 1),
    perSecond: (1000 * posted.length) / ms,
  };
}

type Outcome = Omit<StormOutcome, 'name'>;
/** When nothing was cleaned for so long, the rest is not coming: the clock has ticked twice since. */
const standstillMs = 130_000;
/** After the last deletion there is still something to write down. */
const settleMs = 5_000;

/** The storm into tidy24. `plan`: how the queue feeds it, if not as deployed. */
export async function tidy24Storm(
  simulator: Simulator,
  size: Size,
  atOnce: number,
  plan: PlanFeed = {},
): Promise<Outcome> {
  const system = await System.start(plan);
  try {
    const { portal, deals, lostDeals } = await portalAfterMassEdit(simulator, size);
    const webhook = await system.connect(portal);
    await system.take();
    const bodies = dealsOfEvents(deals, size.events).map((id) => dealUpdate(portal, webhook, id));
    const [startedAt, started] = [Date.now(), performance.now()];
    const posted = await postAll(system.eventsUrl, bodies, atOnce);
    const ms = performance.now() - started;
    await untilClean(() => leftAndTouched(portal, deals, lostDeals).left);
    await delay(settleMs);
    const { counts, invocations } = await system.take();
    return {
      atOnce,
      answers: { posted, ms },
      rest: {
        reading: requestsOf(portal, 'plan').length,
        working: requestsOf(portal, 'worker').length,
        refused: portal.requests.filter(({ status }) => status === 503).length,
      },
      ...leftAndTouched(portal, deals, lostDeals),
      cleanAfterMs: lastDeletion(portal) - startedAt,
      counts,
      invocations,
    };
  } finally {
    await system.close();
  }
}

async function untilClean(left: () => number): Promise<void> {
  let [before, since] = [left(), Date.now()];
  while (before > 0 && Date.now() - since < standstillMs) {
    await delay(100);
    const now = left();
    if (now < before) [before, since] = [now, Date.now()];
  }
}

/** The functions' process ends their user agent with the function's name. */
export function requestsOf({ requests }: SimulatedPortal, functionKey: string): RequestRecord[] {
  return requests.filter(({ userAgent }) => userAgent.endsWith(` ${functionKey}`));
}

function lastDeletion({ requests }: SimulatedPortal): number {
  const deleting = requests.filter((one) => [one, ...one.commands].some(({ method }) => method === deletion));
  return Math.max(0, ...deleting.map(({ answeredAt = 0 }) => answeredAt));
}

const restFirstReady = z.object({ url: z.string() });
const takenSchema = z.object({ requests: z.int(), refused: z.int() });

/** The same storm into a handler that asks the portal before it answers. */
export async function restFirstStorm(simulator: Simulator, size: Size, atOnce: number): Promise<Outcome> {
  const { portal, deals, lostDeals } = await portalAfterMassEdit(simulator, size);
  const { child, ready } = await Child.start('../storm/rest-first-process.ts', restFirstReady, {
    args: [portal.createWebhook()],
  });
  try {
    const webhook = { id: 1, applicationToken: 'unchecked' };
    const bodies = dealsOfEvents(deals, size.events).map((id) => dealUpdate(portal, webhook, id));
    const [startedAt, started] = [Date.now(), performance.now()];
    const posted = await postAll(ready.url, bodies, atOnce);
    const ms = performance.now() - started;
    await delay(settleMs);
    const { requests, refused } = takenSchema.parse(await child.ask('take'));
    const working = portal.calls(deletion).length;
    return {
      atOnce,
      answers: { posted, ms },
      rest: { reading: requests - working, working, refused },
      ...leftAndTouched(portal, deals, lostDeals),
      cleanAfterMs: lastDeletion(portal) - startedAt,
      counts: {},
      invocations: [],
    };
  } finally {
    await child.close();
  }
}
