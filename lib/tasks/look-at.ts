import { minute } from '../bitrix24/reactions.ts';
import type { StoredRule } from '../rules/version.ts';
import { isOwed } from './comments/comment-state.ts';
import { each } from './each.ts';
import { guardRequests } from './guards/aims.ts';
import { type Judged, limitAmong, type Look, lookCommands, readLook } from './look.ts';
import { afterFailure, type Run } from './run.ts';
import { unansweredOf } from './unanswered.ts';

/** A round looks and then deletes; one more look is needed for what does not come with the record. */
const requestsPerRound = 2;
/** Comments are looked for, where one may be there already, and written. */
const requestsToComment = 2;

/**
 * Reads everything again. A number or undefined: when to come again, because nothing could be read.
 *
 * @param share the part of the portal's bucket that the round and others may fill; default: all of it
 */
export async function lookAt(run: Run, judged: readonly Judged[], share?: number): Promise<Look | number | undefined> {
  const { options, portal, session, settle } = run;
  const tasks = judged.map(({ task }) => task);
  const at = options.clock();
  let look: Look;
  try {
    const rules = judged.flatMap(({ rule }) => rule ?? []);
    const comments = judged.some(({ task }) => isOwed(task.announcement)) ? requestsToComment : 0;
    const requests = Math.max(...judged.map(({ rule }) => requestsFor(rule))) + comments;
    await session.reserve(requests + guardRequests(rules, run.protect), share);
    const answers = await session.batch(lookCommands(judged), { write: false });
    const limit = limitAmong(answers.values());
    if (limit) return options.clock() + (limit.waitMs ?? minute);
    look = readLook(judged, answers, at);
  } catch (error) {
    return afterFailure(run, tasks, error);
  }
  // Who only observes needs no rights, but for saying what has become of deletions that were begun before.
  const needsRights = portal.mode === 'enforce' || tasks.some((task) => unansweredOf(task).length > 0);
  if (needsRights && look.profile?.ADMIN === false) {
    const stopped = await session.stopForWantOfRights();
    await each(tasks, (task) => settle.park(task, stopped.message));
    return undefined;
  }
  if (needsRights) session.needRights();
  return look;
}

/** What does not come with the record is read by one more, what belongs to it by one, and to records that are deleted by two. */
function requestsFor(rule: StoredRule | undefined): number {
  const deleted = rule?.delete.map(({ what }) => what) ?? [];
  if (deleted.every((what) => what === 'deal-contacts')) return requestsPerRound;
  const onlyLinks = deleted.every((what) => what === 'deal-contacts' || what === 'company-contacts');
  return requestsPerRound + (onlyLinks ? 2 : 3);
}
