import type { Benchmark } from './benchmark.ts';
import { cold } from './cold/cold.ts';
import { cost } from './cost/cost.ts';
import { drain } from './drain/drain.ts';
import { latency } from './latency/latency.ts';
import { portals } from './portals/portals.ts';
import { storm } from './storm/storm.ts';

/** Every benchmark, by the name that `npm run bench` takes. Their numbers are in docs/benchmarks.md. */
export const benchmarks: Readonly<Record<string, Benchmark>> = { cold, cost, drain, latency, portals, storm };
