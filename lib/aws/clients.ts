import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { SQSClient, type SQSClientConfig } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

/**
 * Without these the SDK waits for minutes on a connection that is dead: longer than a function may run. It only warns of
 * a time-out unless it is told to throw.
 */
const patient = { connectionTimeout: 1_500, requestTimeout: 4_000, throwOnRequestTimeout: true };

/**
 * For a function that answers an HTTP request: two looks at a table and one message, two tries each, end before its 10 s
 * are over, so that it can still say what went wrong.
 */
export const hurried = {
  maxAttempts: 2,
  requestHandler: { connectionTimeout: 500, requestTimeout: 1_200, throwOnRequestTimeout: true },
};

/**
 * The SDK copies every input and output for a logger that nobody has given it, and filters the copy: 2 % of the worker's
 * processor time. What it would log is what must not be logged.
 */
function withoutLogger<T extends { middlewareStack: { remove(name: string): boolean } }>(client: T): T {
  client.middlewareStack.remove('loggerMiddleware');
  return client;
}

/** Region, credentials and endpoints come from the environment, as the SDK reads it: AWS_REGION, AWS_ENDPOINT_URL_SQS. */
export function createSqsClient(config: SQSClientConfig = {}): SQSClient {
  return withoutLogger(new SQSClient({ maxAttempts: 3, requestHandler: patient, ...config }));
}

/** `config` is for who cannot set the environment, like the command line. Destroy it when it is not for a whole life. */
export function createDynamoDbClient(config: DynamoDBClientConfig = {}): DynamoDBDocumentClient {
  const client = withoutLogger(new DynamoDBClient({ maxAttempts: 4, requestHandler: patient, ...config }));
  return DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
}
