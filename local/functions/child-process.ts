import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';

/** A child of this process that ends when it does. */
export interface Child {
  /** Resolves when it has ended, with what it printed last. */
  readonly ended: Promise<string>;
  /** Asks it to end, and makes it after `graceMs`. Resolves when it has ended. */
  stop(graceMs: number): Promise<void>;
}

const rememberedLines = 30;

/**
 * Runs a Node script with this process's own Node, each line of its output going to `output`.
 *
 * It is a process group of its own: a Ctrl-C in the terminal reaches the parent alone, which then ends its parts in
 * order instead of losing this one first.
 */
export function startChild(options: {
  args: readonly string[];
  cwd: string;
  env: Readonly<Record<string, string>>;
  output: (line: string) => void;
}): Child {
  const exitWithParent = new URL('./exit-with-parent.mjs', import.meta.url).href;
  const child = spawn(process.execPath, ['--import', exitWithParent, ...options.args], {
    cwd: options.cwd,
    env: options.env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      if (lines.length > rememberedLines) lines.shift();
      options.output(line);
    });
  }
  const ended = once(child, 'close').then(() => lines.join('\n'));
  return { ended, stop: (graceMs) => stop(child, ended, graceMs) };
}

async function stop(child: ChildProcess, ended: Promise<unknown>, graceMs: number): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGTERM');
    const timer = new AbortController();
    const late = setTimeout(graceMs, 'late', { signal: timer.signal }).catch(() => undefined);
    if ((await Promise.race([ended, late])) === 'late') killGroup(child);
    timer.abort();
  }
  await ended;
}

/** The group, because the child has helpers of its own. */
function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It ended in this very moment.
  }
}
