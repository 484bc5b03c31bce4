import { limitsInForce, type MethodUse, operatingInForce } from '../lib/bitrix24/limits.ts';
import { looseAt, operatingCourse, requestCourse, stepsAt } from '../lib/bitrix24/strictness.ts';
import type { Portal } from '../lib/portals/portal.ts';
import { iso } from './time.ts';

/** A limit that is kept stricter than it is set, because the portal has refused what it should allow. */
export interface Stricter {
  /** `requests`, or a method for its operating time. */
  readonly limit: string;
  /** What is kept instead. */
  readonly kept: { readonly requestsPerSecond: number; readonly burst: number } | { readonly operatingSeconds: number };
  /** Times in ISO: since when, and when it is as set again if nothing is refused until then. */
  readonly since: string;
  readonly until: string;
}

/** What of a portal's limits is kept stricter at `now` (ms since the epoch). */
export function stricterLimits(portal: Portal, uses: ReadonlyMap<string, MethodUse>, now: number): Stricter[] {
  const { limits, strictness } = portal;
  const stricter: Stricter[] = [];
  if (strictness && stepsAt(strictness, requestCourse, now) > 0) {
    const { requestsPerSecond, burst } = limitsInForce(portal, now);
    const kept = { requestsPerSecond: rounded(requestsPerSecond), burst };
    stricter.push({ limit: 'requests', kept, ...times(strictness.since, looseAt(strictness, requestCourse)) });
  }
  for (const [method, use] of uses) {
    if (!use.strictness || stepsAt(use.strictness, operatingCourse, now) === 0) continue;
    const kept = { operatingSeconds: rounded(operatingInForce(limits, use, now)) };
    const { since } = use.strictness;
    stricter.push({ limit: method, kept, ...times(since, looseAt(use.strictness, operatingCourse)) });
  }
  return stricter;
}

/** Lines of `portals show`. */
export function stricterRows(stricter: readonly Stricter[]): [string, string][] {
  return stricter.map(({ limit, kept, since, until }, index) => {
    const instead =
      'burst' in kept
        ? `${kept.requestsPerSecond} requests a second, ${kept.burst} at once`
        : `${kept.operatingSeconds} s of ${limit}`;
    const name = index === 0 ? 'stricter' : '';
    return [name, `kept at ${instead} since ${since}: it refuses more. As set again by ${until}, unless refused again`];
  });
}

function times(since: number, until: number): { since: string; until: string } {
  return { since: iso(since), until: iso(until) };
}

function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
