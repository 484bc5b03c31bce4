import { minute, second } from '../bitrix24/reactions.ts';

/** A row that was sent is not sent again before this many ms have passed: were its message lost, it comes due then. */
export const claimMs = 15 * minute;

/** The clocks of two functions differ by so many ms. */
export const skewMs = second;

/** What no event told of is found within this many ms. */
export const reconcileEveryMs = 15 * minute;

/** An hour of claims: sent so often without a word of the worker, something is wrong. */
export const overdueClaims = 4;

/** What waits for a paused portal is looked at again after so many ms. Resuming the portal makes it due at once. */
export const pausedMs = 60 * minute;

export const hour = 60 * minute;

/** A task whose moment is further away than this is not made: a nightly look finds the record when its time has come. */
export const longWaitMs = 7 * 24 * hour;

/** How often that look is taken. */
export const longWaitsEveryMs = 24 * hour;
