import { type Price, type Priced, pricedKeys, prices } from './prices.ts';

/** How much of each priced thing is used. What is left out is not used. */
export type Usage = Readonly<Partial<Record<Priced, number>>>;

/** All of them together, each so many times. */
export function combined(...parts: readonly (readonly [times: number, usage: Usage])[]): Usage {
  const sum: Partial<Record<Priced, number>> = {};
  for (const [times, usage] of parts) {
    for (const key of pricedKeys) {
      const more = times * (usage[key] ?? 0);
      if (more !== 0) sum[key] = (sum[key] ?? 0) + more;
    }
  }
  return sum;
}

/** One line of a month's bill, in US dollars: at list price, and when the account has its free tier to itself. */
export interface BillLine {
  readonly key: Priced;
  readonly price: Price;
  readonly quantity: number;
  readonly usd: number;
  readonly usdAfterFree: number;
}

export function billOf(usage: Usage): BillLine[] {
  return pricedKeys.flatMap((key) => {
    const quantity = usage[key] ?? 0;
    if (quantity === 0) return [];
    const price: Price = prices[key];
    const dollars = (count: number): number => (count / price.per) * price.usd;
    return [
      { key, price, quantity, usd: dollars(quantity), usdAfterFree: dollars(Math.max(0, quantity - price.free)) },
    ];
  });
}

/** @example total(billOf({ alarms: 18 })) // { usd: 1.8, usdAfterFree: 0.8 } */
export function total(lines: readonly Pick<BillLine, 'usd' | 'usdAfterFree'>[]): { usd: number; usdAfterFree: number } {
  return {
    usd: lines.reduce((sum, { usd }) => sum + usd, 0),
    usdAfterFree: lines.reduce((sum, { usdAfterFree }) => sum + usdAfterFree, 0),
  };
}
