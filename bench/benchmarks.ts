import type { Benchmark } from './benchmark.ts';
import { cold } from './cold/cold.ts';
import { drain } from './drain/drain.ts';
import { portals } from './portals/portals.ts';

/** Every benchmark, by the name that `npm run bench` takes. Their numbers are in docs/benchmarks.md. */
export const benchmarks: Readonly<Record<string, Benchmark>> = { cold, drain, portals };
