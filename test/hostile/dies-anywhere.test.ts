import { describe, expect, test } from '@jest/globals';
import { wrongInTheEnd } from './ending.ts';
import type { Fate, Invocation } from './invocation.ts';
import { holdField } from './knowledge.ts';
import { drain, finish } from './run.ts';
import { process, World } from './world.ts';

const everything = `[deal-contacts, company-contacts, contacts, company, { items: { type: ${process} } }, deal]`;
/** More than the worker here ever calls. */
const farEnough = 400;

/**
 * Two lost deals with all that a rule can remove: of the first, one contact is the second contact of a colleague's open
 * deal; of the second, a contact is held, an item is ticked, and the company has an open deal.
 */
async function stage(): Promise<World> {
  const world = await World.start(7);
  const { portal, parts, memberId, time } = world;
  const [shared, other] = [portal.addCompany({ silent: true }), portal.addCompany({ silent: true })];
  const contact = (companyId: number) => portal.addContact({ silent: true, companyIds: [companyId] });
  const [free, guarded, held] = [contact(other), contact(other), contact(shared)] as const;
  const lose = (companyId: number, contactIds: number[]) =>
    portal.addDeal({ stageId: 'LOSE', silent: true, companyId, contactIds });
  const deals = [lose(other, [free, guarded]), lose(shared, [held])];
  portal.addDeal({ stageId: 'NEW', silent: true, contactIds: [contact(shared), guarded], companyId: shared });
  const items = deals.map((id) => portal.addItem(process, { parents: { 2: id }, silent: true }));
  portal.updateItem(process, items[1] ?? 0, { fields: { [holdField]: 'Y' }, silent: true });
  await parts.portals.holds.put(memberId, { entityTypeId: 3, id: held, by: 'test', at: time.now });

  await world.pushRules([everything]);
  for (const id of deals) world.tell(id);
  world.plan(world.visible(world.events));
  await drain(world);
  return world;
}

/** Lets a worker go on until it is over, or to the call of that number. Gives how many calls it made. */
async function work(world: World, nth: number, fate: Fate): Promise<Invocation> {
  const [message] = world.visible(world.deletions);
  if (!message) throw new Error('There is no message');
  const worker = world.work(message);
  for (let calls = 1; calls <= farEnough; calls += 1) {
    await world.stand();
    if (worker.isOver) break;
    await worker.held[0]?.go(calls === nth ? fate : 'works');
  }
  return worker;
}

interface Ending {
  readonly died: boolean;
  readonly left: string[];
  readonly wrong: string[];
  readonly deletions: number;
}

async function endingWith(nth: number, fate: Fate): Promise<Ending> {
  const world = await stage();
  try {
    const worker = await work(world, nth, fate);
    await finish(world);
    const { witness, mistakes, portal } = world;
    const { records, links } = portal.snapshotState();
    return {
      died: worker.isDead,
      left: [...Object.keys(records), ...Object.entries(links).map(([of, some]) => `${of} has ${some.length}`)],
      wrong: [...mistakes, ...witness.complaints, ...(await wrongInTheEnd(world))],
      deletions: witness.asked.filter(({ effect }) => effect).length,
    };
  } finally {
    await world.close();
  }
}

/** Before one call and after the one before it is the same but for the answer: each is tried in one of the ways. */
const inTurn: (calls: number) => Fate[] = (calls) => [calls % 2 === 0 ? 'dies-before' : 'dies-after'];
const inBoth: (calls: number) => Fate[] = () => ['dies-before', 'dies-after'];
const fates = globalThis.process.env['TIDY24_RUNS'] === undefined ? inTurn : inBoth;

describe('a worker that dies at any of its calls to a table, the portal or a queue', () => {
  test('leaves to the next one what comes to the same in the end', async () => {
    const undisturbed = await endingWith(0, 'works');
    expect(undisturbed).toMatchObject({ died: false, wrong: [], deletions: 6 });
    const found: string[] = [];
    let calls = 0;
    for (let died = true; died && calls < farEnough;) {
      calls += 1;
      for (const fate of fates(calls)) {
        const ending = await endingWith(calls, fate);
        ({ died } = ending);
        const isSame = JSON.stringify(ending.left) === JSON.stringify(undisturbed.left);
        const differs = isSame ? [] : [`left are ${ending.left.join(', ')}`];
        found.push(...[...ending.wrong, ...differs].map((text) => `call ${calls}, ${fate}: ${text}`));
      }
    }
    expect(found).toEqual([]);
    expect(calls).toBeGreaterThan(100);
    expect(calls).toBeLessThan(farEnough);
  }, 600_000);
});
