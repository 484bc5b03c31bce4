import { localDynamoDbClient, localSqsClient } from '../servers/local-clients.ts';
import { queueDefinitions } from '../template/queues.ts';
import type { ServerlessFile } from '../template/serverless-file.ts';
import { tableDefinitions } from '../template/tables.ts';
import { createQueues } from './create-queues.ts';
import { createTables } from './create-tables.ts';

/**
 * Every queue and table of serverless.yml on the two servers. Safe to repeat: what is there keeps its data.
 *
 * @throws TableShapeChanged when the data on disk belong to another serverless.yml
 */
export async function createResources(options: {
  file: ServerlessFile;
  sqsUrl: string;
  dynamoDbUrl: string;
}): Promise<void> {
  const { file, sqsUrl, dynamoDbUrl } = options;
  const sqs = localSqsClient(sqsUrl, file.region);
  const dynamoDb = localDynamoDbClient(dynamoDbUrl, file.region);
  try {
    await Promise.all([
      createQueues(sqs, sqsUrl, queueDefinitions(file)),
      createTables(dynamoDb, tableDefinitions(file)),
    ]);
  } finally {
    sqs.destroy();
    dynamoDb.destroy();
  }
}
