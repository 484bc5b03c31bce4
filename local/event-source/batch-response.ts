/** Why a whole batch counts as failed although the function answered. */
export class MalformedBatchResponse extends Error {
  override readonly name = 'MalformedBatchResponse';
}

/**
 * The ids of the messages that the function says have failed; every other message of the batch is done and deleted,
 * on a FIFO queue as well.
 *
 * @param answer the function's answer as JSON has it; nothing, `{}` and an empty or null list mean that all is done
 * @throws MalformedBatchResponse when AWS would take the whole batch as failed: an id that is empty, null, under
 *   another name or not of this batch, or an answer of another shape
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
export function failedMessageIds(answer: unknown, batch: ReadonlySet<string>): Set<string> {
  if (answer === null || answer === undefined) return new Set();
  if (typeof answer !== 'object' || Array.isArray(answer)) {
    throw new MalformedBatchResponse('The answer is no object with batchItemFailures.');
  }
  const failures: unknown = 'batchItemFailures' in answer ? answer.batchItemFailures : undefined;
  if (failures === null || failures === undefined) return new Set();
  if (!Array.isArray(failures)) throw new MalformedBatchResponse('batchItemFailures is no list.');
  return new Set(failures.map((failure) => knownId(failure, batch)));
}

function knownId(failure: unknown, batch: ReadonlySet<string>): string {
  const id: unknown =
    typeof failure === 'object' && failure !== null && 'itemIdentifier' in failure ? failure.itemIdentifier : undefined;
  if (typeof id !== 'string' || id === '') throw new MalformedBatchResponse('A failure has no itemIdentifier.');
  if (!batch.has(id)) throw new MalformedBatchResponse(`The itemIdentifier ${id} is not of this batch.`);
  return id;
}
