import { each } from '../each.ts';
import type { Run } from '../run.ts';
import { pausedMs } from '../schedule.ts';
import type { Task } from '../task.ts';
import { isSaid } from './comment-state.ts';
import { reportText } from './comment-text.ts';
import { writeComments } from './write-comments.ts';

/** Says in the timelines what has become of tasks that have ended. Those that cannot be told of now come due later. */
export async function reportEnds(run: Run, ended: readonly Task[]): Promise<void> {
  const { comments } = run.options.tasks;
  const telling = ended.filter(isWorthTelling);
  await each(
    ended.filter((task) => !telling.includes(task)),
    (task) => comments.note(task, 'report', { state: 'needless', tries: 0 }),
  );
  if (run.portal.mode === 'observe') {
    await each(telling, (task) => comments.hold(task, run.options.clock() + pausedMs));
    return;
  }
  const later = await writeComments(
    run,
    telling.map((task) => ({ task, kind: 'report' as const, text: reportText(task) })),
  );
  await each(telling, async (task) => {
    const nextAt = later.get(task.taskId);
    if (nextAt !== undefined) await comments.hold(task, nextAt);
  });
}

/** Something was removed, or people were told that it would be; and there is a timeline left to say it in. */
function isWorthTelling({ announcement, record, deletions = [], items = {} }: Task): boolean {
  const gone = deletions.filter(({ outcome }) => outcome?.result === 'deleted' || outcome?.result === 'already-gone');
  const isRecord = ({ method }: { method: string }) => method === 'crm.item.delete' || method === 'crm.contact.delete';
  const itself = gone.some((one) => isRecord(one) && one.entityTypeId === record.entityTypeId && one.id === record.id);
  if (itself) return false;
  return isSaid(announcement) || gone.length > 0 || Object.values(items).some((item) => item.gone > 0);
}
