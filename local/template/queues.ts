import * as z from 'zod';
import type { ServerlessFile } from './serverless-file.ts';

/** The account that the SQS server on this machine takes for its own. */
export const localAccount = '000000000000';

const flag = z.boolean().transform(String);
const seconds = z.int().min(0).transform(String);

/** Properties of AWS::SQS::Queue as serverless.yml uses them; a new one must be added here, or the read fails. */
const queueSchema = z.strictObject({
  QueueName: z.string(),
  SqsManagedSseEnabled: flag,
  MessageRetentionPeriod: seconds,
  VisibilityTimeout: seconds.optional(),
  FifoQueue: flag.optional(),
  ContentBasedDeduplication: flag.optional(),
  DeduplicationScope: z.string().optional(),
  FifoThroughputLimit: z.string().optional(),
  RedrivePolicy: z
    .strictObject({
      deadLetterTargetArn: z.strictObject({ 'Fn::GetAtt': z.tuple([z.string(), z.literal('Arn')]) }),
      maxReceiveCount: z.int().positive(),
    })
    .optional(),
});

/** One queue: `attributes` are those of SQS's CreateQueue, all text. */
export interface QueueDefinition {
  readonly logicalId: string;
  readonly name: string;
  readonly arn: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/**
 * The queues of serverless.yml. Queue policies are left out: "only by TLS" has no meaning on a loopback address.
 *
 * @throws z.ZodError for a property that the local run does not know
 */
export function queueDefinitions(file: ServerlessFile): QueueDefinition[] {
  const queues = Object.entries(file.resources)
    .filter(([, resource]) => resource.Type === 'AWS::SQS::Queue')
    .map(([logicalId, resource]) => ({ logicalId, queue: queueSchema.parse(file.resolve(resource.Properties)) }));
  const arnOf = (name: string) => `arn:aws:sqs:${file.region}:${localAccount}:${name}`;

  return queues.map(({ logicalId, queue: { QueueName, RedrivePolicy, ...rest } }) => {
    const attributes: Record<string, string> = {};
    for (const [key, value] of Object.entries(rest)) if (value !== undefined) attributes[key] = value;
    if (RedrivePolicy !== undefined) {
      const target = RedrivePolicy.deadLetterTargetArn['Fn::GetAtt'][0];
      const dlq = queues.find((other) => other.logicalId === target)?.queue;
      if (dlq === undefined) throw new Error(`serverless.yml: ${logicalId} redrives to ${target}, which is no queue`);
      attributes['RedrivePolicy'] = JSON.stringify({
        deadLetterTargetArn: arnOf(dlq.QueueName),
        maxReceiveCount: RedrivePolicy.maxReceiveCount,
      });
    }
    return { logicalId, name: QueueName, arn: arnOf(QueueName), attributes };
  });
}
