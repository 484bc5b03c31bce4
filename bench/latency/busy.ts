import { setTimeout as delay } from 'node:timers/promises';
import { startSimulator } from '../../simulator/simulator.ts';
import { leftAndTouched, portalAfterMassEdit } from '../storm/mass-edit.ts';
import { dealUpdate, postAll } from '../support/events.ts';
import { System } from '../support/system.ts';
import { effects, type Lone, loseOne } from './lone-deals.ts';

/**
 * Between two deals, in ms. They do not wait for each other. Each takes three requests, of 2 a second that the portal
 * allows and of which the backlog needs some as well: closer together they would be an overload by themselves.
 */
const spacingMs = 3_000;
/** A portal that takes 100 ms a deletion is worked at no faster than this, so the backlog lasts. */
const backlogPerSecond = 10;
const backlogSenders = 20;

/** So many deals, one every few seconds, while a backlog is worked off. Ms from event to effect of each. */
export async function busy(where: 'another portal' | 'the same portal', samples: number): Promise<number[]> {
  const simulator = await startSimulator();
  const system = await System.start();
  try {
    const count = Math.ceil((samples * spacingMs * backlogPerSecond) / 1000);
    const backlog = await portalAfterMassEdit(simulator, { events: count, deals: count, lost: count });
    const backlogWebhook = await system.connect(backlog.portal);
    const person = backlog.portal.addUser({ admin: true }).id;
    const alone = await portalAfterMassEdit(simulator, { events: 0, deals: 0, lost: 0 });
    const [portal, webhook] =
      where === 'the same portal'
        ? [backlog.portal, backlogWebhook]
        : [alone.portal, await system.connect(alone.portal)];

    // How long a deletion takes there is known from then on, and with it the pace of the backlog.
    await effects(backlog.portal, [await loseOne(system, backlog.portal, backlogWebhook)]);
    const bodies = backlog.deals.map((id) => dealUpdate(backlog.portal, backlogWebhook, id));
    await postAll(system.eventsUrl, bodies, backlogSenders);
    // Until it is being worked at.
    while (leftAndTouched(backlog.portal, backlog.deals, backlog.lostDeals).left === count) await delay(50);
    const lone: Lone[] = [];
    for (let sample = 0; sample < samples; sample += 1) {
      const by = where === 'the same portal' ? person : 1;
      lone.push(await loseOne(system, portal, webhook, { by }));
      await delay(spacingMs);
    }
    const at = await effects(portal, lone);
    return lone.map(({ dealId, postedAt }) => (at.get(dealId) ?? 0) - postedAt);
  } finally {
    await system.close();
    await simulator.close();
  }
}
