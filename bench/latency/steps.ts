import type { RequestRecord } from '../../simulator/request-log.ts';
import type { InvocationRecord } from '../support/invocation-record.ts';
import type { Lone } from './lone-deals.ts';

/** Where an event's time goes, in its order; each ends where the next begins. */
export const stepNames = [
  'receive: posted until answered',
  'events queue: until plan starts',
  'plan: until it asks the portal',
  'plan: reads the record',
  'task written and sent, deletions queue: until the worker starts',
  'worker: until it looks',
  'worker: looks again',
  'worker: decides, notes, until it deletes',
  'worker: deletes, until answered',
] as const;

/**
 * The ms of each step of one deal that was alone in the system, or undefined when something is missing in the records.
 *
 * @param requests those of the portal since the event, with a user agent that ends with the function's name
 */
export function stepsOf(
  { postedAt, answeredAt }: Lone,
  invocations: readonly InvocationRecord[],
  requests: readonly RequestRecord[],
): number[] | undefined {
  const startOf = (functionKey: string): number | undefined =>
    invocations.find((one) => one.functionKey === functionKey && one.startedAt >= postedAt)?.startedAt;
  const by = (functionKey: string) => requests.filter(({ userAgent }) => userAgent.endsWith(` ${functionKey}`));
  const [reads, works] = [by('plan'), by('worker')];
  const moments = [
    postedAt,
    // The event may be with plan before the sender has its answer.
    Math.min(answeredAt, startOf('plan') ?? answeredAt),
    startOf('plan'),
    reads[0]?.time,
    reads.at(-1)?.answeredAt,
    startOf('worker'),
    works[0]?.time,
    works[0]?.answeredAt,
    works.at(-1)?.time,
    works.at(-1)?.answeredAt,
  ];
  const known = moments.filter((moment) => moment !== undefined);
  if (known.length < moments.length) return undefined;
  return known.slice(1).map((moment, index) => moment - (known[index] ?? moment));
}
