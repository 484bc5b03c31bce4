import type { DeletionMessage } from '../../../lib/tasks/messages.ts';
import type { WorkOptions } from '../../../lib/tasks/run.ts';
import { allShards } from '../../../lib/tasks/due-ids.ts';
import { type Bench, minute } from './bench.ts';

/**
 * What clock and worker do up to that moment: messages that were sent are worked off, then every row as it comes due,
 * also those of tasks that have ended. A worker that dies leaves its message to the row's next moment.
 */
export async function runUntil(bench: Bench, moment: number, changed: Partial<WorkOptions> = {}): Promise<void> {
  for (const { taskIds } of bench.deletions.sent.splice(0).map(({ body }) => body as DeletionMessage)) {
    await workOff(bench, taskIds, changed);
  }
  for (;;) {
    const next = await nextDue(bench);
    if (next === undefined || next.at > moment) break;
    bench.time.now = Math.max(bench.time.now, next.at) + 1;
    await bench.parts.tasks.claim({ taskId: next.taskId, sk: 'task' }, next.at, bench.time.now + 15 * minute);
    await workOff(bench, [next.taskId], changed);
  }
  bench.time.now = Math.max(bench.time.now, moment);
}

async function workOff(bench: Bench, taskIds: string[], changed: Partial<WorkOptions>): Promise<void> {
  for (let receives = 1; receives < 20; receives += 1) {
    const again = await bench.work(taskIds, { ...changed, receives }).catch(() => undefined);
    if (again === undefined || again > bench.time.now + minute) return;
    bench.time.now = Math.max(again, bench.time.now + 1);
  }
}

async function nextDue(bench: Bench): Promise<{ taskId: string; at: number } | undefined> {
  const pages = await Promise.all(allShards.map((shard) => bench.parts.tasks.due(shard, Number.MAX_SAFE_INTEGER, 500)));
  const ids = new Set((await bench.tasks()).map(({ taskId }) => taskId));
  return pages
    .flatMap(({ items }) => items)
    .map((row) => ({ taskId: String(row['taskId']), at: Number(row['nextAt']) }))
    .filter(({ taskId }) => ids.has(taskId))
    .toSorted((a, b) => a.at - b.at)[0];
}
