import type { CliIo } from './io.ts';

/** No more than one line in so many ms: a command that is done sooner says nothing. */
const everyMs = 2_000;

/** Says how far a long command is, on standard error. */
export class Progress {
  readonly #io: Pick<CliIo, 'stderr' | 'clock'>;
  #saidAt: number;

  constructor(io: Pick<CliIo, 'stderr' | 'clock'>) {
    this.#io = io;
    this.#saidAt = io.clock();
  }

  /** `text` is asked for only when it is time for a line. */
  say(text: () => string): void {
    const now = this.#io.clock();
    if (now - this.#saidAt < everyMs) return;
    this.#saidAt = now;
    this.#io.stderr.write(`${text()}\n`);
  }
}
