import { inspect } from 'node:util';
import { Adversary } from './adversary.ts';
import { Dice } from './dice.ts';
import type { Fate, Held } from './invocation.ts';
import { furnish } from './stage.ts';
import { World } from './world.ts';

const second = 1_000;
const mostWorkers = 3;
const steps = 500;

/**
 * Lets everything happen at once, drawn from the seed; then peace, until nothing is left to do.
 *
 * @returns what `judge` finds wrong in the end; an error that ends the run is wrong as well
 */
export async function play(seed: number, judge: (world: World) => Promise<string[]>): Promise<string[]> {
  const world = await World.start(seed);
  try {
    await hostilities(world, new Dice(seed));
    await finish(world);
    return await judge(world);
  } catch (error) {
    return [inspect(error), ...world.witness.complaints];
  } finally {
    await world.close();
  }
}

async function hostilities(world: World, dice: Dice): Promise<void> {
  await furnish(world, dice);
  const adversary = new Adversary(world, dice);
  const hostility = 0.04 + dice.below(10) / 100;
  for (let step = 0; step < steps; step += 1) {
    await world.stand();
    await cutOff(world);
    if (dice.chance(hostility)) await adversary.act();
    else if (world.live.length === 0 || (world.live.length < mostWorkers && dice.chance(0.15))) begin(world, dice);
    else await letGo(world, dice);
    passTime(world, dice);
  }
  await adversary.mend();
  await drain(world);
  // Those who were under way may have paused the portal for what they had seen before.
  await adversary.resume();
}

/** Whoever has run for longer than a function may. */
async function cutOff({ live, time }: World): Promise<void> {
  for (const one of live) if (time.now > one.deadline) await one.kill();
}

function begin(world: World, dice: Dice): void {
  const message = dice.one(world.visible(world.deletions));
  const events = dice.some(world.visible(world.events), 3);
  if (events.length > 0 && dice.chance(0.4)) world.plan(events);
  else if (message) world.work(message);
  else if (dice.chance(0.5)) world.release();
  else if (world.live.length === 0) world.time.now += second * (1 + dice.below(120));
}

async function letGo(world: World, dice: Dice): Promise<void> {
  const one = dice.one(world.live);
  const held = one && dice.one(one.held);
  await held?.go(fateOf(held, dice));
}

function fateOf({ kind }: Held, dice: Dice): Fate {
  // How the portal fails is drawn there.
  if (kind === 'portal' || !dice.chance(0.003)) return 'works';
  return dice.one(['fails-before', 'fails-after'] as const) ?? 'works';
}

/** A step takes some milliseconds. Sometimes something hangs, but not between the last look at the stop and the request. */
function passTime(world: World, dice: Dice): void {
  const isAboutToSend = world.live.some((one) => world.witness.of(one).hasReadStop);
  const hangs = dice.chance(0.03) && !isAboutToSend;
  world.time.now += hangs ? second * (1 + dice.below(90)) : 1 + dice.below(30);
}

/** One invocation after the other, without trouble, until nothing is due any more and no message is left. */
export async function finish(world: World): Promise<void> {
  for (let turns = 0; turns < 1_000; turns += 1) {
    await drain(world);
    const [message] = world.visible(world.deletions);
    const events = world.visible(world.events).slice(0, 10);
    if (events.length > 0) world.plan(events);
    else if (message) world.work(message);
    else {
      world.release();
      await drain(world);
      if (world.visible(world.deletions).length > 0) continue;
      const open = (await world.tasks()).filter(({ status }) => status === 'open');
      const waiting = [...world.deletions.messages, ...world.events.messages].map(({ visibleAt }) => visibleAt);
      if (open.length === 0 && waiting.length === 0) return;
      world.time.now = Math.max(world.time.now + 1, Math.min(...open.map(({ nextAt = 0 }) => nextAt), ...waiting));
    }
  }
  throw new Error('There is no end to it');
}

/** Until nobody is under way any more, each call in its turn and without trouble. */
export async function drain(world: World): Promise<void> {
  for (let calls = 0; calls < 20_000; calls += 1) {
    await world.stand();
    const [first] = world.live;
    if (!first) return;
    await first.held[0]?.go('works');
  }
  throw new Error(`Without end: ${world.live.map(({ name, held }) => `${name} at ${held[0]?.what}`).join(', ')}`);
}
