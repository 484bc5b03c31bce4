import { UsageError } from './command-error.ts';
import type { CliIo } from './io.ts';
import type { LineReader } from './line-reader.ts';

export interface SecretQuestion {
  /** In the words of a question: `URL of the incoming webhook`. */
  readonly what: string;
  /** The option that may carry it: `--webhook`. */
  readonly option: string;
  /** The environment variable that may carry it. */
  readonly variable: string;
}

/** What is shorter is no secret, and stands in every other word. */
const shortest = 4;

/** Where secrets come in, and what keeps them out of everything that goes out. */
export class Secrets {
  readonly #env: CliIo['env'];
  readonly #lines: LineReader;
  readonly #known = new Set<string>();

  constructor(io: Pick<CliIo, 'env'>, lines: LineReader) {
    this.#env = io.env;
    this.#lines = lines;
  }

  /**
   * A secret from its option, the environment, a person who types it unseen, or the next line of standard input.
   *
   * @param given the option's value; `true` when it was named without one
   * @throws UsageError when there is none
   */
  async get({ what, option, variable }: SecretQuestion, given: string | boolean | undefined): Promise<string> {
    const value =
      (typeof given === 'string' ? given : this.#env[variable])?.trim() ||
      (await this.#lines.ask(what, { echo: false }));
    if (value) {
      this.keep(value);
      return value;
    }
    throw new UsageError(
      `The ${what} is missing. Give it on standard input, as ${variable} in the environment, or with ${option}`,
    );
  }

  /** Makes sure that this text is in nothing that is printed. */
  keep(secret: string): void {
    if (secret.length >= shortest) this.#known.add(secret);
  }

  /** The text without any secret of this run. */
  scrub(text: string): string {
    // The longest first, so that no part of a longer one is left over.
    const secrets = [...this.#known].toSorted((a, b) => b.length - a.length);
    return secrets.reduce((clean, secret) => clean.replaceAll(secret, '…'), text);
  }
}
