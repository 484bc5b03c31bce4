import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { jest } from '@jest/globals';
import { createDynamoDbClient, createSqsClient } from '../../../lib/aws/clients.ts';
import { openTable, type Table } from '../../../lib/aws/table.ts';
import { BudgetStore } from '../../../lib/portals/budgets.ts';
import { CredentialStore } from '../../../lib/portals/credentials.ts';
import { PortalStore } from '../../../lib/portals/store.ts';
import { type DeadLetter, deadLetterSchema } from '../../../lib/tasks/messages.ts';
import { SnapshotStore } from '../../../lib/tasks/snapshots.ts';
import { TaskStore } from '../../../lib/tasks/store.ts';
import { type Task } from '../../../lib/tasks/task.ts';
import { allShards } from '../../../lib/tasks/due-ids.ts';
import { type EmbeddedAws, startEmbeddedAws } from '../../../local/embedded-aws.ts';
import { sqsEvent } from '../../../local/event-source/sqs-event.ts';
import { lambdaContext } from '../../../local/lambda/in-process.ts';
import type { SimulatorOptions } from '../../../simulator/options.ts';
import { type Simulator, startSimulator } from '../../../simulator/simulator.ts';
import { HeldRoles } from './held-roles.ts';
import { type HttpFront, startHttpFront } from './http-front.ts';

/** The queues that feed a function, with how Lambda is set to read them. */
const sources = {
  events: { batch: 10, timeoutSeconds: 120 },
  deletions: { batch: 1, timeoutSeconds: 300 },
  reconcile: { batch: 1, timeoutSeconds: 300 },
} as const;
type Source = keyof typeof sources;
const maxBatches = 2_000;

type SqsHandler = (event: SQSEvent, context: Context) => Promise<SQSBatchResponse>;
type Handlers = Record<Source, SqsHandler> & { release: (event: never, context: Context) => Promise<unknown> };

/**
 * tidy24 in this process: its own handlers, on the embedded SQS and DynamoDB, with a simulated portal. `Date` is fake,
 * so that hours pass when a test says so; nothing runs until a test lets it.
 */
export class Deployment {
  readonly aws: EmbeddedAws;
  readonly front: HttpFront;
  readonly simulator: Simulator;
  readonly sqs: SQSClient;
  readonly tables: Record<'portals' | 'credentials' | 'tasks' | 'snapshots', Table>;
  readonly portals: PortalStore;
  readonly credentials: CredentialStore;
  readonly budgets: BudgetStore;
  readonly tasks: TaskStore;
  readonly snapshots: SnapshotStore;
  /** Answers of functions that were thrown away, as errors. */
  readonly crashes: unknown[] = [];
  /** The body of every message that was ever taken from a queue. */
  readonly bodies: string[] = [];
  /** Everything the functions wrote to the console. */
  readonly output: string[] = [];
  readonly #handlers: Handlers;
  readonly #roles: HeldRoles;
  readonly #restoreConsole: () => void;

  private constructor(parts: {
    aws: EmbeddedAws;
    front: HttpFront;
    simulator: Simulator;
    handlers: Handlers;
    roles: HeldRoles;
    output: string[];
    restoreConsole: () => void;
  }) {
    this.aws = parts.aws;
    this.front = parts.front;
    this.simulator = parts.simulator;
    this.#handlers = parts.handlers;
    this.#roles = parts.roles;
    this.output = parts.output;
    this.#restoreConsole = parts.restoreConsole;
    this.sqs = createSqsClient();
    const client = createDynamoDbClient();
    const table = (name: string) => openTable(client, this.variable(name));
    this.tables = {
      portals: table('PORTALS_TABLE'),
      credentials: table('CREDENTIALS_TABLE'),
      tasks: table('TASKS_TABLE'),
      snapshots: table('SNAPSHOTS_TABLE'),
    };
    this.portals = new PortalStore(this.tables.portals, Date.now);
    this.credentials = new CredentialStore(this.tables.credentials);
    this.budgets = new BudgetStore(this.tables.portals, Date.now);
    this.tasks = new TaskStore(this.tables.tasks, Date.now, () => crypto.randomUUID());
    this.snapshots = new SnapshotStore(this.tables.snapshots, Date.now, Math.random);
  }

