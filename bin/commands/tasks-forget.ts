import type { Command } from 'commander';
import { type Forgotten, forgetTask } from '../../lib/tasks/forget.ts';
import type { Task } from '../../lib/tasks/task.ts';
import type { CommandRun, GlobalOptions } from '../command-run.ts';
import { confirm } from '../confirm.ts';
import { counted } from '../counted.ts';
import type { Deployment } from '../deployment.ts';
import { findTasks } from '../find-task.ts';
import { paragraphs, withGlobalOptions } from '../global-options.ts';
import { commandLine, type Place } from '../place.ts';
import type { Report } from '../report.ts';
import { shortIdLength } from '../task-view.ts';
import { iso } from '../time.ts';

interface Options extends GlobalOptions {
  readonly portal?: string;
  readonly yes?: true;
}

const about = `Erases now what a task has kept of the records and links that it removed: its snapshots, which hold personal
data and would go by themselves after 30 days. After that the task cannot be undone. Its history stays: which records, when, on
which rule; that the snapshots were erased, and by whom, is added.

A task that is open is refused, because it may be at work: cancel it first. To forget again does no harm.`;

export function addTasksForget(tasks: Command, run: CommandRun): void {
  const command = tasks
    .command('forget')
    .summary('erase what a task has kept of what it removed')
    .description(paragraphs(about))
    .argument('<TASK_ID...>', 'ids of tasks, or their first digits, 8 at least')
    .option('--portal <ID>', 'member id or domain, with first digits only; not needed when there is one portal')
    .option('--yes', 'do not ask');
  withGlobalOptions(command, 'npx tidy24 tasks forget 3f9c2a71b0de').action((ids: string[], options: Options) =>
    run.reportOn(options, (deployment) => forget(deployment, run, ids, options)),
  );
}

async function forget(
  deployment: Deployment,
  { lines }: CommandRun,
  ids: readonly string[],
  { portal, yes }: Options,
): Promise<Report> {
  const tasks = await findTasks(deployment, ids, portal);
  const what = `What ${counted(tasks.length, 'task')} removed cannot be put back any more after this`;
  if (yes !== true) await confirm(lines, { what, word: 'yes', option: '--yes' });

  const done: { task: Task; forgotten: Forgotten }[] = [];
  for (const task of tasks) done.push({ task, forgotten: await forgetTask(deployment, task, deployment.operator) });

  const failed = done.filter(({ forgotten: { result } }) => result === 'open' || result === 'changed');
  const problems = failed.map(({ task, forgotten }) => lineOf(task, forgotten, deployment.place));
  return {
    data: { tasks: done.map(({ task: { taskId }, forgotten }) => ({ taskId, parts: 0, ...forgotten })) },
    text: done
      .filter((one) => !failed.includes(one))
      .map(({ task, forgotten }) => lineOf(task, forgotten, deployment.place)),
    ...(problems.length > 0 && { problem: problems.join(' ') }),
  };
}

function lineOf({ taskId, forgottenAt }: Task, forgotten: Forgotten, place: Place): string {
  const id = taskId.slice(0, shortIdLength);
  if (forgotten.result === 'forgotten') {
    return `Task ${id}: ${counted(forgotten.parts, 'part')} of its snapshots erased. It cannot be undone any more.`;
  }
  return {
    nothing: `Task ${id} keeps no snapshot${forgottenAt === undefined ? '' : `: they were erased at ${iso(forgottenAt)}`}.`,
    open: `Task ${id} is open and may be at work. Cancel it first: ${commandLine(place, `tasks cancel ${id} --reason "…"`)}`,
    changed: `Task ${id} was changed at the same time. Run the command again.`,
  }[forgotten.result];
}
