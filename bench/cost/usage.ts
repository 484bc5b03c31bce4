import * as z from 'zod';
import type { ServerlessFile } from '../../local/template/serverless-file.ts';
import { type CallCounts, sumOf } from '../support/call-counts.ts';
import type { InvocationRecord } from '../support/invocation-record.ts';
import type { Usage } from './bill.ts';

/** A function of 512 MB has a third of a processor, and its tables are a network away. */
export const slowerOnLambda = 3;
/** START, END and REPORT of Lambda, and one or two lines of ours. */
export const logBytesPerInvocation = 1_000;
/** One line of the HTTP API's access log. */
export const logBytesPerRequest = 250;

const gigabyte = 1_000_000_000;
const memorySchema = z.object({ memorySize: z.int().optional() });

/** What was counted in a stretch of work. `receives`: how long each answer took, in ms. */
export interface Observed {
  readonly counts: CallCounts;
  readonly invocations: readonly Pick<InvocationRecord, 'functionKey' | 'startedAt' | 'endedAt'>[];
  readonly receives: readonly number[];
}

/** The memory of a function of serverless.yml, in GB. */
export function memoryOf(file: ServerlessFile, functionKey: string): number {
  const { memorySize: common = 1024 } = memorySchema.parse(file.provider);
  const { memorySize = common } = memorySchema.parse(file.functions[functionKey] ?? {});
  return memorySize / 1024;
}

/** As it is billed. Polls that find nothing are left out: how often Lambda asks, says idle.ts. */
export function usageOf(file: ServerlessFile, { counts, invocations, receives }: Observed): Usage {
  const calls = sumOf(
    Object.values(counts).flatMap((ofFunction) =>
      Object.entries(ofFunction)
        .filter(([operation]) => !operation.endsWith('(idle)'))
        .map(([, count]) => count),
    ),
  );
  const runs = [
    ...invocations.map(({ functionKey, startedAt, endedAt }) => ({ functionKey, ms: endedAt - startedAt })),
    ...receives.map((ms) => ({ functionKey: 'receive', ms })),
  ];
  const { readUnits, writeUnits, sqsRequests, fifoRequests } = calls;
  return {
    httpRequests: receives.length,
    invocations: runs.length,
    gbSeconds: runs.reduce(
      (sum, { functionKey, ms }) => sum + (slowerOnLambda * ms * memoryOf(file, functionKey)) / 1000,
      0,
    ),
    readUnits,
    writeUnits,
    sqsRequests,
    fifoRequests,
    logGigabytes: (runs.length * logBytesPerInvocation + receives.length * logBytesPerRequest) / gigabyte,
  };
}
