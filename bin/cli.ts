import { randomUUID } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { whyNotWritten } from './output-file.ts';
import { runCli } from './run-cli.ts';

/** The command line as this process was started with it. The only place in bin/ that reads the process. */
export function main(): Promise<number> {
  // Whoever reads our output may stop early, as `head` does.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    process.stderr.write(`error: Standard output cannot be written: ${whyNotWritten(error)}.\n`);
    process.exit(1);
  });
  return runCli(process.argv.slice(2), {
    env: process.env,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    fetch: globalThis.fetch,
    clock: Date.now,
    sleep: async (ms, signal) => {
      await delay(ms, undefined, signal && { signal });
    },
    random: Math.random,
    newId: randomUUID,
    onInterrupt,
    user: localUser(),
  });
}

const interrupts = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** Within so many ms a second signal is the same Ctrl-C: a launcher passes it on, and the terminal sends it as well. */
const sameInterruptMs = 1_000;

function onInterrupt(listener: () => void): () => void {
  let heardAt: number | undefined;
  const hear = (): void => {
    if (heardAt === undefined) {
      heardAt = Date.now();
      listener();
    } else if (Date.now() - heardAt > sameInterruptMs) process.exit(130);
  };
  for (const signal of interrupts) process.on(signal, hear);
  return () => {
    for (const signal of interrupts) process.off(signal, hear);
  };
}

function localUser(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    return `unknown@${hostname()}`; // In a container the user may have no name.
  }
}
