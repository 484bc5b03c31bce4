import { CommandError } from './command-error.ts';
import type { LineReader } from './line-reader.ts';

export interface Confirmation {
  readonly domain: string;
  /** What was given with --confirm. */
  readonly given: string | undefined;
  /** What is about to happen: `tidy24 will delete on this portal`. */
  readonly what: string;
}

/**
 * Has a person type the portal's domain before something that cannot be taken back.
 *
 * @throws CommandError when it is another one, or there is nobody to ask
 */
export async function confirmDomain(lines: LineReader, { domain, given, what }: Confirmation): Promise<void> {
  if (given === undefined && !lines.interactive) {
    throw new CommandError(`${what}. To confirm it: --confirm ${domain}`);
  }
  const answer = given ?? (await lines.ask(`${what}. Type its domain, ${domain}, to go on`, { echo: true })) ?? '';
  if (answer.toLowerCase() !== domain) {
    throw new CommandError(`That is not the portal's domain, ${domain}. Nothing was changed.`);
  }
}
