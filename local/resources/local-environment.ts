import * as z from 'zod';
import { localCredentials } from '../servers/local-clients.ts';
import type { ServerlessFile } from '../template/serverless-file.ts';

const textSchema = z.record(z.string(), z.string());

/** What points the ordinary AWS SDK at the servers on this machine. */
export function awsEnvironment(options: {
  region: string;
  sqsUrl: string;
  dynamoDbUrl: string;
}): Record<string, string> {
  return {
    AWS_REGION: options.region,
    AWS_ACCESS_KEY_ID: localCredentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: localCredentials.secretAccessKey,
    AWS_ENDPOINT_URL_SQS: options.sqsUrl,
    AWS_ENDPOINT_URL_DYNAMODB: options.dynamoDbUrl,
  };
}

/**
 * All variables that serverless.yml gives to any function, with their values on this machine, and the SDK's own.
 * Without the name by which the SDK announces each function. `file` must have been read with the params `sqsUrl` and `publicUrl` of this run.
 */
export function localEnvironment(
  file: ServerlessFile,
  urls: { sqsUrl: string; dynamoDbUrl: string },
): Record<string, string> {
  const definitions = [file.provider.environment, ...Object.values(file.functions).map((one) => one.environment)];
  const variables: unknown = Object.assign({}, ...definitions.map((one) => file.resolve(one)));
  const { AWS_SDK_UA_APP_ID: _name, ...shared } = textSchema.parse(variables);
  return { ...shared, ...awsEnvironment({ region: file.region, ...urls }) };
}
