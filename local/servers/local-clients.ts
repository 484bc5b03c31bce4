import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';

/** Any keys will do for the servers on this machine, but the SDK wants some; these are nobody's. */
export const localCredentials = { accessKeyId: 'local', secretAccessKey: 'local' };

/** The ordinary SQS client, pointed at a server on this machine. */
export function localSqsClient(endpoint: string, region: string): SQSClient {
  return new SQSClient({ endpoint, region, credentials: localCredentials });
}

/** The ordinary DynamoDB client, pointed at a server on this machine. */
export function localDynamoDbClient(endpoint: string, region: string): DynamoDBClient {
  return new DynamoDBClient({ endpoint, region, credentials: localCredentials });
}
