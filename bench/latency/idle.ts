import { setTimeout as delay } from 'node:timers/promises';
import { startSimulator } from '../../simulator/simulator.ts';
import { portalAfterMassEdit } from '../storm/mass-edit.ts';
import { type PlanFeed, System } from '../support/system.ts';
import { effects, loseOne } from './lone-deals.ts';
import { stepsOf } from './steps.ts';

/** In ms. */
export interface Measured {
  readonly totals: number[];
  /** Of each deal, the steps of steps.ts. */
  readonly steps: number[][];
}

/** Between two deals, in ms: what follows an effect has ended, and polls have begun anew. */
const pauseMs = 300;
/** From one deal to the next at least, in ms: each takes three requests, of 2 a second that the portal allows. */
const spacingMs = 2_000;

/** So many deals, each lost when the one before is done: there is never anything else to do. */
export async function idle(feed: PlanFeed, samples: number): Promise<Measured> {
  const simulator = await startSimulator();
  const system = await System.start(feed);
  try {
    const { portal } = await portalAfterMassEdit(simulator, { events: 0, deals: 0, lost: 0 });
    const webhook = await system.connect(portal);
    // The first does what is done once only.
    await effects(portal, [await loseOne(system, portal, webhook)]);
    const measured: Measured = { totals: [], steps: [] };
    for (let sample = 0; sample < samples; sample += 1) {
      await delay(pauseMs);
      await system.take();
      portal.clearRequests();
      const lone = await loseOne(system, portal, webhook);
      const effect = (await effects(portal, [lone])).get(lone.dealId) ?? 0;
      await delay(Math.max(pauseMs, lone.postedAt + spacingMs - Date.now()));
      const steps = stepsOf(lone, (await system.take()).invocations, portal.requests);
      measured.totals.push(effect - lone.postedAt);
      if (steps) measured.steps.push(steps);
    }
    return measured;
  } finally {
    await system.close();
    await simulator.close();
  }
}
