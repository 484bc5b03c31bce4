import { setTimeout as delay } from 'node:timers/promises';
import { startSimulator } from '../../simulator/simulator.ts';
import type { SimulatedPortal } from '../../simulator/portal.ts';
import { effects, loseOne } from '../latency/lone-deals.ts';
import { portalAfterMassEdit } from '../storm/mass-edit.ts';
import { tidy24Storm } from '../storm/contenders.ts';
import { System } from '../support/system.ts';
import type { Observed } from './usage.ts';

/** What each kind of work was seen to take, for `times` of it. */
export interface Seen {
  readonly times: number;
  readonly observed: Observed;
}

const ticks = 20;
const rounds = 10;
const storm = { events: 2_000, deals: 600, lost: 0 };
/** What follows an event that no rule matches: the window, and then plan. */
const settleMs = 3_500;

/** Events that come alone, of deals that are lost and that are not. */
export async function observeLone(
  samples: number,
): Promise<{ lost: Seen; other: Seen; tick: Seen; reconciliation: Seen }> {
  const simulator = await startSimulator();
  const system = await System.start();
  try {
    const { portal } = await portalAfterMassEdit(simulator, { events: 0, deals: 0, lost: 0 });
    const webhook = await system.connect(portal);
    await effects(portal, [await loseOne(system, portal, webhook)]);
    await delay(settleMs);
    await system.take();

    const tick = await observed(system, ticks, () => system.tick());
    const reconciliation = await observed(system, rounds, () => reconcile(system, portal));
    const lost = await observed(system, samples, async () => {
      const lone = await loseOne(system, portal, webhook);
      await effects(portal, [lone]);
      await delay(500);
      return lone.answeredAt - lone.postedAt;
    });
    const other = await observed(system, samples, async () => {
      const lone = await loseOne(system, portal, webhook, { stageId: 'PREPARATION' });
      await delay(settleMs);
      return lone.answeredAt - lone.postedAt;
    });
    return { lost, other, tick, reconciliation };
  } finally {
    await system.close();
    await simulator.close();
  }
}

/** `work` gives how long the answer to an event took, if there was one. What the clock does meanwhile is counted. */
async function observed(system: System, times: number, work: () => Promise<number | void>): Promise<Seen> {
  const receives: number[] = [];
  for (let time = 0; time < times; time += 1) receives.push((await work()) ?? Number.NaN);
  const { counts, invocations } = await system.take();
  return { times, observed: { counts, invocations, receives: receives.filter((ms) => !Number.isNaN(ms)) } };
}

/** A portal's round, brought forward, and the tick that sends it. */
async function reconcile(system: System, { memberId }: SimulatedPortal): Promise<void> {
  await system.want(memberId, 'reconcile');
  await system.tick();
  await delay(settleMs);
}

/**
 * Events of a storm, none of a lost deal. `receiveMs`: what one answer takes. In a storm each has an instance to itself on
 * Lambda, while here all of them share a processor with their sender.
 */
export async function observeStorm(receiveMs: number): Promise<Seen> {
  const simulator = await startSimulator();
  try {
    const { answers, counts, invocations } = await tidy24Storm(simulator, storm, 50);
    return { times: storm.events, observed: { counts, invocations, receives: answers.posted.map(() => receiveMs) } };
  } finally {
    await simulator.close();
  }
}
