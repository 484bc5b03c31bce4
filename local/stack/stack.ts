import { startEmbeddedAws } from '../embedded-aws.ts';
import { startFunctions } from '../functions/serverless-offline.ts';
import { watchCalls } from '../permissions/watch-calls.ts';
import { loopback } from '../servers/listening.ts';
import { Closers } from './closers.ts';
import { lockDataDirectory } from './data-directory-lock.ts';
import { connectQueues } from './connect-queues.ts';
import { claimPorts, freePort, type Ports } from './ports.ts';

/** Anything that was started and can be ended. */
export interface Closable {
  close(): Promise<unknown>;
}

/** Starts the simulated portal. `httpUrl` is where its events have to go; `dataFile` is set when data are kept. */
export type StartPortal<Portal> = (at: { port: number; httpUrl: string; dataFile?: string }) => Promise<Portal>;

/** No simulator: for a portal of your own. */
export const noPortal: StartPortal<undefined> = () => Promise.resolve(undefined);

export interface StackOptions<Portal> {
  readonly simulator: StartPortal<Portal>;
  /** Default: free ones. */
  readonly ports?: Partial<Ports>;
  /** Default: everything in memory. */
  readonly dataDir?: string;
  /** Folder of the handlers, relative to the project. Default `handlers`. */
  readonly handlers?: string;
  /** Whether a changed source file rebuilds the functions. Default false. */
  readonly watch?: boolean;
  /** Seconds a poll of a queue may last. Default 0: the queues are asked every 20 ms, which is quick but not idle. */
  readonly longPollSeconds?: number;
  /** Gets each line that the functions print, and each batch that failed. Default: nobody does. */
  readonly output?: (line: string) => void;
}

/** tidy24 on this machine: the real handlers between real protocol servers. */
export interface Stack<Portal> {
  readonly httpUrl: string;
  readonly lambdaUrl: string;
  readonly sqsUrl: string;
  readonly dynamoDbUrl: string;
  readonly simulator: Portal;
  /** All variables of the functions, and what points the AWS SDK here. */
  readonly environment: Readonly<Record<string, string>>;
  /** Calls that functions have made and that AWS would refuse: their roles in serverless.yml do not allow them. */
  readonly refusable: readonly string[];
  /** Resolves when the functions' process has ended, wanted or not, with what it printed last. */
  readonly ended: Promise<string>;
  /** Runs a function now, by its name in serverless.yml: `invoke('release')` is a tick of the clock. */
  invoke(functionKey: string, event?: unknown): Promise<unknown>;
  /** Resolves when no queue that feeds a function has a visible message and no such function runs. */
  settled(): Promise<void>;
  /** Ends everything; what runs gets `graceMs` (default 8 s) to end by itself. */
  close(graceMs?: number): Promise<void>;
}

const graceDefaultMs = 8_000;

/**
 * Starts SQS, DynamoDB, the portal and the functions on 127.0.0.1, connects them, and resolves when all are ready.
 * When one cannot be started, those before it are ended again.
 *
 * @throws PortInUse, DataDirectoryInUse, TableShapeChanged, FunctionsDidNotStart
 */
export async function startStack<Portal extends Closable | undefined>(
  options: StackOptions<Portal>,
): Promise<Stack<Portal>> {
  const closers = new Closers();
  try {
    return await startParts(options, closers);
  } catch (error) {
    await closers.close();
    throw error;
  }
}

async function startParts<Portal extends Closable | undefined>(
  options: StackOptions<Portal>,
  closers: Closers,
): Promise<Stack<Portal>> {
  const { dataDir, output = () => undefined } = options;
  const ports = await claimPorts({ http: 0, sqs: 0, dynamoDb: 0, portal: 0, ...options.ports });
  const httpUrl = `http://${loopback}:${ports.http}`;
  if (dataDir !== undefined) closers.add(lockDataDirectory(dataDir));

  const calls = watchCalls(output);
  const data = dataDir === undefined ? {} : { dataDir };
  const aws = await startEmbeddedAws({ ports, publicUrl: httpUrl, onCall: calls.onCall, ...data });
  closers.add(() => aws.close());

  const dataFile = dataDir === undefined ? {} : { dataFile: `${dataDir}/portal.json` };
  const simulator = await options.simulator({ port: ports.portal, httpUrl, ...dataFile });
  closers.add(() => simulator?.close());

  const functions = await startFunctions({
    service: aws.file.service,
    ports: { http: ports.http, lambda: await freePort() },
    params: {
      publicUrl: httpUrl,
      sqsUrl: aws.sqsUrl,
      ...(options.handlers === undefined ? {} : { handlers: options.handlers }),
      // A pattern that no file matches.
      ...(options.watch === true ? {} : { watch: '.unwatched' }),
    },
    environment: aws.environment,
    output,
  });
  let grace = graceDefaultMs;
  closers.add(() => functions.close(grace));

  const queues = connectQueues({ aws, functions, output, longPollSeconds: options.longPollSeconds });
  closers.add(() => queues.close(grace));

  return {
    httpUrl,
    lambdaUrl: functions.lambdaUrl,
    sqsUrl: aws.sqsUrl,
    dynamoDbUrl: aws.dynamoDbUrl,
    simulator,
    environment: aws.environment,
    refusable: calls.refusable,
    ended: functions.ended,
    invoke: (functionKey, event = {}) => functions.invoke(functionKey, event),
    settled: () => queues.settled(),
    close: (graceMs = graceDefaultMs) => {
      grace = graceMs;
      return closers.close();
    },
  };
}
