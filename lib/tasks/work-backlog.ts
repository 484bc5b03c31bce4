import { Bitrix24Error } from '../bitrix24/failures.ts';
import type { Portal } from '../portals/portal.ts';
import { refreshDirectories } from '../portals/read-stages.ts';
import { PortalSession, readersShare } from '../portals/session.ts';
import type { StageDirectory } from '../portals/stage-directory.ts';
import type { Backlog, Backlogs } from './backlogs.ts';
import { lostOnes, namePage, RoundNotFinished } from './lost-records.ts';
import { type ReconcileOptions, requireAdministrator } from './reconcile.ts';
import { saysSemantics } from './stage-semantics.ts';

/** Pages that are looked for in a minute: a sixth of what an ordinary portal takes, and the rest is for what is new. */
export const pagesAtOnce = 20;
/** A page is not begun with less time left than this. */
const marginMs = 20_000;

export interface BacklogOptions extends ReconcileOptions {
  readonly tasks: { readonly backlogs: Backlogs };
}

/**
 * Some pages of what a person asked for: the records go to `events` by the name of `operator`. Each page is noted when it
 * is on the queue, so that whoever comes after a crash goes on there. What is wrong with one type does not hold up the
 * others.
 *
 * @param deadline ms since the epoch
 * @returns whether nothing is left
 * @throws PortalBusy, PortalStopped, RoundNotFinished, and what a call may throw: it goes on later
 */
export async function workBacklog(
  options: BacklogOptions,
  portal: Portal,
  backlog: Backlog,
  deadline: number,
): Promise<boolean> {
  const { tasks, clock } = options;
  const { memberId } = portal;
  const open = Object.entries(backlog.types).filter(([, { done }]) => !done);
  const session = new PortalSession({ ...options, bucketShare: readersShare }, portal, deadline);
  await requireAdministrator(session, portal);
  const directories = await directoriesOf(
    options,
    session,
    memberId,
    open.map(([type]) => Number(type)),
  );

  const failed: string[] = [];
  let pages = 0;
  for (const [type, { afterId }] of open) {
    const entityTypeId = Number(type);
    let [from, done] = [afterId, false];
    try {
      const since = new Date(backlog.since).toISOString();
      const search = lostOnes(entityTypeId, directories.get(entityTypeId), { '>=movedTime': since });
      while (!done) {
        if (pages >= pagesAtOnce || clock() > deadline - marginMs) return false;
        pages += 1;
        const { rules, startedAt: askedAt } = backlog;
        const common = { memberId, source: 'operator' as const, askedAt, ...(rules && { rules }) };
        const page = search ? await namePage(options, session, search, { afterId: from, common }) : nothing(from);
        done = page.isLast;
        const step = { entityTypeId, from, to: page.last, found: page.found, done };
        // Another is at it as well, or somebody has ended it.
        if (!(await tasks.backlogs.advance(memberId, backlog, step))) return false;
        from = page.last;
      }
    } catch (error) {
      if (!(error instanceof RoundNotFinished || error instanceof Bitrix24Error)) throw error;
      failed.push(`type ${type}: ${error.message}`);
    }
  }
  if (failed.length > 0) throw new RoundNotFinished(failed.join('; '));
  return true;
}

const nothing = (last: number) => ({ isLast: true, last, found: 0 });

async function directoriesOf(
  { portals, clock }: ReconcileOptions,
  session: PortalSession,
  memberId: string,
  types: readonly number[],
): Promise<ReadonlyMap<number, StageDirectory>> {
  const unsaid = types.filter((type) => !saysSemantics(type));
  try {
    return await refreshDirectories(portals, session, { memberId, types: unsaid, clock });
  } catch (error) {
    if (!(error instanceof Bitrix24Error)) throw error;
    return new Map();
  }
}
