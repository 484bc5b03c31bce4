import type { MethodUse, PortalLimits } from '../../bitrix24/limits.ts';
import { maxBatchCommands } from '../../bitrix24/batch.ts';
import { tasksPerMessage } from '../messages.ts';

/** Seconds that a call is taken for while none has been measured on the portal. */
const guesses: Readonly<Record<string, number>> = { 'crm.contact.delete': 10, 'crm.item.delete': 1 };
const otherGuess = 0.5;
/** A batch is not made longer than this. */
const longestBatchSeconds = 45;
/** One request looks at the records again, one reads what is linked to them. */
const requestsPerLook = 2;

export interface Work {
  readonly records: number;
  /** By method. */
  readonly calls: ReadonlyMap<string, number>;
}

export interface Estimate {
  readonly requests: number;
  /** Of the portal's own time, which counts against the limit of each method. */
  readonly operatingSeconds: number;
  /** From the first to the last deletion, were all of it due at once and nothing else to do. */
  readonly seconds: number;
}

/**
 * How long work takes under a portal's limits: the longest of
 *
 * - its requests, at so many a second as the portal takes: two for each 48 records, one for each batch of deletions;
 * - the operating time of each method, at 480 s (less where the portal has it so) in 10 minutes;
 * - all of its operating time, one call after the other.
 *
 * @param measured what calls took on this portal so far
 */
export function estimate(
  { records, calls }: Work,
  limits: PortalLimits,
  measured: ReadonlyMap<string, MethodUse>,
): Estimate {
  let requests = Math.ceil(records / tasksPerMessage) * requestsPerLook;
  let operatingSeconds = 0;
  let longest = 0;
  for (const [method, count] of calls) {
    const known = measured.get(method)?.perCall ?? 0;
    const perCall = known > 0 ? known : (guesses[method] ?? otherGuess);
    const perBatch = Math.max(1, Math.min(maxBatchCommands, Math.floor(longestBatchSeconds / perCall)));
    requests += Math.ceil(count / perBatch);
    operatingSeconds += count * perCall;
    // What fits into the first window takes no longer than it takes.
    const windows = Math.floor((count * perCall) / limits.operatingSeconds);
    longest = Math.max(longest, windows * limits.operatingWindowSeconds);
  }
  const seconds = Math.ceil(Math.max(requests / limits.requestsPerSecond, operatingSeconds, longest));
  return { requests, operatingSeconds, seconds };
}
