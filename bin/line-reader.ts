import { createInterface, type Interface } from 'node:readline';
import { Writable } from 'node:stream';
import type { CliIo } from './io.ts';
import { CommandError } from './command-error.ts';

/** Lines that a person types, or that stand on standard input, one for each question. */
export class LineReader {
  readonly #io: Pick<CliIo, 'stdin' | 'stderr'>;
  readonly #lines: string[] = [];
  #reader: Interface | undefined;
  #ended = false;
  #cancelled = false;
  #wake: (() => void) | undefined;
  #echo = false;

  constructor(io: Pick<CliIo, 'stdin' | 'stderr'>) {
    this.#io = io;
  }

  get interactive(): boolean {
    return this.#io.stdin.isTTY === true;
  }

  /**
   * The next line, trimmed; undefined at the end of the input. A person is asked first, and what they type is shown
   * only with `echo`.
   *
   * @throws CommandError when they press Ctrl-C
   */
  async ask(question: string, { echo }: { echo: boolean }): Promise<string | undefined> {
    this.#echo = echo;
    const reader = this.#open();
    if (this.interactive) {
      reader.setPrompt(`${question}: `);
      if (echo) reader.prompt();
      else this.#io.stderr.write(`${question}: `);
    }
    while (this.#lines.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.interactive && !echo) this.#io.stderr.write('\n');
    if (this.#cancelled) throw new CommandError('Cancelled. Nothing was changed.');
    return this.#lines.shift()?.trim();
  }

  close(): void {
    this.#reader?.close();
  }

  #open(): Interface {
    if (this.#reader) return this.#reader;
    const output = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        if (this.#echo) this.#io.stderr.write(chunk.toString());
        done();
      },
    });
    const reader = createInterface({
      input: this.#io.stdin,
      crlfDelay: Infinity,
      historySize: 0,
      ...(this.interactive ? { output, terminal: true } : { terminal: false }),
    });
    const wake = (): void => this.#wake?.();
    reader.on('line', (line) => {
      this.#lines.push(line);
      wake();
    });
    reader.on('SIGINT', () => {
      this.#cancelled = true;
      reader.close();
    });
    reader.on('close', () => {
      this.#ended = true;
      wake();
    });
    this.#reader = reader;
    return reader;
  }
}
