import { UsageError } from './command-error.ts';

/** The `service` of serverless.yml. */
const service = 'tidy24';
/** Any will do on this machine, but the AWS SDK wants one: the default of serverless.yml. */
const localRegion = 'eu-central-1';
const localDynamoDbPort = 4567;
const localSqsPort = 4566;
/** The account that the embedded SQS takes for its own. */
const localAccount = '000000000000';

export const tableKinds = ['portals', 'credentials', 'tasks', 'snapshots'] as const;
export type TableKind = (typeof tableKinds)[number];

/** The queues of serverless.yml, with their names as the template ends them. */
export const queueNames = {
  events: 'events',
  deletions: 'deletions.fifo',
  reconcile: 'reconcile',
} as const;
export const deadLetterQueueNames = {
  events: 'events-dlq',
  deletions: 'deletions-dlq.fifo',
  reconcile: 'reconcile-dlq',
} as const;
type QueueName =
  (typeof queueNames)[keyof typeof queueNames] | (typeof deadLetterQueueNames)[keyof typeof deadLetterQueueNames];

/** Which deployment a command is about. */
export interface Place {
  readonly local: boolean;
  readonly stage: string;
  /** Undefined: as the AWS SDK finds it, in AWS_REGION or a profile. */
  readonly region: string | undefined;
  /** Of the embedded DynamoDB. */
  readonly endpoint: string | undefined;
  /** Of the embedded SQS. */
  readonly queueEndpoint?: string | undefined;
}

export interface PlaceOptions {
  readonly local?: boolean | undefined;
  readonly stage?: string | undefined;
  readonly region?: string | undefined;
}

/** The name of a table, as serverless.yml has it. */
export function tableName({ stage }: Pick<Place, 'stage'>, table: TableKind): string {
  return `${service}-${stage}-${table}`;
}

/** The name of a queue, as serverless.yml has it. */
export function queueName({ stage }: Pick<Place, 'stage'>, queue: QueueName): string {
  return `${service}-${stage}-${queue}`;
}

/** A queue's address on this machine. On AWS it is asked for by name. */
export function localQueueUrl({ queueEndpoint = '' }: Place, name: string): string {
  return `${queueEndpoint}/${localAccount}/${name}`;
}

/** `eu-central-1`, `us-gov-west-1`. The AWS SDK puts it into host names as it is. */
const regionForm = /^[a-z]{2,}(-[a-z]+)+-\d{1,2}$/;

/** @throws UsageError when the stage, the region or the local port cannot be one */
export function placeOf(
  { local = false, stage, region }: PlaceOptions,
  env: Record<string, string | undefined>,
): Place {
  if (local) {
    const endpoint = `http://127.0.0.1:${portIn(env, 'TIDY24_DYNAMODB_PORT', localDynamoDbPort)}`;
    const queueEndpoint = `http://127.0.0.1:${portIn(env, 'TIDY24_SQS_PORT', localSqsPort)}`;
    return { local, stage: 'local', region: localRegion, endpoint, queueEndpoint };
  }
  const name = stage ?? 'prod';
  if (!/^[A-Za-z][A-Za-z0-9-]{0,63}$/.test(name))
    throw new UsageError('--stage takes the name of a stage, such as prod');
  checkRegion('--region', region);
  // Read by the AWS SDK itself, which takes an empty one for none.
  if (region === undefined) checkRegion('AWS_REGION', env['AWS_REGION'] || undefined);
  return { local, stage: name, region, endpoint: undefined };
}

function checkRegion(source: string, region: string | undefined): void {
  if (region === undefined || regionForm.test(region)) return;
  throw new UsageError(`${source} takes the name of an AWS region, such as ${localRegion}`);
}

function portIn(env: Record<string, string | undefined>, variable: string, fallback: number): number {
  const text = env[variable];
  if (text === undefined || text === '') return fallback;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new UsageError(`${variable} must be a port, 1 to 65535`);
  return port;
}

/** A command line that a person can copy, about the same place. */
export function commandLine({ local, stage, region }: Place, command: string): string {
  const options = local
    ? ' --local'
    : `${stage === 'prod' ? '' : ` --stage ${stage}`}${region ? ` --region ${region}` : ''}`;
  return `npx tidy24 ${command}${options}`;
}
