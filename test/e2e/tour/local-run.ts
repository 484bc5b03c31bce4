import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort, portVariables } from '../../../local/stack/ports.ts';

/** `npm start`, on free ports and in a data directory of its own. */
export interface LocalRun {
  /** What its variables are set to, for the command line as well. */
  readonly environment: NodeJS.ProcessEnv;
  /** A text of the tour with this run's ports in place of the usual ones. */
  readonly translate: (text: string) => string;
  /** What it has printed. */
  readonly log: () => string;
  close(): Promise<void>;
}

const usualPorts = { http: 4310, sqs: 4566, dynamoDb: 4567, portal: 4380 };
/** The clock of serverless.yml ticks every minute. Here it ticks every so many ms: what is due is not waited for, and nothing comes due earlier. */
const tickMs = 1_500;

export async function startLocalRun(): Promise<LocalRun> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'tidy24-tour-'));
  const ports = new Map<string, number>();
  const environment: NodeJS.ProcessEnv = {
    ...process.env,
    TIDY24_DATA_DIR: dataDir,
    // The command line starts a hundred times.
    NODE_COMPILE_CACHE: path.join(dataDir, 'compile-cache'),
  };
  for (const key of ['http', 'sqs', 'dynamoDb', 'portal'] as const) {
    const port = await freePort();
    environment[portVariables[key]] = String(port);
    ports.set(`127.0.0.1:${usualPorts[key]}`, port);
  }
  const child = spawn(process.execPath, ['local/start.ts'], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  const closed = once(child, 'close');
  let log = '';
  await new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        log += chunk.toString();
        if (log.includes('tidy24 is running')) resolve();
      });
    }
    child.on('close', () => reject(new Error(`npm start has ended:\n${log}`)));
  });
  const ticking = tick(/\[http for lambda] listening on (\S+)/.exec(log)?.[1] ?? '');
  return {
    environment,
    translate: (text) => text.replaceAll(/127\.0\.0\.1:\d+/g, (host) => `127.0.0.1:${ports.get(host) ?? host}`),
    log: () => log,
    close: async () => {
      await ticking.end();
      child.kill('SIGTERM');
      await closed;
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Invokes `release` again and again, one after the other, until it is ended. */
function tick(lambdaUrl: string): { end: () => Promise<void> } {
  const url = `${lambdaUrl}/2015-03-31/functions/tidy24-local-release/invocations`;
  const ended = new AbortController();
  const pause = () =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, tickMs);
      ended.signal.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  const running = (async () => {
    while (!ended.signal.aborted) {
      await fetch(url, { method: 'POST', body: '{}' }).catch(() => undefined);
      await pause();
    }
  })();
  return {
    end: async () => {
      ended.abort();
      await running;
    },
  };
}
