import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import * as z from 'zod';

const answerSchema = z.looseObject({ id: z.int() });
/** Longer than any answer should take, in ms. */
const patienceMs = 60_000;
/** Of a process that failed so many characters are told. */
const lastWords = 2_000;

/** A process of a bench: it says one message when it is ready, and then answers what it is asked. */
export class Child {
  readonly #process: ChildProcess;
  #asked = 0;

  private constructor(process: ChildProcess) {
    this.#process = process;
  }

  /** `file`: relative to this folder. Rejects when the process ends before it is ready. */
  static async start<T>(
    file: string,
    ready: z.ZodType<T>,
    { args = [], env = {} }: { args?: readonly string[]; env?: Readonly<Record<string, string>> } = {},
  ): Promise<{ child: Child; ready: T }> {
    const child = fork(new URL(file, import.meta.url), args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    // What a function writes is of no interest, but for the last words of a process that fails.
    let words = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      words = `${words}${chunk.toString('utf8')}`.slice(-lastWords);
    });
    const ended = once(child, 'exit').then(([code]) => {
      throw new Error(`${file} has ended with ${String(code)}: ${words}`);
    });
    const [message] = await Promise.race([once(child, 'message'), ended]);
    ended.catch(() => undefined);
    return { child: new Child(child), ready: ready.parse(message) };
  }

  /** Asks for one thing and gives the answer to it. */
  ask(what: string): Promise<unknown> {
    const id = (this.#asked += 1);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`No answer to ${what}`)), patienceMs);
      const listen = (message: unknown): void => {
        if (answerSchema.parse(message).id !== id) return;
        clearTimeout(timer);
        this.#process.off('message', listen);
        resolve(message);
      };
      this.#process.on('message', listen);
      this.#process.send({ [what]: id });
    });
  }

  async close(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.disconnect();
    await ended;
  }
}
