import { randomBytes } from 'node:crypto';
import type { SimulatedPortal } from '../../simulator/portal.ts';
import type { Simulator } from '../../simulator/simulator.ts';
import { addLostDeals, deletion } from '../support/lost-deals.ts';

/** One kind of portal, and how long one deletion takes there in seconds of its own time. */
export interface Cell {
  /** As TIDY24_CELLS has it. */
  readonly name: string;
  readonly plan: 'ordinary' | 'enterprise';
  readonly perDeletion: number;
  /** How many times as fast as real time. */
  readonly scale: number;
  readonly deals: number;
}

/** Any call that reads takes this many seconds and is billed so: the simulator's own figure. */
export const perReadCall = 0.03;

export const operating = { seconds: 480, windowSeconds: 600 } as const;

export const rates = {
  ordinary: { perSecond: 2, burst: 50 },
  enterprise: { perSecond: 5, burst: 250 },
} as const;

/** A portal of its own with so many deals in a lost stage, each with one contact. */
export async function portalWithLostDeals(
  simulator: Simulator,
  { plan, perDeletion, scale, deals: count }: Cell,
): Promise<{ portal: SimulatedPortal; deals: number[] }> {
  const ms = (seconds: number): number => (seconds * 1000) / scale;
  const portal = await simulator.addPortal({
    memberId: randomBytes(16).toString('hex'),
    limits: rates[plan],
    timePerCall: { [deletion]: perDeletion, '*': perReadCall },
    delay: { [deletion]: ms(perDeletion), '*': ms(perReadCall) },
  });
  return { portal, deals: addLostDeals(portal, count) };
}

/** Fast enough for a run of minutes, and slow enough for the machine not to be what is measured. */
const scales: Readonly<Record<string, number>> = { '0.09': 1, '0.2': 2, '0.6': 4, '5': 18 };

/** All of them, or those that TIDY24_CELLS names, as `ordinary:0.6,enterprise:5`; with TIDY24_DEALS deals each. */
export function cells(env: NodeJS.ProcessEnv = process.env): Cell[] {
  const all = (['ordinary', 'enterprise'] as const).flatMap((plan) =>
    Object.entries(scales).map(([seconds, scale]): Cell => ({
      name: `${plan}:${seconds}`,
      plan,
      perDeletion: Number(seconds),
      scale,
      deals: Number(env['TIDY24_DEALS'] ?? 2_000),
    })),
  );
  const wanted = env['TIDY24_CELLS']?.split(',') ?? all.map(({ name }) => name);
  const named = new Map(all.map((cell) => [cell.name, cell]));
  return wanted.map((name) => {
    const cell = named.get(name);
    if (!cell)
      throw new Error(`TIDY24_CELLS: there is no ${name}. There are: ${all.map((one) => one.name).join(', ')}`);
    return cell;
  });
}
