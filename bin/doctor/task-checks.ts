import { day } from '../../lib/bitrix24/reactions.ts';
import { overdueClaims } from '../../lib/tasks/schedule.ts';
import type { Portal } from '../../lib/portals/portal.ts';
import type { Task } from '../../lib/tasks/task.ts';
import type { Deployment } from '../deployment.ts';
import { commandLine } from '../place.ts';
import { portalTasks } from '../portal-tasks.ts';
import { slowMs } from './due-checks.ts';
import { type Finding, ok, warning } from './finding.ts';

/** So many of the newest are looked at. */
const mostTasks = 2_000;
/** SQS keeps the letter of a task that failed for so long, in ms. */
const recentMs = 14 * day;

/** What waits, what failed, and what does not move. */
export async function checkTasks({ tasks, clock, place }: Deployment, portal: Portal): Promise<Finding[]> {
  const { memberId, domain, pause } = portal;
  const now = clock();
  const seen: Task[] = [];
  for await (const task of portalTasks(tasks, memberId, now)) {
    seen.push(task);
    if (seen.length === mostTasks) break;
  }
  const open = seen.filter(({ status }) => status === 'open');
  const due = open.filter(({ nextAt = 0 }) => nextAt <= now);
  const stuck = open.filter(({ nextAt = 0, claims = 0 }) => nextAt <= now - slowMs || claims >= overdueClaims);
  const failed = seen.filter((task) => isFresh(task, now));

  const of = seen.length === mostTasks ? ` of the newest ${mostTasks}` : '';
  const findings = [ok('tasks', `${open.length} open${of}, ${due.length} of them due now`)];
  if (stuck.length > 0 && !pause) {
    const mend = place.local
      ? 'Is the local run on (npm start)?'
      : 'Look into the logs of the functions release and worker.';
    findings.push(warning('tasks', `overdue: ${stuck.length}`, mend));
  }
  if (failed.length > 0) {
    const mend = `See why: ${commandLine(place, `dlq list --portal ${domain}`)}`;
    findings.push(warning('tasks', `failed in the last 14 days: ${failed.length}`, mend));
  }
  return findings;
}

/** Failed, and nobody has given it up: who does is the last word of its history. */
function isFresh({ status, endedAt = 0, history }: Task, now: number): boolean {
  return status === 'failed' && endedAt > now - recentMs && history.at(-1)?.what !== 'given-up';
}
