import type { Command } from 'commander';
import { redact } from '../../lib/bitrix24/redact.ts';
import { each } from '../../lib/tasks/each.ts';
import type { Task } from '../../lib/tasks/task.ts';
import { UsageError } from '../command-error.ts';
import type { CommandRun, GlobalOptions } from '../command-run.ts';
import { counted } from '../counted.ts';
import type { Deployment } from '../deployment.ts';
import { findTasks } from '../find-task.ts';
import { paragraphs, withGlobalOptions } from '../global-options.ts';
import type { Report } from '../report.ts';
import { shortIdLength } from '../task-view.ts';

interface Options extends GlobalOptions {
  readonly portal?: string;
  readonly reason: string;
}

/** What stands in the table as the reason of such tasks. */
const cancelledByOperator = 'cancelled-by-operator';

const about = `Ends open tasks for good: what they have not deleted yet stays. Who did it and why is written into their
history. What is being sent to the portal at this moment still is, and is noted. A record that is lost again gets a new task.`;

export function addTasksCancel(tasks: Command, run: CommandRun): void {
  const command = tasks
    .command('cancel')
    .summary('end open tasks without carrying them out')
    .description(paragraphs(about))
    .argument('<TASK_ID...>', 'ids of tasks, or their first digits, 8 at least')
    .requiredOption('--reason <TEXT>', 'why, for the history of the task')
    .option('--portal <ID>', 'member id or domain, with first digits only; not needed when there is one portal');
  withGlobalOptions(command, 'npx tidy24 tasks cancel 3f9c2a71b0de --reason "the customer called"').action(
    (ids: string[], options: Options) => run.reportOn(options, (deployment) => cancel(deployment, ids, options)),
  );
}

async function cancel(deployment: Deployment, ids: readonly string[], options: Options): Promise<Report> {
  const reason = redact(options.reason);
  if (reason === '') throw new UsageError('--reason must say why');
  const found = await findTasks(deployment, ids, options.portal);
  const { tasks, clock, operator } = deployment;
  const cancelled: Task[] = [];
  await each(found, async (task) => {
    const text = `Cancelled by ${operator}: ${reason}`.slice(0, 600);
    const history = [{ at: clock(), what: 'ended' as const, text }];
    // Where people were told that it would be done, they are told that it is not.
    const reportAt = task.report && clock();
    if (await tasks.end(task.taskId, { status: 'cancelled', reason: cancelledByOperator, history, reportAt }))
      cancelled.push(task);
  });
  const ended = found.filter((task) => !cancelled.includes(task));
  return {
    data: { cancelled: cancelled.map(({ taskId }) => taskId), hadEnded: ended.map(({ taskId }) => taskId) },
    text: cancelled.length === 0 ? [] : [`${counted(cancelled.length, 'task')} cancelled.`],
    warnings: ended.map(({ taskId, status }) => {
      const how = status === 'open' ? '' : ` (${status})`;
      return `task ${taskId.slice(0, shortIdLength)} had ended already${how}`;
    }),
  };
}
