import type { Command } from 'commander';
import type { Portal } from '../../lib/portals/portal.ts';
import type { Task } from '../../lib/tasks/task.ts';
import { createUndo, lookAtUndo, UndoRefused } from '../../lib/tasks/undo/begin-undo.ts';
import { CommandError } from '../command-error.ts';
import type { CommandRun, GlobalOptions } from '../command-run.ts';
import { confirm } from '../confirm.ts';
import type { Deployment } from '../deployment.ts';
import { findTask } from '../find-task.ts';
import { paragraphs, withGlobalOptions } from '../global-options.ts';
import { commandLine } from '../place.ts';
import type { Report } from '../report.ts';
import { recordText, shortIdLength } from '../task-view.ts';
import { undoPlanView, undoWords } from '../undo-words.ts';

interface Options extends GlobalOptions {
  readonly portal?: string;
  readonly recreate?: true;
  readonly dryRun?: true;
  readonly yes?: true;
}

const about = `Takes back what a task has removed, by a task of its own, which the worker carries out under the same limits.
Links come back beside what is linked now. Deleted records are looked for first: restored from the portal's recycle bin, they are
found by name, telephone number, e-mail address and origin, and get their links again. What is not there stays away, and the task
says what to restore where; then ask once more. With --recreate it is made anew instead. A lost record that is restored is deleted
again by its rule as soon as its event comes: set the portal to observe before, and back to enforce when the undo has ended.

What comes back is put on hold: no rule takes it again. It works in any mode, but not while the portal is paused. It may be asked for
as often as you like: what is there already is passed over.`;

export function addTasksUndo(tasks: Command, run: CommandRun): void {
  const command = tasks
    .command('undo')
    .summary('put back what a task has removed')
    .description(paragraphs(about))
    .argument('<TASK_ID>', 'the id, or its first digits, 8 at least')
    .option('--recreate', 'make new records of those that are not found')
    .option('--dry-run', 'only say what would come back, and what cannot')
    .option('--portal <ID>', 'member id or domain, with first digits only; not needed when there is one portal')
    .option('--yes', 'do not ask');
  withGlobalOptions(command, 'npx tidy24 tasks undo 3f9c2a71b0de --dry-run').action((id: string, options: Options) =>
    run.reportOn(options, (deployment) => undo(deployment, run, id, options)),
  );
}

async function undo(deployment: Deployment, { io, lines }: CommandRun, id: string, options: Options): Promise<Report> {
  const { recreate = false, dryRun = false } = options;
  const task = await findTask(deployment, id, options.portal);
  const plan = await refusedAsProblem(() => lookAtUndo(deployment.snapshots, task));
  const portal = await deployment.portals.get(task.memberId);
  if (portal?.state !== 'active') {
    throw new CommandError('The portal is not connected: nothing can be put back there.');
  }
  const words = undoWords(plan, recreate);
  if (dryRun) {
    return { data: { task: task.taskId, dryRun, ...undoPlanView(plan) }, text: [...words, '', 'Nothing was changed.'] };
  }
  if (options.yes !== true) await confirmed(io, lines, { task, portal, words });

  const undoId = await refusedAsProblem(() => createUndo(deployment, task, { recreate, by: deployment.operator }));
  const short = undoId.slice(0, shortIdLength);
  const show = commandLine(deployment.place, `tasks show ${short} --portal ${portal.domain}`);
  return {
    data: { task: task.taskId, undoTask: undoId, recreate, ...undoPlanView(plan) },
    text: [
      ...(options.yes === true ? words : []),
      `Task ${short} puts it back; it is due now and begins within a minute. See how it goes: ${show}`,
    ],
    warnings: portal.pause ? [`the portal is paused (${portal.pause.code}): it waits until the portal is resumed`] : [],
  };
}

async function confirmed(
  { stderr }: CommandRun['io'],
  lines: CommandRun['lines'],
  { task, portal, words }: { task: Task; portal: Portal; words: readonly string[] },
): Promise<void> {
  stderr.write(`${words.join('\n')}\n`);
  const what = `Task ${task.taskId.slice(0, shortIdLength)} of ${recordText(task.record)} on ${portal.domain} will be undone`;
  await confirm(lines, { what, word: 'yes', option: '--yes' });
}

async function refusedAsProblem<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UndoRefused) throw new CommandError(error.message, { cause: error });
    throw error;
  }
}
