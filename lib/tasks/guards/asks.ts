import type { Command } from '../../bitrix24/batch.ts';
import type { Clock } from '../../bitrix24/clock.ts';
import { minute } from '../../bitrix24/reactions.ts';
import { askAll } from '../../portals/ask.ts';
import type { JudgedAnswer } from '../../portals/judge.ts';
import type { PortalSession } from '../../portals/session.ts';
import { PortalBusy } from '../../portals/waiting.ts';
import { limitAmong } from '../look.ts';
import type { Unread } from './guard-of.ts';

/** One question to the portal. Its answer may lead to further questions. */
export interface Ask {
  readonly command: Command;
  read: (answer: JudgedAnswer | undefined) => readonly Ask[];
}

/** Questions follow one another a few times; this only makes sure that it ends. */
const mostRounds = 50;

/**
 * Asks until there are no more questions.
 *
 * @throws PortalBusy when one of them met a limit, and what a PortalSession throws
 */
export async function askOn(
  { session, clock }: { session: Pick<PortalSession, 'batch'>; clock: Clock },
  first: readonly Ask[],
): Promise<void> {
  let open = first;
  for (let round = 0; round < mostRounds; round += 1) {
    // Stryker disable next-line ConditionalExpression: no questions are no request either
    if (open.length === 0) return;
    const answers = await askAll(session, new Map(open.map(({ command }, index) => [`g${index}`, command])));
    const limit = limitAmong(answers.values());
    if (limit) throw new PortalBusy(limit.meaning, { until: clock() + (limit.waitMs ?? minute), verdict: limit });
    open = open.flatMap((ask, index) => ask.read(answers.get(`g${index}`)));
  }
  for (const ask of open) ask.read(undefined);
}

/** The answer's content, or why there is none. */
export function contentOf(answer: JudgedAnswer | undefined): {
  result?: unknown;
  next?: number | undefined;
  unread?: Unread;
} {
  if (answer?.kind === 'result') return { result: answer.result, next: answer.next };
  if (answer?.kind !== 'error') return { unread: 'unanswered' };
  const { reaction, stopsPortal = false } = answer.row;
  const isRefusal =
    ['permanent', 'bug', 'already-gone'].includes(reaction) || (reaction === 'operator' && !stopsPortal);
  return { unread: isRefusal ? 'refused' : 'unanswered' };
}
