import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

/** Without these the SDK waits for minutes on a connection that is dead: longer than a function may run. */
const timeouts = { connectionTimeout: 1_500, requestTimeout: 4_000 };

/** Region, credentials and endpoints come from the environment, as the SDK reads it: AWS_REGION, AWS_ENDPOINT_URL_SQS. */
export function createSqsClient(): SQSClient {
  return new SQSClient({ maxAttempts: 3, requestHandler: timeouts });
}

/** `config` is for who cannot set the environment, like the command line. Destroy it when it is not for a whole life. */
export function createDynamoDbClient(config: DynamoDBClientConfig = {}): DynamoDBDocumentClient {
  const client = new DynamoDBClient({ maxAttempts: 4, requestHandler: timeouts, ...config });
  return DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
}
