import { type Command, Option } from 'commander';
import { type Task, taskStatuses, type TaskStatus } from '../../lib/tasks/task.ts';
import type { CommandRun, GlobalOptions } from '../command-run.ts';
import type { Deployment } from '../deployment.ts';
import { portalOrOnly } from '../find-portal.ts';
import { withGlobalOptions } from '../global-options.ts';
import { portalTasks } from '../portal-tasks.ts';
import type { Report } from '../report.ts';
import { recordText, shortIdLength, taskView } from '../task-view.ts';
import { textTable } from '../text-table.ts';
import { iso } from '../time.ts';
import { wholeNumber } from '../whole-number.ts';

interface Options extends GlobalOptions {
  readonly portal?: string;
  readonly status?: TaskStatus;
  readonly limit: number;
}

export function addTasksList(tasks: Command, run: CommandRun): void {
  const command = tasks
    .command('list')
    .summary("list a portal's tasks")
    .description("Lists a portal's tasks, the newest first. A task is what one rule does after one loss of one record.")
    .option('--portal <ID>', 'member id or domain; not needed when there is one portal')
    .addOption(new Option('--status <status>', 'only these').choices(taskStatuses))
    .option('--limit <N>', 'so many at most', wholeNumber(1, 10_000), 50);
  withGlobalOptions(command, 'npx tidy24 tasks list --portal demo.bitrix24.com --status open').action(
    (options: Options) => run.reportOn(options, (deployment) => list(deployment, options)),
  );
}

async function list({ portals, tasks, clock }: Deployment, { portal: id, status, limit }: Options): Promise<Report> {
  const { memberId, domain } = await portalOrOnly(portals, id);
  const found: Task[] = [];
  let more = false;
  for await (const task of portalTasks(tasks, memberId, clock())) {
    if (status !== undefined && task.status !== status) continue;
    more = found.length === limit;
    if (more) break;
    found.push(task);
  }

  const data = { memberId, domain, tasks: found.map(taskView), more };
  if (found.length === 0) {
    return { data, text: [`${domain} has no ${status === undefined ? 'tasks yet' : `tasks that are ${status}`}.`] };
  }
  const text = textTable(headings, found.map(row));
  return { data, text: more ? [...text, `There are more: --limit ${limit * 10}`] : text };
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
