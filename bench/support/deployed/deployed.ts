import { createDynamoDbClient, createSqsClient } from '../../../lib/aws/clients.ts';
import { openTable, type Table } from '../../../lib/aws/table.ts';
import { CredentialStore } from '../../../lib/portals/credentials.ts';
import { PortalStore } from '../../../lib/portals/store.ts';
import { TaskStore } from '../../../lib/tasks/store.ts';
import { type EmbeddedAws, startEmbeddedAws } from '../../../local/embedded-aws.ts';
import { type EventSourceMapping, startEventSourceMapping } from '../../../local/event-source/event-source-mapping.ts';
import type { Call } from '../../../local/permissions/call.ts';
import { localQueueUrl } from '../../../local/resources/create-queues.ts';
import { mappingDefinitions } from '../../../local/template/mappings.ts';
import { FunctionsProcess } from './functions-process.ts';

export interface DeployedOptions {
  /** Those of serverless.yml that there shall be. */
  readonly functionKeys: readonly string[];
  readonly publicUrl?: string;
  /** So many times as fast as real time, since `origin`. This process must do the same. */
  readonly scale?: number;
  readonly origin?: number;
  /** Variables of the functions beside those of serverless.yml. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Seconds a poll of a queue may last. Without it queues are asked every 20 ms. */
  readonly longPollSeconds?: number;
  /** Where the functions' logs go. Default: warnings to the standard error, the rest nowhere. */
  readonly logFile?: string;
  /** Told of each call of the functions to a table or queue. */
  readonly onCall?: (call: Call) => void;
  /** Told of each invocation that has ended, with how long it took, ms. */
  readonly onInvoked?: (functionKey: string, ms: number) => void;
  /** Told of each batch of a queue that a function threw away. */
  readonly onFailure?: (functionKey: string, error: unknown) => void;
}

/** tidy24 as it is deployed: queues and tables of serverless.yml in this process, the functions in another. */
export class Deployed {
  readonly aws: EmbeddedAws;
  readonly functions: FunctionsProcess;
  readonly portals: PortalStore;
  readonly credentials: CredentialStore;
  readonly tasks: TaskStore;
  readonly sqs = createSqsClient();
  readonly #options: DeployedOptions;
  readonly #dynamoDb = createDynamoDbClient();
  #mappings: EventSourceMapping[] = [];
  #clock: NodeJS.Timeout | undefined;
  #running = 0;

  private constructor(aws: EmbeddedAws, functions: FunctionsProcess, options: DeployedOptions) {
    this.aws = aws;
    this.functions = functions;
    this.#options = options;
    this.portals = new PortalStore(this.table('PORTALS_TABLE'), Date.now);
    this.credentials = new CredentialStore(this.table('CREDENTIALS_TABLE'));
    this.tasks = new TaskStore(this.table('TASKS_TABLE'), Date.now, () => crypto.randomUUID());
  }

  static async start(options: DeployedOptions): Promise<Deployed> {
    const {
      publicUrl = 'http://127.0.0.1:9',
      functionKeys,
      environment,
      scale = 1,
      origin = 0,
      onCall,
      logFile,
    } = options;
    const aws = await startEmbeddedAws({ publicUrl, ...(onCall && { onCall }) });
    try {
      // For the clients of this process.
      Object.assign(process.env, aws.environment);
      const variables = { ...aws.environment, ...environment };
      const functions = await FunctionsProcess.start({
        functionKeys,
        environment: variables,
        scale,
        origin,
        ...(logFile !== undefined && { logFile }),
      });
      return new Deployed(aws, functions, options);
    } catch (error) {
      await aws.close();
      throw error;
    }
  }

  /** Invocations that have not ended. */
  get running(): number {
    return this.#running;
  }

  table(name: string): Table {
    return openTable(this.#dynamoDb, this.variable(name));
  }

  variable(name: string): string {
    const value = this.aws.environment[name];
    if (value === undefined) throw new Error(`serverless.yml gives no ${name}`);
    return value;
  }

  async invoke(functionKey: string, event: unknown = {}): Promise<unknown> {
    const timeoutSeconds = this.aws.file.functions[functionKey]?.timeout;
    if (timeoutSeconds === undefined) throw new Error(`serverless.yml has no function ${functionKey}`);
    this.#running += 1;
    const started = Date.now();
    try {
      return await this.functions.invoke(functionKey, event, timeoutSeconds);
    } finally {
      this.#running -= 1;
      this.#options.onInvoked?.(functionKey, Date.now() - started);
    }
  }

  /** From now on queues feed their functions, and the clock, if there is one, ticks every minute, first of all now. */
  run(): void {
    const { functionKeys, onFailure, scale = 1, longPollSeconds } = this.#options;
    const fed = mappingDefinitions(this.aws.file).filter(({ functionKey }) => functionKeys.includes(functionKey));
    this.#mappings = fed.map(({ functionKey, queue, settings }) =>
      startEventSourceMapping({
        client: this.sqs,
        queueUrl: localQueueUrl(this.aws.sqsUrl, queue.name),
        queueArn: queue.arn,
        settings,
        invoke: (event) => this.invoke(functionKey, event),
        onOutcome: ({ error }) => error !== undefined && onFailure?.(functionKey, error),
        ...(longPollSeconds !== undefined && { longPollSeconds }),
      }),
    );
    if (!functionKeys.includes('release')) return;
    const tick = (): void => {
      this.invoke('release').catch((error: unknown) => onFailure?.('release', error));
    };
    this.#clock = setInterval(tick, 60_000 / scale);
    tick();
  }

  /** Nothing is taken from a queue any more; what runs gets some seconds. */
  async stop(): Promise<void> {
    clearInterval(this.#clock);
    await Promise.all(this.#mappings.splice(0).map((mapping) => mapping.close(10_000)));
  }

  async close(): Promise<void> {
    await this.stop();
    await this.functions.close();
    this.sqs.destroy();
    this.#dynamoDb.destroy();
    await this.aws.close();
  }
}
