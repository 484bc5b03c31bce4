import type { DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { Place } from './place.ts';

/** Any keys will do for the embedded servers; these are nobody's. */
const localCredentials = { accessKeyId: 'local', secretAccessKey: 'local' };

/** Long polling waits a second; nothing that is alive takes so long. ms. */
const requestTimeout = 5_000;
const connectionTimeout = 1_500;
/** The SDK's timer outlives a connection that was refused, and on this machine nothing takes long. ms. */
const localConnectionTimeout = 500;

/** Region, credentials, endpoint and time-outs. The SDK only warns of a time-out unless it is told to throw. */
function common({ local, region }: Place, endpoint: string | undefined) {
  return {
    requestHandler: {
      requestTimeout,
      connectionTimeout: local ? localConnectionTimeout : connectionTimeout,
      throwOnRequestTimeout: true,
    },
    ...(local && { maxAttempts: 1 }),
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && { endpoint, credentials: localCredentials }),
  };
}

export function dynamoDbConfig(place: Place): DynamoDBClientConfig {
  return common(place, place.endpoint);
}

export function createSqsClient(place: Place): SQSClient {
  return new SQSClient(common(place, place.queueEndpoint));
}
