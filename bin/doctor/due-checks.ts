import { minute } from '../../lib/bitrix24/reactions.ts';
import { allShards } from '../../lib/tasks/due-ids.ts';
import { counted } from '../counted.ts';
import type { Deployment } from '../deployment.ts';
import { failure, type Finding, ok, warning } from './finding.ts';

/** What is due is sent within a minute; if not for so long, in ms, something is slow. */
export const slowMs = 20 * minute;
/** And if not for so long, nothing moves any more: the alarm on overdue tasks has the same limit. */
const stuckMs = 60 * minute;

/** Whether the clock runs: whatever has come due is sent by the function `release` every minute. */
export async function checkDue({ tasks, clock, place }: Deployment): Promise<Finding[]> {
  const now = clock();
  const count = async (since: number) => {
    const counts = await Promise.all(allShards.map((shard) => tasks.overdue(shard, since)));
    return counts.reduce((sum, some) => sum + some, 0);
  };
  const [due, slow, stuck] = await Promise.all([count(now), count(now - slowMs), count(now - stuckMs)]);
  const mend = place.local
    ? 'The local run has to be on (npm start); then it sends them within a minute.'
    : 'Look into the log of the function release, and into its alarms.';
  if (stuck > 0) return [failure('clock', `due for more than an hour: ${counted(stuck, 'row')}`, mend)];
  if (slow > 0) return [warning('clock', `due for more than 20 minutes: ${counted(slow, 'row')}`, mend)];
  return [ok('clock', due === 0 ? 'nothing is due' : `due now: ${counted(due, 'row')}`)];
}
