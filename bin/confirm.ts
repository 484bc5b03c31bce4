import { CommandError } from './command-error.ts';
import type { LineReader } from './line-reader.ts';

export interface Question {
  /** What is about to happen, as a sentence without its end: `3 tasks will be cancelled`. */
  readonly what: string;
  /** What a person has to type. */
  readonly word: string;
  /** How a script says it: `--yes`. */
  readonly option: string;
}

/**
 * Has a person type a word before something is done.
 *
 * @throws CommandError when they type another, or there is nobody to ask
 */
export async function confirm(lines: LineReader, { what, word, option }: Question): Promise<void> {
  if (!lines.interactive) throw new CommandError(`${what}. To confirm it: ${option}`);
  const answer = await lines.ask(`${what}. Type ${word} to go on`, { echo: true });
  if (answer?.toLowerCase() !== word.toLowerCase()) throw new CommandError(`Not confirmed. Nothing was changed.`);
}
