import { PassThrough } from 'node:stream';
import {
  ChangeMessageVisibilityCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { runCli } from '../../../bin/run-cli.ts';
import { openTable, type Table } from '../../../lib/aws/table.ts';
import { tokenDigest } from '../../../lib/bitrix24/token-digest.ts';
import { CredentialStore } from '../../../lib/portals/credentials.ts';
import { PortalStore } from '../../../lib/portals/store.ts';
import { TaskStore } from '../../../lib/tasks/store.ts';
import { type EmbeddedAws, startEmbeddedAws } from '../../../local/embedded-aws.ts';
import { localDynamoDbClient, localSqsClient } from '../../../local/servers/local-clients.ts';
import { localQueueUrl } from '../../../local/resources/create-queues.ts';
import type { SimulatedApp } from '../../../simulator/portal-apps.ts';
import type { SimulatedPortal } from '../../../simulator/portal.ts';
import { type Simulator, startSimulator } from '../../../simulator/simulator.ts';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The queues that a test puts messages on or looks into. */
export type StageQueue =
  'events' | 'events-dlq' | 'deletions.fifo' | 'deletions-dlq.fifo' | 'reconcile' | 'reconcile-dlq';

interface Run {
  /** Lines on standard input, which then ends. */
  readonly input?: readonly string[];
  /** Lines that a person types at a terminal. */
  readonly typed?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly fetch?: typeof globalThis.fetch;
  /** What happens elsewhere while the command sleeps. */
  readonly onSleep?: () => Promise<void> | void;
}

/** The command line on embedded tables, with a simulated portal. */
export class CliStage {
  readonly simulator: Simulator;
  readonly tables: Record<'portals' | 'credentials' | 'tasks' | 'snapshots', Table>;
  readonly portals: PortalStore;
  readonly credentials: CredentialStore;
  readonly tasks: TaskStore;
  /** All that any command printed. */
  output = '';
  /** ms since the epoch, for the command line; moves with the portal's clock. */
  now = Date.now();
  /** Presses Ctrl-C, while a command listens for it. */
  interrupt: (() => void) | undefined;
  readonly sqs: SQSClient;
  readonly #aws: EmbeddedAws;
  readonly dynamoDb: DynamoDBClient;
  readonly #folder: string;

  private constructor(parts: { aws: EmbeddedAws; simulator: Simulator; client: DynamoDBClient; folder: string }) {
    this.#aws = parts.aws;
    this.dynamoDb = parts.client;
    this.#folder = parts.folder;
    this.simulator = parts.simulator;
    const documents = DynamoDBDocumentClient.from(parts.client, { marshallOptions: { removeUndefinedValues: true } });
    const table = (name: string) => openTable(documents, this.#aws.environment[name] ?? '');
    this.tables = {
      portals: table('PORTALS_TABLE'),
      credentials: table('CREDENTIALS_TABLE'),
      tasks: table('TASKS_TABLE'),
      snapshots: table('SNAPSHOTS_TABLE'),
    };
    this.sqs = localSqsClient(parts.aws.sqsUrl, parts.aws.file.region);
    const clock = () => this.now;
    this.portals = new PortalStore(this.tables.portals, clock);
    this.credentials = new CredentialStore(this.tables.credentials);
    this.tasks = new TaskStore(this.tables.tasks, clock, () => crypto.randomUUID());
  }

  static async start(): Promise<CliStage> {
    const aws = await startEmbeddedAws();
    const simulator = await startSimulator();
    simulator.portal.addPipeline({
      id: 5,
      name: 'Renewals',
      stages: [
        { id: 'NEW', name: 'New' },
        { id: 'WON', name: 'Renewed' },
        { id: 'LOSE', name: 'Not renewed' },
        { id: 'UC_7K2M', name: 'Chose a competitor' },
      ],
    });
    const folder = await mkdtemp(join(tmpdir(), 'tidy24-cli-'));
    return new CliStage({ aws, simulator, client: localDynamoDbClient(aws.dynamoDbUrl, aws.file.region), folder });
  }

  async close(): Promise<void> {
    this.dynamoDb.destroy();
    this.sqs.destroy();
    await this.simulator.close();
    await this.#aws.close();
    await rm(this.#folder, { recursive: true });
  }

  get portal(): SimulatedPortal {
    return this.simulator.portal;
  }

  /** Runs one command with `--local`. Words are split at blanks; a list stays as it is. */
  async run(command: string | readonly string[], { input, typed, env = {}, fetch, onSleep }: Run = {}): Promise<Ran> {
    const stdin = Object.assign(new PassThrough(), { isTTY: typed !== undefined });
    const lines = typed ?? input ?? [];
    for (const line of lines) stdin.write(`${line}${typed ? '\r' : '\n'}`);
    if (!typed) stdin.end();
    const out = { stdout: '', stderr: '' };
    const argv = typeof command === 'string' ? command.split(' ') : command;
    const code = await runCli([...argv, '--local'], {
      env: {
        TIDY24_DYNAMODB_PORT: new URL(this.#aws.dynamoDbUrl).port,
        TIDY24_SQS_PORT: new URL(this.#aws.sqsUrl).port,
        ...env,
      },
      stdin,
      stdout: { write: (text) => (out.stdout += text) },
      stderr: { write: (text) => (out.stderr += text) },
      fetch: fetch ?? globalThis.fetch,
      clock: () => this.now,
      sleep: async (ms) => {
        this.now += ms;
        this.simulator.clockOffset(ms);
        await onSleep?.();
      },
      random: () => 0.5,
      newId: () => crypto.randomUUID(),
      onInterrupt: (listener) => {
        this.interrupt = listener;
        return () => {
          this.interrupt = undefined;
        };
      },
      user: 'ada@laptop',
    });
    stdin.destroy();
    this.output += out.stdout + out.stderr;
    return { code, ...out };
  }

  /** Runs a command with `--json`, expects it to work, and reads its one document. */
  async json(command: string, run: Run = {}): Promise<unknown> {
    const { code, stdout, stderr } = await this.run(`${command} --json`, run);
    if (code !== 0) throw new Error(`${command} failed: ${stderr}`);
    return JSON.parse(stdout);
  }

  queueUrl(name: StageQueue): string {
    return localQueueUrl(this.#aws.sqsUrl, `tidy24-local-${name}`);
  }

  /** Puts a message on a queue: text as it is, everything else as JSON. Gives its id. */
  async send(queue: StageQueue, body: unknown, group = 'a-group'): Promise<string> {
    const { MessageId = '' } = await this.sqs.send(
      new SendMessageCommand({
        QueueUrl: this.queueUrl(queue),
        MessageBody: typeof body === 'string' ? body : JSON.stringify(body),
        ...(queue.endsWith('.fifo') && { MessageGroupId: group, MessageDeduplicationId: crypto.randomUUID() }),
      }),
    );
    return MessageId;
  }

  /** The messages of a queue that anybody can see now. They stay there. */
  async visible(queue: StageQueue): Promise<Message[]> {
    const QueueUrl = this.queueUrl(queue);
    const all: Message[] = [];
    for (;;) {
      const { Messages = [] } = await this.sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 600 }),
      );
      if (Messages.length === 0) break;
      all.push(...Messages);
    }
    for (const { ReceiptHandle } of all) {
      await this.sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }));
    }
    return all;
  }

  /** How many messages of a queue somebody holds. */
  async held(queue: StageQueue): Promise<number> {
    const name = 'ApproximateNumberOfMessagesNotVisible';
    const { Attributes } = await this.sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: this.queueUrl(queue), AttributeNames: [name] }),
    );
    return Number(Attributes?.[name]);
  }

  /** The path of a file with that content. */
  async file(name: string, content: string | Uint8Array): Promise<string> {
    const path = join(this.#folder, name);
    await writeFile(path, content);
    return path;
  }

  /** Connects the simulated portal by webhooks. */
  async connect({ url = this.portal.createWebhook(), token = 'an-application-token' } = {}): Promise<Ran> {
    return this.run(`portals connect --member-id ${this.portal.memberId}`, { input: [url, token] });
  }

  /** Installs an app as Bitrix24 tells of it: pending, until its id and secret are given. */
  async install(portal: SimulatedPortal = this.portal): Promise<SimulatedApp> {
    const app = portal.createApp();
    const tokens = portal.installApp(app);
    await this.credentials.addInstallation(portal.memberId, {
      id: tokenDigest(tokens.refreshToken),
      refreshToken: tokens.refreshToken,
      tokenUrl: portal.tokenUrl,
      tokenDigest: tokenDigest(tokens.applicationToken),
      domain: portal.domain,
      eventsUrl: 'http://127.0.0.1:4310/bitrix24/events',
      receivedAt: this.now,
    });
    return app;
  }
}
