import type { Command } from 'commander';
import type { DeadEntry } from '../../lib/tasks/dead-message.ts';
import type { Task } from '../../lib/tasks/task.ts';
import { CommandError } from '../command-error.ts';
import type { CommandRun, GlobalOptions } from '../command-run.ts';
import { choiceOf } from '../dead-letter-choice.ts';
import { aboutText, factsOf, letterView } from '../dead-letter-view.ts';
import { withDeadLetters } from '../dead-letters.ts';
import type { Deployment } from '../deployment.ts';
import { paragraphs, withGlobalOptions } from '../global-options.ts';
import { commandLine, type Place } from '../place.ts';
import { shownBody, shownBytes } from '../raw-body.ts';
import type { Report } from '../report.ts';
import { taskStory } from '../task-story.ts';
import { keptUntilOf } from '../undo-until.ts';
import { taskView } from '../task-view.ts';
import { fieldList } from '../text-table.ts';
import { iso } from '../time.ts';

const about = `Shows one dead letter: what failed, what the portal said, how often it was tried, and the story of its task.
Of a message that nobody can read it shows the beginning, without what looks like a secret.`;

export function addDlqShow(dlq: Command, run: CommandRun): void {
  const command = dlq
    .command('show')
    .summary('show one dead letter and the story of its task')
    .description(paragraphs(about))
    .argument('<ID>', 'its id or that of its task, or the first 8 digits of one');
  withGlobalOptions(command, 'npx tidy24 dlq show 3f9c2a71').action((id: string, options: GlobalOptions) =>
    run.reportOn(options, (deployment) => show(deployment, run, id)),
  );
}

async function show(deployment: Deployment, run: CommandRun, id: string): Promise<Report> {
  const { portals, place } = deployment;
  const { queues, wanted } = await choiceOf(deployment, [id], {});
  const found = await withDeadLetters(run, place, queues, async (letters) => (await letters.take()).filter(wanted));
  const [entry] = found;
  if (!entry) {
    throw new CommandError(
      `There is no dead letter ${id}, or another command holds it. See which there are with: ` +
        commandLine(place, 'dlq list'),
    );
  }
  if (found.length > 1) {
    throw new CommandError(`Several dead letters are named so: ${found.map((one) => one.id).join(', ')}`);
  }
  const facts = factsOf(entry);
  const portal = facts.memberId === undefined ? undefined : await portals.get(facts.memberId);
  const domain = portal?.domain ?? facts.memberId ?? 'unknown';
  const task = entry.content.kind === 'task' ? await taskOf(deployment, entry.content.taskId) : undefined;
  const keptUntil = task && (await keptUntilOf(deployment, task));
  const story = (some: Task) => ['', ...taskStory(some, domain, keptUntil)];
  return {
    data: { ...letterView(entry), domain: portal?.domain ?? null, task: task ? taskView(task) : null },
    text: [...fieldList(fields(entry, domain, task)), ...(task ? story(task) : rest(entry)), '', ...next(entry, place)],
  };
}

/** A row that cannot be read must not keep the letter from being shown. */
async function taskOf({ tasks }: Deployment, taskId: string): Promise<Task | undefined> {
  return tasks.get(taskId).catch((error: unknown) => {
    if (error instanceof Error && error.name === 'ZodError') return undefined;
    throw error;
  });
}

function fields(entry: DeadEntry, domain: string, task: Task | undefined): [string, string][] {
  const { id, queue, code, description, status, attempts, at, keptUntil } = factsOf(entry);
  const rows: [string, string][] = [
    ['dead letter', `${id} (${queue})`],
    ['portal', domain],
    ['about', aboutText(entry)],
    ['failed', iso(at)],
    ['with', `${code}${status === undefined ? '' : ` (HTTP ${status})`}`],
    ['says', description === '' ? '-' : description],
    ['tried', attempts === undefined ? '-' : attempts === 1 ? 'once' : `${attempts} times`],
    ['kept until', iso(keptUntil)],
  ];
  if (entry.content.kind === 'task' && !task) rows.push(['task', `${entry.content.taskId} is not in the table`]);
  return rows;
}

function rest({ content }: DeadEntry): string[] {
  if (content.kind === 'task-message') {
    return [
      '',
      'Tasks, which stand in the table and come due whether this letter is there or not:',
      ...content.message.taskIds,
    ];
  }
  if (content.kind !== 'unreadable') return [];
  const { text, bytes, cut } = shownBody(content.body);
  return ['', cut ? `Of its ${bytes} bytes the first ${shownBytes}:` : `Its ${bytes} bytes:`, text];
}

function next({ id, content }: DeadEntry, place: Place): string[] {
  const drop = `Give it up:   ${commandLine(place, `dlq drop ${id} --reason "…"`)}`;
  return content.kind === 'unreadable' ? [drop] : [`Try it again: ${commandLine(place, `dlq redrive ${id}`)}`, drop];
}
