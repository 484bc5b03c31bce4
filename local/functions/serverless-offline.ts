import { createRequire } from 'node:module';
import { join } from 'node:path';
import { invokeByEndpoint } from '../lambda/by-endpoint.ts';
import { loopback } from '../servers/listening.ts';
import { projectRoot } from '../template/serverless-file.ts';
import { startChild, type Child } from './child-process.ts';
import { untilListening } from './until-listening.ts';
import { claimWorkFolder } from './work-folder.ts';

/** The functions, behind an HTTP API and behind an endpoint that speaks Lambda's Invoke. */
export interface RunningFunctions {
  readonly httpUrl: string;
  /** Lambda's Invoke: the AWS SDK can be pointed at it. */
  readonly lambdaUrl: string;
  /** Resolves when the process has ended by itself or by `close`, with what it printed last. */
  readonly ended: Promise<string>;
  /** Runs the function with that name in serverless.yml, and gives its answer. */
  invoke(functionKey: string, event: unknown): Promise<unknown>;
  close(graceMs?: number): Promise<void>;
}

/** Thrown when serverless-offline ended before it was ready; the message has its last lines. */
export class FunctionsDidNotStart extends Error {
  override readonly name = 'FunctionsDidNotStart';
}

const graceDefaultMs = 8_000;
const startLimitMs = 60_000;

/**
 * serverless-offline for stage local in a process of its own, on 127.0.0.1; ready when both its ports answer.
 *
 * @param options.params values for `${param:…}` in serverless.yml
 * @param options.environment what the AWS SDK in the functions reads. Nothing of AWS_* in this process's own
 *   environment reaches them, so that no real account can be meant by accident.
 * @throws FunctionsDidNotStart
 */
export async function startFunctions(options: {
  service: string;
  ports: { http: number; lambda: number };
  params: Readonly<Record<string, string>>;
  environment: Readonly<Record<string, string>>;
  output: (line: string) => void;
}): Promise<RunningFunctions> {
  const { ports } = options;
  const workFolder = await claimWorkFolder();
  const params = Object.entries({ ...options.params, workFolder: workFolder.path }).map(
    ([name, value]) => `--param=${name}=${value}`,
  );
  const child = startChild({
    args: [serverlessScript(), 'offline', '--stage', 'local', ...portArguments(ports), ...params],
    cwd: projectRoot,
    env: { ...environmentWithoutAws(), ...options.environment },
    output: options.output,
  });
  const close = async (graceMs = graceDefaultMs) => {
    await child.stop(graceMs);
    await workFolder.remove();
  };
  try {
    await ready(child, ports);
  } catch (error) {
    await close();
    throw error;
  }
  const lambdaUrl = `http://${loopback}:${ports.lambda}`;
  return {
    httpUrl: `http://${loopback}:${ports.http}`,
    lambdaUrl,
    ended: child.ended,
    invoke: (functionKey, event) => invokeByEndpoint(lambdaUrl, `${options.service}-local-${functionKey}`, event),
    close,
  };
}

async function ready(child: Child, ports: { http: number; lambda: number }): Promise<void> {
  const giveUp = AbortSignal.timeout(startLimitMs);
  const settled = new AbortController();
  const waiting = AbortSignal.any([giveUp, settled.signal]);
  const listening = Promise.all([ports.http, ports.lambda].map((port) => untilListening(port, waiting)));
  const lastLines = await Promise.race([listening.then(() => undefined), child.ended]);
  settled.abort();
  if (lastLines !== undefined) throw new FunctionsDidNotStart(`serverless-offline did not start:\n${lastLines}`);
  if (giveUp.aborted) throw new FunctionsDidNotStart(`serverless-offline was not ready after ${startLimitMs} ms.`);
}

function serverlessScript(): string {
  const require = createRequire(import.meta.url);
  return join(require.resolve('serverless/package.json'), '..', 'bin', 'serverless.js');
}

function portArguments(ports: { http: number; lambda: number }): string[] {
  return ['--host', loopback, '--httpPort', String(ports.http), '--lambdaPort', String(ports.lambda)];
}

function environmentWithoutAws(): Record<string, string> {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('AWS_'));
  return Object.fromEntries(own.map(([name, value]) => [name, value ?? '']));
}
