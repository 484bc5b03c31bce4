import type { ServerlessFile } from '../../local/template/serverless-file.ts';
import { mappingDefinitions } from '../../local/template/mappings.ts';
import { tableDefinitions } from '../../local/template/tables.ts';
import { combined, type Usage } from './bill.ts';

/** Of 365 / 12 days. */
export const minutesPerMonth = 43_800;
/** What Lambda polls a queue with that nothing comes to, each for 20 s at a time. */
export const pollers = 5;
const pollsPerMinute = 3;
/** A portal is reconciled so often. */
const reconcileMinutes = 15;
/** Overdue tasks and paused portals: `release` says them each minute. The others cost when something happens. */
export const standingMetrics = 2;
/** With AWS's own key a table asks for it anew every five minutes that it is used, at most. */
const keyMinutes = 5;

/** One thing that costs although nothing happens, in a month. */
export interface IdleCost {
  readonly what: string;
  readonly usage: Usage;
}

/**
 * What a deployment without any event uses in a month, as serverless.yml is.
 *
 * @param tick what one round of `release` uses
 * @param reconciliation what one round of `reconcile` of one portal uses
 */
export function idleCosts(
  file: ServerlessFile,
  { tick, reconciliation }: { readonly tick: Usage; readonly reconciliation: Usage },
): IdleCost[] {
  const alarms = Object.values(file.resources).filter(({ Type }) => Type === 'AWS::CloudWatch::Alarm').length;
  const polls = minutesPerMonth * pollers * pollsPerMinute;
  const queues = mappingDefinitions(file).map(({ queue }) => queue.name.endsWith('.fifo'));
  const fifo = queues.filter(Boolean).length;
  return [
    { what: `${alarms} alarms`, usage: { alarms } },
    {
      what: `Lambda's polling of ${queues.length} queues`,
      usage: { sqsRequests: polls * (queues.length - fifo), fifoRequests: polls * fifo },
    },
    { what: 'release, each minute', usage: combined([minutesPerMonth, tick]) },
    { what: 'its two metrics', usage: { metrics: standingMetrics } },
    {
      what: `the key of ${tableDefinitions(file).length} encrypted tables`,
      usage: { keyRequests: (minutesPerMonth / keyMinutes) * tableDefinitions(file).length },
    },
    {
      what: 'for each portal: reconcile, every 15 minutes',
      usage: combined([minutesPerMonth / reconcileMinutes, reconciliation]),
    },
  ];
}
