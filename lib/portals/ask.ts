import { type Command, maxBatchCommands } from '../bitrix24/batch.ts';
import type { JudgedAnswer } from './judge.ts';
import type { PortalSession } from './session.ts';

/** Asks so many questions of a portal, in as few batches as they need. Nothing is sent when there are none. */
export async function askAll(
  session: Pick<PortalSession, 'batch'>,
  commands: ReadonlyMap<string, Command>,
): Promise<Map<string, JudgedAnswer>> {
  const all = [...commands];
  const answers = new Map<string, JudgedAnswer>();
  for (let start = 0; start < all.length; start += maxBatchCommands) {
    const some = new Map(all.slice(start, start + maxBatchCommands));
    for (const [key, answer] of await session.batch(some, { write: false })) answers.set(key, answer);
  }
  return answers;
}

/** What the portal answered; undefined when it refused or did not answer. */
export function resultOf(answer: JudgedAnswer | undefined): unknown {
  return answer?.kind === 'result' ? answer.result : undefined;
}

/** Thrown when what rules are checked against could not be read from the portal. */
export class DirectoryUnreadable extends Error {
  override readonly name = 'DirectoryUnreadable';
  readonly code = 'DIRECTORY_UNREADABLE';

  /** `what` begins the sentence: `The pipelines of deals`. */
  constructor(what: string, answer: JudgedAnswer | undefined) {
    const why = answer?.kind === 'error' ? `: ${answer.row.meaning} ${answer.row.mend ?? ''}`.trimEnd() : '';
    super(`${what} could not be read from the portal${why}`);
  }
}
