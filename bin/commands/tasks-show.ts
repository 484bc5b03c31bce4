import type { Command } from 'commander';
import type { Task } from '../../lib/tasks/task.ts';
import { CommandError, UsageError } from '../command-error.ts';
import type { CommandRun, GlobalOptions } from '../command-run.ts';
import type { Deployment } from '../deployment.ts';
import { portalOrOnly } from '../find-portal.ts';
import { withGlobalOptions } from '../global-options.ts';
import { portalTasks } from '../portal-tasks.ts';
import type { Report } from '../report.ts';
import { taskStory } from '../task-story.ts';
import { taskView } from '../task-view.ts';

interface Options extends GlobalOptions {
  readonly portal?: string;
}

export function addTasksShow(tasks: Command, run: CommandRun): void {
  const command = tasks
    .command('show')
    .summary('tell the story of one task')
    .description('Tells the story of one task: why it was made, what was deleted, how it ended.')
    .argument('<TASK_ID>', 'the id, or its first digits, 8 at least')
    .option('--portal <ID>', 'member id or domain, with first digits only; not needed when there is one portal');
  withGlobalOptions(command, 'npx tidy24 tasks show 3f9c2a71b0de --portal demo.bitrix24.com').action(
    (id: string, options: Options) => run.reportOn(options, (deployment) => show(deployment, id, options.portal)),
  );
}

async function show(deployment: Deployment, id: string, portalId: string | undefined): Promise<Report> {
  const digits = id.toLowerCase();
  if (!/^[0-9a-f]{8,64}$/.test(digits)) {
    throw new UsageError('A task is named by its id, or by its first digits: 8 at least, of 0-9 and a-f');
  }
  const task = digits.length === 64 ? await deployment.tasks.get(digits) : await find(deployment, digits, portalId);
  if (!task) throw new CommandError(`There is no task ${digits}. See which there are with: npx tidy24 tasks list`);
  const portal = await deployment.portals.get(task.memberId);
  return {
    data: { ...taskView(task), domain: portal?.domain ?? null },
    text: taskStory(task, portal?.domain ?? task.memberId),
  };
}

/** @throws CommandError when several tasks begin so */
async function find(
  { portals, tasks, clock }: Deployment,
  digits: string,
  portalId: string | undefined,
): Promise<Task | undefined> {
  const { memberId, domain } = await portalOrOnly(portals, portalId);
  let found: Task | undefined;
  for await (const task of portalTasks(tasks, memberId, clock())) {
    if (!task.taskId.startsWith(digits)) continue;
    if (found) throw new CommandError(`Several tasks of ${domain} begin with ${digits}. Give more digits.`);
    found = task;
  }
  return found;
}
