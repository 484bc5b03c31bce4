import type { CommandRecord, RequestRecord } from '../../simulator/request-log.ts';

/** What a portal refused for its limits: requests with 503, calls with 429. */
export interface Refused {
  readonly requests: number;
  readonly calls: number;
  /** From a refusal to the next deletion that the portal took, all such times together, in ms. */
  readonly bannedMs: number;
}

/**
 * @param requests in the order in which the portal received them
 * @param deletion the method that deletes
 * @param end ms since the epoch: who is refused at last is banned until then
 */
export function refusedIn(requests: readonly RequestRecord[], deletion: string, end: number): Refused {
  let [refusedRequests, refusedCalls, bannedMs] = [0, 0, 0];
  let since: number | undefined;
  for (const request of requests) {
    const calls = callsOf(request);
    if (since !== undefined && calls.some(({ method, error }) => method === deletion && error === undefined)) {
      bannedMs += request.time - since;
      since = undefined;
    }
    const late = calls.filter(({ error }) => error === 'OPERATION_TIME_LIMIT').length;
    if (request.status === 503) refusedRequests += 1;
    refusedCalls += late;
    if (request.status === 503 || late > 0) since ??= request.answeredAt ?? request.time;
  }
  if (since !== undefined) bannedMs += Math.max(0, end - since);
  return { requests: refusedRequests, calls: refusedCalls, bannedMs };
}

/** The call of a single request, or the commands of a batch. A request without an answer counts for none. */
function callsOf({ status, method, error, commands }: RequestRecord): Pick<CommandRecord, 'method' | 'error'>[] {
  if (method === 'batch') return commands;
  return typeof status === 'number' ? [{ method, ...(error !== undefined && { error }) }] : [];
}
