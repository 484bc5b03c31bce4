import { readServerlessFile } from '../../local/template/serverless-file.ts';
import type { Benchmark, ResultTable } from '../benchmark.ts';
import { percentile } from '../statistics.ts';
import { billOf, combined, total, type Usage } from './bill.ts';
import { type IdleCost, idleCosts } from './idle.ts';
import { observeLone, observeStorm, type Seen } from './observe.ts';
import { priceList, type Priced, pricedKeys, prices } from './prices.ts';
import { logBytesPerInvocation, logBytesPerRequest, slowerOnLambda, usageOf } from './usage.ts';

const months = [1_000, 100_000, 1_000_000] as const;
/** Of the events of a month, so many are losses: a deal is changed often, and lost once. */
const lostShare = 0.02;

/** Dollars for events, deletions and idleness, from what was counted and the public prices. */
export const cost: Benchmark = {
  title: `dollars for events, deletions and an idle deployment, ${priceList.region}`,
  async run(progress) {
    const samples = Number(process.env['TIDY24_SAMPLES'] ?? 30);
    const file = readServerlessFile({ stage: 'prod' });
    const each = ({ times, observed }: Seen): Usage => combined([1 / times, usageOf(file, observed)]);
    progress('events that come alone');
    const { lost, other, tick, reconciliation } = await observeLone(samples);
    progress('events of a storm');
    const storm = await observeStorm(percentile(other.observed.receives, 0.5));
    const usages = {
      'an event alone that no rule matches': each(other),
      'an event of a storm that no rule matches': each(storm),
      'a lost deal alone: its event and its deletion': each(lost),
    };
    const deletion = combined([1, each(lost)], [-1, each(other)]);
    const idle = idleCosts(file, { tick: each(tick), reconciliation: each(reconciliation) });
    return {
      settings: { ...priceList, samples, lostShare, slowerOnLambda, logBytesPerInvocation, logBytesPerRequest },
      tables: [
        perMillion({ ...usages, 'its deletion': deletion, 'a minute of release': each(tick) }),
        monthly(each(other), each(storm), deletion),
        idleTable(idle),
        priceTable(),
      ],
    };
  },
};

const dollars = (usd: number): string => usd.toFixed(usd < 1 ? 3 : 2);

function perMillion(usages: Readonly<Record<string, Usage>>): ResultTable {
  const keys = pricedKeys.filter((key) => Object.values(usages).some((usage) => usage[key] !== undefined));
  const rounded = (usage: Usage, key: Priced): string => {
    const quantity = usage[key] ?? 0;
    return key === 'logGigabytes' ? `${(quantity * 1e6).toFixed(1)} KB` : quantity.toFixed(key === 'gbSeconds' ? 3 : 2);
  };
  return {
    title: 'What one of each takes, and dollars for 1,000 of it at list price',
    headings: ['of what', ...keys.map((key) => prices[key].unit), '$ per 1,000'],
    rows: Object.entries(usages).map(([name, usage]) => [
      name,
      ...keys.map((key) => rounded(usage, key)),
      (1000 * total(billOf(usage)).usd).toFixed(4),
    ]),
  };
}

function monthly(alone: Usage, storm: Usage, deletion: Usage): ResultTable {
  return {
    title: `Dollars a month for events, ${lostShare * 100} % of them of lost deals, without what an idle deployment costs`,
    headings: ['events', 'each alone', 'after free tier', 'all in storms', 'after free tier', 'of it deletions'],
    rows: months.map((events) => {
      const deletions = [lostShare * events, deletion] as const;
      const columns = [alone, storm].flatMap((event) => {
        const { usd, usdAfterFree } = total(billOf(combined([events, event], deletions)));
        return [dollars(usd), dollars(usdAfterFree)];
      });
      return [events, ...columns, dollars(total(billOf(combined(deletions))).usd)];
    }),
  };
}

function idleTable(idle: readonly IdleCost[]): ResultTable {
  const rows = idle.map(({ what, usage }) => [what, dollars(total(billOf(usage)).usd)]);
  const { usd, usdAfterFree } = total(billOf(combined(...idle.map(({ usage }) => [1, usage] as const))));
  return {
    title: 'What an idle deployment with one portal costs a month, dollars at list price',
    headings: ['what', '$'],
    rows: [
      ...rows,
      ['all', dollars(usd)],
      ['all, when the account has its free tier to itself', dollars(usdAfterFree)],
    ],
  };
}

function priceTable(): ResultTable {
  return {
    title: `List prices, ${priceList.region}, as of ${priceList.asOf}, not looked up again`,
    headings: ['service', 'unit', '$', 'for', 'free a month'],
    rows: pricedKeys.map((key) => {
      const { service, unit, usd, per, free } = prices[key];
      return [service, unit, plainNumber(usd), per, free];
    }),
  };
}

/** Without an exponent. */
function plainNumber(value: number): string {
  return value.toFixed(10).replace(/\.?0+$/, '');
}
