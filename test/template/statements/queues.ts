import { asList, at, resourcesOf, targetOf, type Resource, type Template } from '../template.ts';

const fourteenDays = 1_209_600;

function queues(template: Template): Resource[] {
  return resourcesOf(template, 'AWS::SQS::Queue');
}

export function unencryptedQueues(template: Template): string[] {
  return queues(template)
    .filter(({ properties }) => properties['SqsManagedSseEnabled'] !== true)
    .map(({ id }) => id);
}

/** Queues that can be talked to without TLS: no policy of theirs denies all of SQS to everybody for that. */
export function queuesWithoutTls(template: Template): string[] {
  const policies = resourcesOf(template, 'AWS::SQS::QueuePolicy');
  const denied = policies.flatMap(({ properties }) => {
    const [statement] = asList(at(properties, 'PolicyDocument', 'Statement'));
    const denies =
      at(statement, 'Effect') === 'Deny' &&
      at(statement, 'Principal') === '*' &&
      at(statement, 'Action') === 'sqs:*' &&
      at(statement, 'Condition', 'Bool', 'aws:SecureTransport') === 'false';
    const named = asList(properties['Queues']).map(targetOf);
    return denies ? named.filter((queue) => queue === targetOf(at(statement, 'Resource'))) : [];
  });
  return queues(template)
    .filter(({ id }) => !denied.includes(id))
    .map(({ id }) => id);
}

function deadLetterQueueOf({ properties }: Resource): string | undefined {
  return targetOf(at(properties, 'RedrivePolicy', 'deadLetterTargetArn'));
}

/** Queues that neither have a dead-letter queue (FIFO for FIFO, kept 14 days) nor are one. */
export function queuesWithoutDlq(template: Template): string[] {
  const all = queues(template);
  const dlqs = new Set(all.map(deadLetterQueueOf));
  return all
    .filter((queue) => {
      if (dlqs.has(queue.id)) return queue.properties['MessageRetentionPeriod'] !== fourteenDays;
      const dlq = all.find(({ id }) => id === deadLetterQueueOf(queue));
      return dlq === undefined || dlq.properties['FifoQueue'] !== queue.properties['FifoQueue'];
    })
    .map(({ id }) => id);
}

/** Triggers whose queue shows a message again while the function may still work on it (AWS advises six times, plus the window). */
export function hastyTriggers(template: Template): string[] {
  return resourcesOf(template, 'AWS::Lambda::EventSourceMapping')
    .filter(({ properties }) => {
      const queue = template.Resources[targetOf(properties['EventSourceArn']) ?? ''];
      const timeout = Number(
        at(template.Resources[targetOf(properties['FunctionName']) ?? ''], 'Properties', 'Timeout'),
      );
      const window = Number(properties['MaximumBatchingWindowInSeconds'] ?? 0);
      return !(Number(at(queue, 'Properties', 'VisibilityTimeout')) >= 6 * timeout + window);
    })
    .map(({ id }) => id);
}

/** Triggers of functions that cannot say which messages of a batch have failed. */
export function allOrNothingTriggers(template: Template): string[] {
  return resourcesOf(template, 'AWS::Lambda::EventSourceMapping')
    .filter(({ properties }) => !asList(properties['FunctionResponseTypes']).includes('ReportBatchItemFailures'))
    .map(({ id }) => id);
}
