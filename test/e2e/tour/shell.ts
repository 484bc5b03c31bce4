import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';

export interface Outcome {
  /** Both streams, as they came. */
  readonly output: string;
  /** Of the last command. */
  readonly exitCode: number;
}

/** A bash that keeps its variables from one block to the next, as a terminal does. */
export class Shell {
  readonly #child: ChildProcess;
  #output = '';
  #wake: () => void = () => undefined;

  constructor(environment: NodeJS.ProcessEnv, prelude: string) {
    this.#child = spawn('bash', ['--norc', '--noprofile'], { env: environment, stdio: ['pipe', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#output += chunk.toString();
        this.#wake();
      });
    }
    this.#child.on('close', () => this.#wake());
    this.#write(prelude);
  }

  /**
   * Gives the commands to the shell and waits for the last of them to end.
   *
   * @throws Error when the shell itself has ended, or nothing has after `limitMs`
   */
  async run(commands: string, limitMs: number): Promise<Outcome> {
    const mark = `end-${randomUUID()}`;
    this.#output = '';
    // The commands must not read the shell's own input, which is the rest of the tour.
    this.#write(`{\n${commands}\n} </dev/null 2>&1\necho "${mark} $?"`);
    const timer = setTimeout(() => this.close(), limitMs);
    try {
      for (;;) {
        const end = new RegExp(`^${mark} (\\d+)\\n`, 'm').exec(this.#output);
        if (end) return { output: this.#output.slice(0, end.index), exitCode: Number(end[1]) };
        if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
          throw new Error(`The shell has ended, or its command took longer than ${limitMs} ms:\n${this.#output}`);
        }
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    this.#child.kill('SIGKILL');
  }

  #write(text: string): void {
    this.#child.stdin?.write(`${text}\n`);
  }
}
