import * as z from 'zod/mini';
import { factorAt, operatingCourse, requestCourse, type Strictness } from './strictness.ts';

/**
 * What a portal allows, as settings of that portal (limits.md): a leaky bucket of `burst` requests that drains by
 * `requestsPerSecond`, and `operatingSeconds` of work per method within `operatingWindowSeconds`.
 */
export const portalLimitsSchema = z.strictObject({
  requestsPerSecond: z.number().check(z.positive()),
  burst: z.number().check(z.minimum(1)),
  operatingSeconds: z.number().check(z.positive()),
  operatingWindowSeconds: z.number().check(z.positive()),
});
export type PortalLimits = z.infer<typeof portalLimitsSchema>;

export const ordinaryLimits: PortalLimits = {
  requestsPerSecond: 2,
  burst: 50,
  operatingSeconds: 480,
  operatingWindowSeconds: 600,
};

export const enterpriseLimits: PortalLimits = { ...ordinaryLimits, requestsPerSecond: 5, burst: 250 };

/** A portal's limits as they are set, and how much stricter it has shown itself with its requests. */
export interface SetLimits {
  readonly limits: PortalLimits;
  readonly strictness?: Strictness | undefined;
}

/** The limits to keep at `now`: as set, or less while the portal refuses more. Operating time: `operatingInForce`. */
export function limitsInForce({ limits, strictness }: SetLimits, now: number): PortalLimits {
  const factor = factorAt(strictness, requestCourse, now);
  if (factor === 1) return limits;
  const burst = Math.max(1, Math.floor(limits.burst * factor));
  return { ...limits, requestsPerSecond: limits.requestsPerSecond * factor, burst };
}

/** Crossing the operating limit can cost a ban of minutes, so the last 2 % of it stay unused. */
const operatingReserve = 0.02;

/** What one method has used of a portal's operating time, as its last good answer said. */
export const methodUseSchema = z.object({
  /** Seconds of work in the window, from `time.operating`. */
  operating: z.number().check(z.minimum(0)),
  /** ms since the epoch: when the oldest part of it leaves the window, from `time.operating_reset_at`. */
  resetAt: z.number(),
  /** Seconds that one call takes, smoothed. */
  perCall: z.number().check(z.minimum(0)),
  /** ms since the epoch: when this was measured. */
  at: z.number(),
  /** ms since the epoch: the portal refused the method until then (OPERATION_TIME_LIMIT). */
  blockedUntil: z.optional(z.number()),
  /** ms since the epoch: until then what is left is too little for a call that was to be made. */
  fullUntil: z.optional(z.number()),
});
export type MethodUse = z.infer<typeof methodUseSchema> & {
  /** The portal has refused the method earlier than its settings say. Kept beside the rest; see budgets.ts. */
  strictness?: Strictness | undefined;
};

/** Seconds that a method may work in a window, as set or less while the portal refuses it earlier. */
export function operatingInForce(
  { operatingSeconds }: PortalLimits,
  use: Pick<MethodUse, 'strictness'> | undefined,
  now: number,
): number {
  return operatingSeconds * factorAt(use?.strictness, operatingCourse, now);
}

export interface Room {
  /** How many calls may be sent now. */
  calls: number;
  /** ms since the epoch: when there will be room again. Given when `calls` is less than was asked for. */
  waitUntil?: number;
}

/**
 * How many of `wanted` calls of a method fit into its operating time at `now`.
 *
 * Once `resetAt` has passed only a part of the use has left the window and nobody says how much, so one call probes:
 * its answer tells the new sum. It cannot be refused, because we stop below the limit.
 */
export function roomFor(use: MethodUse | undefined, wanted: number, limits: PortalLimits, now: number): Room {
  if (use === undefined) return { calls: wanted };
  if (use.blockedUntil !== undefined && use.blockedUntil > now) return { calls: 0, waitUntil: use.blockedUntil };
  const windowMs = limits.operatingWindowSeconds * 1000;
  const { fullUntil = 0 } = use;
  if (fullUntil > now && fullUntil <= now + windowMs) return { calls: 0, waitUntil: fullUntil };
  if (now - use.at >= windowMs) return { calls: wanted };

  const left = operatingInForce(limits, use, now) * (1 - operatingReserve) - use.operating;
  // Calls too short to be measured still stop where nothing is left.
  const fits = left <= 0 ? 0 : use.perCall > 0 ? Math.floor(left / use.perCall) : wanted;
  if (fits >= wanted) return { calls: wanted };
  if (now >= use.resetAt) return { calls: Math.max(1, fits), waitUntil: now };
  return { calls: fits, waitUntil: use.resetAt };
}

export interface Measured {
  calls: number;
  /** Seconds the calls took together. */
  seconds: number;
  /** `time.operating` of the last answer, if the portal gives it. */
  operating?: number | undefined;
  /** `time.operating_reset_at` of the last answer in ms since the epoch. */
  resetAt?: number | undefined;
}

/** The use of a method after calls were answered (or not answered: then `seconds` is the time waited). */
export function withMeasured(
  use: MethodUse | undefined,
  measured: Measured,
  limits: PortalLimits,
  now: number,
): MethodUse {
  const perCall = measured.seconds / Math.max(1, measured.calls);
  // Without the portal's word (old and self-hosted ones, answers that never came) we count ourselves, window by window.
  const counted = use !== undefined && now < use.resetAt ? use : undefined;
  const windowEnd = now + limits.operatingWindowSeconds * 1000;
  return {
    operating: measured.operating ?? (counted?.operating ?? 0) + measured.seconds,
    // Never later than a whole window from now, whatever the portal says: a wrong number would stop it for good.
    resetAt: Math.min(measured.resetAt ?? counted?.resetAt ?? windowEnd, windowEnd),
    // Rises at once and falls slowly: taking a call for shorter than it is costs more than the other way round.
    perCall: use === undefined ? perCall : Math.max(perCall, use.perCall * 0.7 + perCall * 0.3),
    at: now,
  };
}