  static async start(options: SimulatorOptions = {}): Promise<Deployment> {
    jest.useFakeTimers({ now: Date.now(), doNotFake: [...everythingButDate] });
    const front = await startHttpFront();
    const roles = new HeldRoles();
    const aws = await startEmbeddedAws({ publicUrl: front.url, onCall: roles.onCall });
    Object.assign(process.env, aws.environment);
    const simulator = await startSimulator(options);
    const { output, restore } = captureConsole();
    jest.resetModules(); // A handler reads its environment when it is loaded.
    const [receive, install, plan, worker, release, reconcile] = await Promise.all([
      import('../../../handlers/receive.ts'),
      import('../../../handlers/install.ts'),
      import('../../../handlers/plan.ts'),
      import('../../../handlers/worker.ts'),
      import('../../../handlers/release.ts'),
      import('../../../handlers/reconcile.ts'),
    ]);
    front.route('/bitrix24/events', (event) => roles.as('receive', () => receive.handler(event, httpContext())));
    front.route('/bitrix24/robot', (event) => roles.as('receive', () => receive.handler(event, httpContext())));
    front.route('/bitrix24/install', (event) => roles.as('install', () => install.handler(event, httpContext())));
    return new Deployment({
      aws,
      front,
      simulator,
      output,
      restoreConsole: restore,
      handlers: {
        events: (event, context) => roles.as('plan', () => plan.handler(event, context)),
        deletions: (event, context) => roles.as('worker', () => worker.handler(event, context)),
        reconcile: (event, context) => roles.as('reconcile', () => reconcile.handler(event, context)),
        release: (event, context) => roles.as('release', () => release.handler(event, context)),
      },
      roles,
    });
  }

  get portal() {
    return this.simulator.portal;
  }

  variable(name: string): string {
    const value = this.aws.environment[name];
    if (value === undefined) throw new Error(`serverless.yml gives no ${name}`);
    return value;
  }

  queueUrl(source: Source): string {
    return this.variable(`${source.toUpperCase()}_QUEUE_URL`);
  }

  /** Puts a message on a queue, as somebody with access could. */
  async send(source: Source, body: string, group = 'test'): Promise<void> {
    await this.sqs.send(
      new SendMessageCommand({
        QueueUrl: this.queueUrl(source),
        MessageBody: body,
        MessageGroupId: group,
        ...(source === 'deletions' && { MessageDeduplicationId: crypto.randomUUID() }),
      }),
    );
  }

