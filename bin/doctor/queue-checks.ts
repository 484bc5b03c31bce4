import type { SQSClient } from '@aws-sdk/client-sqs';
import { describeQueue } from '../../lib/aws/inspect.ts';
import { day } from '../../lib/bitrix24/reactions.ts';
import { type DeadQueueName, deadQueues } from '../../lib/tasks/dead-message.ts';
import { createSqsClient } from '../aws-clients.ts';
import { lettersText } from '../dead-letter-view.ts';
import { commandLine, deadLetterQueueNames, type Place, queueName, queueNames } from '../place.ts';
import { queueUrl } from '../queues.ts';
import { failure, type Finding, guarded, ok, warning } from './finding.ts';

const keptDays = 14;
const deployAgain = 'Deploy again: npm run deploy.';

/** Whether the queues are there, each with its dead-letter queue, and what lies in those. */
export async function checkQueues(place: Place): Promise<readonly Finding[]> {
  const client = createSqsClient(place);
  try {
    const checks = deadQueues.flatMap((name) => [
      guarded(`queue ${name}`, place, () => checkQueue(client, place, name)),
      guarded(`dead letters ${name}`, place, () => checkDeadLetters(client, place, name)),
    ]);
    return (await Promise.all(checks)).flat();
  } finally {
    client.destroy();
  }
}

async function checkQueue(client: SQSClient, place: Place, queue: DeadQueueName): Promise<Finding[]> {
  const check = `queue ${queue}`;
  const name = queueName(place, queueNames[queue]);
  const wanted = queueName(place, deadLetterQueueNames[queue]);
  const { deadLetterQueue, visible, hidden } = await describeQueue(client, await queueUrl(client, place, name));
  if (deadLetterQueue !== wanted) {
    const text = deadLetterQueue === undefined ? 'has no dead-letter queue' : `has another one, ${deadLetterQueue}`;
    return [failure(check, `${name} ${text}; ${wanted} is expected`, deployAgain)];
  }
  return [ok(check, `${name}: ${visible} waiting, ${hidden} in work; its dead-letter queue is set`)];
}

async function checkDeadLetters(client: SQSClient, place: Place, queue: DeadQueueName): Promise<Finding[]> {
  const check = `dead letters ${queue}`;
  const name = queueName(place, deadLetterQueueNames[queue]);
  const { visible, hidden, retentionSeconds } = await describeQueue(client, await queueUrl(client, place, name));
  const days = (retentionSeconds * 1000) / day;
  if (days < keptDays) {
    return [warning(check, `${name} keeps letters for ${days} days only, not ${keptDays}`, deployAgain)];
  }
  if (visible + hidden === 0) return [ok(check, `${name} is empty`)];
  const text = `${lettersText(visible + hidden)} in ${name}`;
  return [warning(check, text, `${commandLine(place, 'dlq list')}, then dlq redrive or dlq drop`)];
}
