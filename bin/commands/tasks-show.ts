import type { Command } from 'commander';
import type { CommandRun, GlobalOptions } from '../command-run.ts';
import type { Deployment } from '../deployment.ts';
import { findTask } from '../find-task.ts';
import { withGlobalOptions } from '../global-options.ts';
import type { Report } from '../report.ts';
import { taskStory } from '../task-story.ts';
import { taskView } from '../task-view.ts';
import { iso } from '../time.ts';
import { keptUntilOf } from '../undo-until.ts';

interface Options extends GlobalOptions {
  readonly portal?: string;
}

export function addTasksShow(tasks: Command, run: CommandRun): void {
  const command = tasks
    .command('show')
    .summary('tell the story of one task')
    .description(
      'Tells the story of one task: why it was made, what was read and deleted when, how it ended, what remains.',
    )
    .argument('<TASK_ID>', 'the id, or its first digits, 8 at least')
    .option('--portal <ID>', 'member id or domain, with first digits only; not needed when there is one portal');
  withGlobalOptions(command, 'npx tidy24 tasks show 3f9c2a71b0de --portal demo.bitrix24.com').action(
    (id: string, options: Options) => run.reportOn(options, (deployment) => show(deployment, id, options.portal)),
  );
}

async function show(deployment: Deployment, id: string, portalId: string | undefined): Promise<Report> {
  const task = await findTask(deployment, id, portalId);
  const domain = (await deployment.portals.get(task.memberId))?.domain;
  const keptUntil = await keptUntilOf(deployment, task);
  return {
    data: { ...taskView(task), domain: domain ?? null, undoUntil: iso(keptUntil) ?? null },
    text: taskStory(task, domain ?? task.memberId, keptUntil),
  };
}