  /** Visible messages, taken as Lambda would take them. */
  async receive(queueUrl: string, max = 10): Promise<Message[]> {
    const { Messages = [] } = await this.sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: queueUrl,
        MaxNumberOfMessages: max,
        MessageSystemAttributeNames: ['All'],
        WaitTimeSeconds: 0,
      }),
    );
    this.bodies.push(...Messages.map(({ Body = '' }) => Body));
    return Messages;
  }

  /** Takes every visible message of a queue away, as if it had never arrived. Gives how many. */
  async lose(source: Source): Promise<number> {
    let lost = 0;
    for (;;) {
      const messages = await this.receive(this.queueUrl(source));
      if (messages.length === 0) return lost;
      for (const { ReceiptHandle } of messages) await this.#delete(this.queueUrl(source), ReceiptHandle);
      lost += messages.length;
    }
  }

  /** How many messages of a queue are in flight or wait for a later moment. */
  async hidden(source: Source): Promise<number> {
    const { Attributes } = await this.sqs.send(
      new GetQueueAttributesCommand({
        QueueUrl: this.queueUrl(source),
        AttributeNames: ['ApproximateNumberOfMessagesNotVisible'],
      }),
    );
    return Number(Attributes?.['ApproximateNumberOfMessagesNotVisible']);
  }

  /** Runs one batch of a queue, as Lambda does. False when nothing is visible. */
  async runOnce(source: Source): Promise<boolean> {
    const url = this.queueUrl(source);
    const { batch, timeoutSeconds } = sources[source];
    const messages = await this.receive(url, batch);
    if (messages.length === 0) return false;
    const context = lambdaContext({ functionName: source, timeoutSeconds });
    let failed: Set<string>;
    try {
      const answer = await this.#handlers[source](sqsEvent(messages, `arn:aws:sqs:eu-central-1:0:${source}`), context);
      failed = new Set(answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    } catch (error) {
      this.crashes.push(error);
      failed = new Set(messages.map(({ MessageId = '' }) => MessageId));
    }
    for (const { MessageId = '', ReceiptHandle } of messages) {
      if (!failed.has(MessageId)) await this.#delete(url, ReceiptHandle);
    }
    return true;
  }

  /** Lets the functions run until no queue has a visible message. */
  async run(): Promise<void> {
    await this.simulator.settle();
    for (let batches = 0; batches < maxBatches; batches += 1) {
      const ran =
        (await this.runOnce('reconcile')) || (await this.runOnce('events')) || (await this.runOnce('deletions'));
      if (!ran) return;
    }
    throw new Error(`The queues are not empty after ${maxBatches} batches`);
  }

  /** Time passes; then the clock ticks and everything that came of it runs. */
  async pass(ms: number): Promise<void> {
    await this.releaseOnly(ms);
    await this.run();
  }

  async tick(): Promise<void> {
    await this.pass(0);
  }

  /** Time passes and the clock ticks; what it sent waits on the queues. */
  async releaseOnly(ms: number): Promise<void> {
    jest.setSystemTime(Date.now() + ms);
    await this.#handlers.release({} as never, lambdaContext({ functionName: 'release', timeoutSeconds: 60 }));
  }

  /** What lies in a dead-letter queue; it stays there. */
  async deadLetters(queue: 'EVENTS_DLQ_URL' | 'DELETIONS_DLQ_URL'): Promise<DeadLetter[]> {
    const url = this.variable(queue);
    const all: Message[] = [];
    for (;;) {
      const messages = await this.receive(url);
      if (messages.length === 0) break;
      all.push(...messages);
    }
    for (const { ReceiptHandle } of all) {
      await this.sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl: url, ReceiptHandle, VisibilityTimeout: 0 }));
    }
    return all.map(({ Body = '' }) => deadLetterSchema.parse(JSON.parse(Body)));
  }

  async tasksOf(memberId = this.portal.memberId): Promise<Task[]> {
    return (await this.tasks.listByPortal(memberId, { limit: 100 })).tasks;
  }

  async taskOf(dealId: number): Promise<Task> {
    const found = (await this.tasksOf()).filter(({ record }) => record.id === dealId);
    if (found.length !== 1 || !found[0]) throw new Error(`Deal ${dealId} has ${found.length} tasks`);
    return found[0];
  }

  /** Tasks that have not ended and records that are to be read, whenever they are due. Chores never end. */
  async dueRows(): Promise<unknown[]> {
    const pages = await Promise.all(allShards.map((shard) => this.tasks.due(shard, Number.MAX_SAFE_INTEGER, 100)));
    return pages.flatMap(({ items }) => items).filter(({ sk }) => sk !== 'chore');
  }

  /** @throws Error when a function has called what its role in serverless.yml does not allow */
  async close(): Promise<void> {
    jest.useRealTimers();
    this.#restoreConsole();
    await this.simulator.close();
    await this.front.close();
    this.sqs.destroy();
    await this.aws.close();
    this.#roles.close();
  }

  async #delete(QueueUrl: string, ReceiptHandle: string | undefined): Promise<void> {
    await this.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  }
}

const everythingButDate = [
  'hrtime',
  'nextTick',
  'performance',
  'queueMicrotask',
  'setImmediate',
  'clearImmediate',
  'setInterval',
  'clearInterval',
  'setTimeout',
  'clearTimeout',
] as const;

function httpContext(): Context {
  return lambdaContext({ functionName: 'http', timeoutSeconds: 29 });
}

/** Lambda's log is what a function writes to the console. */
function captureConsole(): { output: string[]; restore: () => void } {
  const output: string[] = [];
  const spies = (['log', 'info', 'warn', 'error', 'debug'] as const).map((level) =>
    jest.spyOn(console, level).mockImplementation((...args: unknown[]) => {
      output.push(args.map(String).join(' '));
    }),
  );
  process.env['POWERTOOLS_DEV'] = 'true'; // Powertools writes to the global console then, which the test can see.
  return {
    output,
    restore: () => {
      for (const spy of spies) spy.mockRestore();
    },
  };
}
