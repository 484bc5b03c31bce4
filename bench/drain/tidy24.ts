import type { SQSEvent } from 'aws-lambda';
import { createDynamoDbClient, createSqsClient } from '../../lib/aws/clients.ts';
import { openTable, type Table } from '../../lib/aws/table.ts';
import { enterpriseLimits, ordinaryLimits } from '../../lib/bitrix24/limits.ts';
import { CredentialStore } from '../../lib/portals/credentials.ts';
import { PortalStore } from '../../lib/portals/store.ts';
import { TaskStore } from '../../lib/tasks/store.ts';
import { type EmbeddedAws, startEmbeddedAws } from '../../local/embedded-aws.ts';
import { startEventSourceMapping } from '../../local/event-source/event-source-mapping.ts';
import { inProcess, lambdaContext } from '../../local/lambda/in-process.ts';
import type { SimulatedPortal } from '../../simulator/portal.ts';
import { connectPortal, createTask } from '../support/lost-deals.ts';
import type { Cell } from './cells.ts';
import { until } from './until.ts';

const limits = { ordinary: ordinaryLimits, enterprise: enterpriseLimits };

type Handlers = Awaited<ReturnType<typeof loadHandlers>>;

async function loadHandlers() {
  const [{ handler: worker }, { handler: release }, { handler: reconcile }] = await Promise.all([
    import('../../handlers/worker.ts'),
    import('../../handlers/release.ts'),
    import('../../handlers/reconcile.ts'),
  ]);
  return { worker, release, reconcile };
}

/** tidy24 on embedded SQS and DynamoDB in this process: its own handlers, warm, and fed as Lambda feeds them. */
export class Tidy24 {
  readonly #aws: EmbeddedAws;
  readonly #handlers: Handlers;
  readonly #table: (name: string) => Table;

  private constructor(aws: EmbeddedAws, handlers: Handlers) {
    this.#aws = aws;
    this.#handlers = handlers;
    const client = createDynamoDbClient();
    this.#table = (name) => openTable(client, this.#variable(name));
  }

  static async start(): Promise<Tidy24> {
    const aws = await startEmbeddedAws({ publicUrl: 'http://127.0.0.1:9' });
    Object.assign(process.env, aws.environment, {
      POWERTOOLS_LOG_LEVEL: 'SILENT',
      POWERTOOLS_METRICS_DISABLED: 'true',
    });
    // A handler reads its environment when it is loaded.
    return new Tidy24(aws, await loadHandlers());
  }

  /** A task for each of these deals, due since just now. */
  async prepare(portal: SimulatedPortal, { plan }: Cell, deals: readonly number[]): Promise<void> {
    const stores = {
      portals: new PortalStore(this.#table('PORTALS_TABLE'), Date.now),
      credentials: new CredentialStore(this.#table('CREDENTIALS_TABLE')),
    };
    const since = Date.now() - 3_600_000;
    const { rules } = await connectPortal(stores, portal, { since, limits: limits[plan] });
    const tasks = new TaskStore(this.#table('TASKS_TABLE'), Date.now, () => crypto.randomUUID());
    for (const id of deals) await createTask(tasks, portal, rules, id, { nextAt: Date.now() });
  }

  /** Lets the functions work until `isOver`. */
  async drain(portal: SimulatedPortal, { scale }: Cell, isOver: () => boolean): Promise<void> {
    const { worker, release, reconcile } = this.#handlers;
    const context = (functionName: string) => lambdaContext({ functionName, timeoutSeconds: 300 });
    const client = createSqsClient();
    const settings = { batchSize: 1, maximumBatchingWindow: 0, maximumConcurrency: 10, reportBatchItemFailures: true };
    const functionTimes = { timeoutSeconds: 3_000 };
    const mappings = [
      startEventSourceMapping({
        client,
        queueUrl: this.#variable('DELETIONS_QUEUE_URL'),
        queueArn: 'arn:aws:sqs:eu-central-1:000000000000:deletions.fifo',
        settings,
        invoke: inProcess((event: SQSEvent) => worker(event, context('worker')), {
          functionName: 'worker',
          ...functionTimes,
        }),
      }),
      startEventSourceMapping({
        client,
        queueUrl: this.#variable('RECONCILE_QUEUE_URL'),
        queueArn: 'arn:aws:sqs:eu-central-1:000000000000:reconcile',
        settings,
        invoke: inProcess((event: SQSEvent) => reconcile(event, context('reconcile')), {
          functionName: 'reconcile',
          ...functionTimes,
        }),
      }),
    ];
    let ticks = Promise.resolve();
    const tick = (): void => {
      ticks = ticks.then(() => release({} as never, context('release'))).then(() => undefined);
    };
    const clock = setInterval(tick, 60_000 / scale);
    tick();
    try {
      await until(isOver, `The deals of ${portal.domain} are clean`);
    } finally {
      clearInterval(clock);
      await ticks;
      await Promise.all(mappings.map((mapping) => mapping.close(10_000)));
      client.destroy();
    }
  }

  close(): Promise<void> {
    return this.#aws.close();
  }

  #variable(name: string): string {
    const value = this.#aws.environment[name];
    if (value === undefined) throw new Error(`serverless.yml gives no ${name}`);
    return value;
  }
}
