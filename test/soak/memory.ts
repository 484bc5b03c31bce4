/** A measurement: minutes since the start, bytes. */
export interface Sample {
  readonly minutes: number;
  readonly bytes: number;
}

/**
 * What the memory that scripts hold may do over the second half of the run: its trend under load, its last value in
 * terms of the half's first, and (in bytes as the trend) what it has grown by from one rest to the next.
 */
export const bounds = { growthBytes: 3e6, lastToFirst: 1.2 } as const;

export interface MemoryVerdict {
  readonly bytesPerMinute: number;
  /** By the trend, over the second half. */
  readonly growthBytes: number;
  readonly lastToFirst: number;
  readonly isFlat: boolean;
}

/**
 * Whether memory is flat, by the second half of the samples: what a process keeps for good it has by then. The trend is
 * the median of the slopes between all pairs (Theil–Sen), which a few high samples do not move.
 *
 * @throws RangeError for fewer than four samples
 */
export function judgeMemory(samples: readonly Sample[]): MemoryVerdict {
  const half = samples.slice(Math.floor(samples.length / 2));
  const [first, last] = [half.at(0), half.at(-1)];
  if (samples.length < 4 || first === undefined || last === undefined) {
    throw new RangeError('Memory cannot be judged by fewer than four samples');
  }
  const bytesPerMinute = theilSen(half);
  const growthBytes = bytesPerMinute * (last.minutes - first.minutes);
  const lastToFirst = last.bytes / first.bytes;
  const isFlat = growthBytes <= bounds.growthBytes && lastToFirst <= bounds.lastToFirst;
  return { bytesPerMinute, growthBytes, lastToFirst, isFlat };
}

/** The median of the slopes between all pairs, in bytes a minute. */
export function theilSen(samples: readonly Sample[]): number {
  const slopes = samples
    .flatMap((a, index) => samples.slice(index + 1).map((b) => (b.bytes - a.bytes) / (b.minutes - a.minutes)))
    .toSorted((a, b) => a - b);
  const middle = slopes.length / 2;
  const [low = 0, high = 0] = [slopes[Math.ceil(middle) - 1], slopes[Math.floor(middle)]];
  return (low + high) / 2;
}

/**
 * What is held at rest and was not at the rest before, undefined when it is within bounds. With nothing to do no work
 * is held that is on its way, which makes samples under load differ by megabytes.
 */
export function grownAtRest(middleBytes: number, endBytes: number): string | undefined {
  const grown = endBytes - middleBytes;
  return grown > bounds.growthBytes ? `memory at rest has grown by ${(grown / 1e6).toFixed(1)} MB` : undefined;
}

/** More than that many connections at once is no pool any more: four clients with 50 each. */
export const mostSockets = 200;

/**
 * Resources that are there now and were not before, of a process that does nothing at either moment. A few connections
 * may be kept for the next request.
 */
export function leakedResources(
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
): string[] {
  const kept = (kind: string): number => (/^(TCP|TLS)/.test(kind) ? 10 : 1);
  return Object.entries(after)
    .filter(([kind, count]) => count > (before[kind] ?? 0) + kept(kind))
    .map(([kind, count]) => `${kind}: ${before[kind] ?? 0} before, ${count} after`);
}
