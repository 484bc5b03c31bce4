import type { Call } from './permissions/call.ts';
import { createResources } from './resources/create-resources.ts';
import { localEnvironment } from './resources/local-environment.ts';
import { startDynamoDb } from './servers/dynamodb.ts';
import { startSqs } from './servers/sqs.ts';
import { readServerlessFile, type ServerlessFile } from './template/serverless-file.ts';

/** SQS and DynamoDB in this process with every queue and table of serverless.yml. */
export interface EmbeddedAws {
  readonly sqsUrl: string;
  readonly dynamoDbUrl: string;
  readonly file: ServerlessFile;
  /** Everything lib/aws/environment.ts knows and what the AWS SDK reads itself: `AWS_REGION`, `AWS_ENDPOINT_URL_SQS`, … */
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/**
 * Starts both servers on 127.0.0.1 and creates the resources. In memory unless `dataDir` is given; on free ports
 * unless `ports` are. `publicUrl` becomes TIDY24_PUBLIC_URL; `onCall` is told of each call that a function makes.
 *
 * @example const aws = await startEmbeddedAws(); Object.assign(process.env, aws.environment);
 */
export async function startEmbeddedAws(
  options: {
    dataDir?: string;
    ports?: { sqs: number; dynamoDb: number };
    publicUrl?: string;
    onCall?: (call: Call) => void;
  } = {},
): Promise<EmbeddedAws> {
  const { dataDir, ports = { sqs: 0, dynamoDb: 0 } } = options;
  const at = (name: string) => ({
    ...(dataDir !== undefined && { dataDir: `${dataDir}/${name}` }),
    ...(options.onCall !== undefined && { onCall: options.onCall }),
  });
  const sqs = await startSqs({ port: ports.sqs, ...at('sqs') });
  const dynamoDb = await startDynamoDb({ port: ports.dynamoDb, ...at('dynamodb') }).catch(async (error: unknown) => {
    await sqs.close();
    throw error;
  });
  const close = async () => {
    await Promise.all([sqs.close(), dynamoDb.close()]);
  };
  try {
    const urls = { sqsUrl: sqs.url, dynamoDbUrl: dynamoDb.url };
    const publicUrl = options.publicUrl === undefined ? {} : { publicUrl: options.publicUrl };
    const file = readServerlessFile({ params: { sqsUrl: sqs.url, ...publicUrl } });
    await createResources({ file, ...urls });
    return { ...urls, file, environment: localEnvironment(file, urls), close };
  } catch (error) {
    await close();
    throw error;
  }
}
