/** How a queue feeds a function: the settings of AWS::Lambda::EventSourceMapping that are honoured here. */
export interface MappingSettings {
  /** Messages an invocation, at most. */
  readonly batchSize: number;
  /** How long to gather a batch after its first message, seconds. */
  readonly maximumBatchingWindow: number;
  /** Invocations at the same time, at most. */
  readonly maximumConcurrency: number;
  /** Whether the function names the messages that failed; otherwise it is all or nothing. */
  readonly reportBatchItemFailures: boolean;
}

/** Thrown for settings that AWS would refuse at deployment. */
export class InvalidMapping extends Error {
  override readonly name = 'InvalidMapping';
}

/**
 * AWS's own rules on batches, so that a mapping that runs here is one that deploys.
 *
 * @throws InvalidMapping
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
 */
export function checkMapping(settings: MappingSettings, queueName: string): void {
  const { batchSize, maximumBatchingWindow, maximumConcurrency } = settings;
  const refuse = (reason: string) => {
    throw new InvalidMapping(`${queueName}: ${reason}`);
  };
  if (queueName.endsWith('.fifo')) {
    if (batchSize > 10) refuse('a FIFO queue takes a batch of 10 at most');
    if (maximumBatchingWindow > 0) refuse('a FIFO queue has no batching window');
  }
  if (batchSize < 1 || batchSize > 10_000) refuse('batchSize is from 1 to 10000');
  if (batchSize > 10 && maximumBatchingWindow < 1) refuse('a batch of more than 10 needs a window of 1 s');
  if (maximumBatchingWindow > 300) refuse('the batching window is 300 s at most');
  if (maximumConcurrency < 2 || maximumConcurrency > 1_000) refuse('maximumConcurrency is from 2 to 1000');
}
