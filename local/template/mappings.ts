import * as z from 'zod';
import { checkMapping, type MappingSettings } from '../event-source/settings.ts';
import { queueDefinitions, type QueueDefinition } from './queues.ts';
import type { ServerlessFile } from './serverless-file.ts';

const sqsEventSchema = z.object({
  sqs: z.strictObject({
    arn: z.strictObject({ 'Fn::GetAtt': z.tuple([z.string(), z.literal('Arn')]) }),
    batchSize: z.int().default(10),
    maximumBatchingWindow: z.int().default(0),
    // AWS has no limit unless one is named; on one machine there must be some.
    maximumConcurrency: z.int().default(10),
    functionResponseType: z.literal('ReportBatchItemFailures').optional(),
  }),
});

/** One queue that feeds one function. */
export interface MappingDefinition {
  readonly functionKey: string;
  readonly timeoutSeconds: number;
  readonly queue: QueueDefinition;
  readonly settings: MappingSettings;
}

/**
 * The `sqs` events of serverless.yml's functions.
 *
 * @throws InvalidMapping for settings that AWS would refuse
 */
export function mappingDefinitions(file: ServerlessFile): MappingDefinition[] {
  const queues = queueDefinitions(file);
  return Object.entries(file.functions).flatMap(([functionKey, definition]) =>
    definition.events.filter(isSqsEvent).map((event) => {
      const { arn, functionResponseType, ...settings } = sqsEventSchema.parse(file.resolve(event)).sqs;
      const queue = queues.find(({ logicalId }) => logicalId === arn['Fn::GetAtt'][0]);
      if (queue === undefined)
        throw new Error(`serverless.yml: ${functionKey} reads ${arn['Fn::GetAtt'][0]}, no queue`);
      const mapping = { ...settings, reportBatchItemFailures: functionResponseType !== undefined };
      checkMapping(mapping, queue.name);
      return { functionKey, timeoutSeconds: definition.timeout, queue, settings: mapping };
    }),
  );
}

function isSqsEvent(event: unknown): boolean {
  return typeof event === 'object' && event !== null && 'sqs' in event;
}
