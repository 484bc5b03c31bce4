import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Measurement, measurementSchema, replySchema, type Request } from './process-messages.ts';

type Asked<T> = T extends unknown ? Omit<T, 'id'> : never;

export interface FunctionsOptions {
  /** Names in serverless.yml. */
  readonly functionKeys: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** So many times as fast as real time, since `origin`. */
  readonly scale?: number;
  readonly origin?: number;
  /** A file for whatever the functions log. Without it what goes to the standard output is thrown away. */
  readonly logFile?: string;
}

/** The functions of tidy24, loaded from their source in another process. */
export class FunctionsProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  #asked = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (message) => this.#hear(message));
    child.on('exit', (code) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`The functions' process ended with ${code}`));
      this.#waiting.clear();
    });
  }

  static async start(options: FunctionsOptions): Promise<FunctionsProcess> {
    const { functionKeys, environment, scale = 1, origin = 0, logFile } = options;
    const log = logFile === undefined ? undefined : openSync(logFile, 'w');
    const entry = fileURLToPath(new URL('functions.ts', import.meta.url));
    const child = fork(entry, [functionKeys.join(), String(scale), String(origin)], {
      execArgv: ['--expose-gc', '--disable-warning=ExperimentalWarning'],
      env: { ...process.env, ...environment },
      // What functions log may go nowhere, but it is written: that is part of the work.
      stdio: ['ignore', log ?? 'ignore', log ?? 'inherit', 'ipc'],
    });
    if (log !== undefined) closeSync(log);
    const functions = new FunctionsProcess(child);
    const [message] = await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(() => Promise.reject(new Error('The functions could not be loaded'))),
    ]);
    replySchema.parse(message);
    return functions;
  }

  /** @throws Error with the function's own message */
  invoke(functionKey: string, event: unknown, timeoutSeconds: number): Promise<unknown> {
    return this.#ask({ ask: 'invoke', functionKey, event, timeoutSeconds });
  }

  async measure(): Promise<Measurement> {
    return measurementSchema.parse(await this.#ask({ ask: 'measure' }));
  }

  async startProfile(): Promise<void> {
    await this.#ask({ ask: 'profile', on: true });
  }

  /** The profile since `startProfile`, as V8 gives it. */
  stopProfile(): Promise<unknown> {
    return this.#ask({ ask: 'profile', on: false });
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.disconnect();
    await Promise.race([ended, delay(5_000, undefined, { ref: false })]);
    this.#child.kill('SIGKILL');
  }

  #ask(request: Asked<Request>): Promise<unknown> {
    this.#asked += 1;
    const id = this.#asked;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ ...request, id });
    });
  }

  #hear(message: unknown): void {
    const reply = replySchema.parse(message);
    if (reply.kind === 'ready') return;
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (reply.kind === 'answer') waiting?.resolve(reply.value);
    else waiting?.reject(new Error(reply.message));
  }
}
