import type { Measurement } from './process-messages.ts';

/** This process as it is now. Collects garbage first where Node was started with --expose-gc. */
export function measure(): Measurement {
  // Twice: what the first one finalizes, the second one frees.
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, rss, external } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const resources: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
  return { heapUsed, rss, external, resources, cpuMs: (user + system) / 1000 };
}
