import type { Command } from 'commander';
import { type Task, taskStatuses } from '../../lib/tasks/task.ts';
import { checkPeriod } from '../check-period.ts';
import type { CommandRun, GlobalOptions } from '../command-run.ts';
import { counted } from '../counted.ts';
import type { Deployment } from '../deployment.ts';
import { portalOrOnly } from '../find-portal.ts';
import { paragraphs, withGlobalOptions } from '../global-options.ts';
import { portalTasks } from '../portal-tasks.ts';
import { Progress } from '../progress.ts';
import type { Report } from '../report.ts';
import { type FilterOptions, isMeant, withFilterOptions } from '../task-filter.ts';
import { recordText, shortIdLength, taskView } from '../task-view.ts';
import { textTable } from '../text-table.ts';
import { iso } from '../time.ts';
import { unreadableTasks } from '../unreadable-tasks.ts';
import { wholeNumber } from '../whole-number.ts';

interface Options extends GlobalOptions, FilterOptions {
  readonly portal?: string;
  readonly limit: number;
}

/** One command looks at no more tasks than this. */
const mostRead = 100_000;

const about = `Lists a portal's tasks, the newest first. A task is what one rule does after one loss of one record.

The table knows when a task was made and finds that quickly; for everything else each task is looked at, ${mostRead}
at most in one go. Where it stopped, the next page begins: the command says so.`;

export function addTasksList(tasks: Command, run: CommandRun): void {
  const command = tasks
    .command('list')
    .summary("list a portal's tasks")
    .description(paragraphs(about))
    .option('--portal <ID>', 'member id or domain; not needed when there is one portal')
    .option('--limit <N>', 'so many at most', wholeNumber(1, 10_000), 50);
  const examples =
    'npx tidy24 tasks list --portal demo.bitrix24.com --status open failed\nnpx tidy24 tasks list --record deal:101';
  withGlobalOptions(withFilterOptions(command, run.io.clock), examples).action((options: Options) =>
    run.reportOn(options, (deployment) => list(deployment, run, options)),
  );
}

interface Found {
  readonly tasks: Task[];
  readonly unreadable: string[];
  /** When the oldest task that was looked at was made; set when there may be more. */
  readonly stoppedAt: number | undefined;
  /** Whether it stopped because the list is full. */
  readonly isFull: boolean;
}

async function list(deployment: Deployment, run: CommandRun, options: Options): Promise<Report> {
  checkPeriod(options);
  const { memberId, domain } = await portalOrOnly(deployment, options.portal);
  const { tasks: found, unreadable, stoppedAt, isFull } = await search(deployment, run, memberId, options);
  const more = stoppedAt !== undefined;
  const counts = Object.fromEntries(
    taskStatuses.map((status) => [status, found.filter((task) => task.status === status).length]),
  );
  const data = {
    memberId,
    domain,
    tasks: found.map(taskView),
    counts,
    more,
    until: iso(stoppedAt) ?? null,
    unreadable,
  };
  const warnings = unreadableTasks(unreadable, 'left out here');
  const next = more ? [moreText(options, stoppedAt, isFull)] : [];
  if (found.length === 0) return { data, text: [nothing(domain, options), ...next], warnings };
  return { data, text: [...textTable(headings, found.map(row)), ...next, '', summary(found)], warnings };
}

async function search(
  { tasks, clock }: Deployment,
  { io }: CommandRun,
  memberId: string,
  { limit, ...filter }: Options,
): Promise<Found> {
  const progress = new Progress(io);
  const found: Task[] = [];
  const unreadable: string[] = [];
  const window = { ...filter, unreadable: (taskId: string) => unreadable.push(taskId) };
  let read = 0;
  let last: number | undefined;
  for await (const task of portalTasks(tasks, memberId, clock(), window)) {
    const isWanted = isMeant(task, filter);
    if (read === mostRead || (isWanted && found.length === limit)) {
      return { tasks: found, unreadable, stoppedAt: task.createdAt, isFull: read < mostRead };
    }
    read += 1;
    if (isWanted) found.push(task);
    last = task.createdAt;
    progress.say(() => `${read} tasks looked at, back to ${iso(last) ?? ''}; ${found.length} found`);
  }
  return { tasks: found, unreadable, stoppedAt: undefined, isFull: false };
}

function moreText({ limit }: Options, stoppedAt: number, isFull: boolean): string {
  const on = `--until ${iso(stoppedAt)}`;
  if (isFull) return `There are more: ${on}${limit < 10_000 ? `, or --limit ${Math.min(10_000, limit * 10)}` : ''}`;
  return `${mostRead} tasks were looked at. Go on with: ${on}`;
}

function nothing(domain: string, { status, rule, record, reason, since, until }: Options): string {
  const filtered = [rule, record, reason, since, until].some((value) => value !== undefined);
  if (filtered) return `${domain} has no such tasks.`;
  return `${domain} has no ${status === undefined ? 'tasks yet' : `tasks that are ${status.join(' or ')}`}.`;
}

/** `3 tasks: 2 open, 1 done.` */
function summary(found: readonly Task[]): string {
  const parts = [...Map.groupBy(found, ({ status }) => status)]
    .toSorted(([a], [b]) => taskStatuses.indexOf(a) - taskStatuses.indexOf(b))
    .map(([status, some]) => `${some.length} ${status}`);
  return `${counted(found.length, 'task')}: ${parts.join(', ')}.`;
}

const headings = ['TASK', 'RECORD', 'RULE', 'STATUS', 'REASON', 'LOST', 'NEXT OR END'] as const;

function row({ taskId, record, rule, status, reason, transition, nextAt, endedAt }: Task): string[] {
  return [
    taskId.slice(0, shortIdLength),
    recordText(record),
    rule.id,
    status,
    reason ?? '-',
    iso(transition.movedTime),
    iso(endedAt ?? nextAt) ?? '-',
  ];
}
