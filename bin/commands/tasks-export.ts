import { type Command, Option } from 'commander';
import { DestructionRecord } from '../../lib/tasks/export/destruction-record.ts';
import { happenedIn, type Period } from '../../lib/tasks/export/period.ts';
import { taskCsv, taskCsvHeader } from '../../lib/tasks/export/task-csv.ts';
import type { Task } from '../../lib/tasks/task.ts';
import { checkPeriod } from '../check-period.ts';
import { UsageError } from '../command-error.ts';
import type { CommandRun, GlobalOptions } from '../command-run.ts';
import { counted } from '../counted.ts';
import type { Deployment } from '../deployment.ts';
import { portalOrOnly } from '../find-portal.ts';
import { paragraphs, withGlobalOptions } from '../global-options.ts';
import { momentOption } from '../moment.ts';
import { openOutput, type Output } from '../output-file.ts';
import { portalTasks } from '../portal-tasks.ts';
import { Progress } from '../progress.ts';
import type { Report } from '../report.ts';
import { taskView } from '../task-view.ts';
import { iso } from '../time.ts';
import { unreadableTasks } from '../unreadable-tasks.ts';

interface Options extends GlobalOptions {
  readonly portal?: string;
  /** ms since the epoch. */
  readonly since?: number;
  readonly until?: number;
  readonly format?: 'jsonl' | 'csv';
  readonly out?: string;
  readonly act?: true;
}

const about = `Writes every task of a portal to which anything happened in the period, with its deletions: as JSON lines,
one task a line, or as CSV, one deletion a line. Without --out it goes to standard output.

With --act it writes a destruction record: what was deleted (type and id), when, on which rule and its version, by which
method and how it was proved. Only what was really deleted has a line; what was refused, gone already or not done is
counted at the end. The last line is the sha256 of all lines before it. It holds ids and times, and no personal data.`;

export function addTasksExport(tasks: Command, run: CommandRun): void {
  const command = tasks
    .command('export')
    .summary('write tasks, or a destruction record, to a file')
    .description(paragraphs(about))
    .option('--portal <ID>', 'member id or domain; not needed when there is one portal')
    .option('--since <time>', 'the period: from 30d (ago), 2027-01-31, … (default: all)', momentOption(run.io.clock))
    .option('--until <time>', 'up to that moment, and without it (default: now)', momentOption(run.io.clock))
    .addOption(
      new Option('--format <format>', 'jsonl or csv (default: jsonl; with --act: csv)').choices(['jsonl', 'csv']),
    )
    .option('--out <FILE>', 'a new file; one that is there is not overwritten')
    .option('--act', 'a destruction record');
  const examples =
    'npx tidy24 tasks export --since 30d --format csv --out tasks.csv\n' +
    'npx tidy24 tasks export --act --since 2027-01-01 --until 2027-02-01 --out january.csv';
  withGlobalOptions(command, examples).action((options: Options) => {
    if (options.json && options.out === undefined) {
      return run.report(options, () => {
        throw new UsageError('--json needs --out: without it the export itself is on standard output');
      });
    }
    return run.reportOn(options, (deployment) => exportTasks(deployment, run, options));
  });
}

/** Turns tasks into the text of a file. */
interface Writer {
  begin(): string;
  add(task: Task): string;
  end(unreadable: number): string;
}

async function exportTasks(deployment: Deployment, run: CommandRun, options: Options): Promise<Report> {
  const { clock, operator } = deployment;
  const { memberId, domain } = await portalOrOnly(deployment, options.portal);
  const now = clock();
  const period = { since: options.since ?? 0, until: options.until ?? now };
  checkPeriod(period);
  const record = options.act && { ...period, domain, memberId, by: operator, at: now };
  const destroyed = record && new DestructionRecord(record, options.format ?? 'csv');
  const writer = destroyed ?? (options.format === 'csv' ? csvWriter(domain) : jsonWriter(domain));

  const output = await openOutput(run.io, options.out);
  try {
    const { written, unreadable } = await writeTasks(deployment, run, { memberId, period, writer, output });
    await output.finish();
    const what = destroyed ? counted(destroyed.deleted, 'deletion') : counted(written, 'task');
    const sum = `${what} of ${domain}, ${iso(period.since)} to ${iso(period.until)}`;
    if (options.out === undefined) run.io.stderr.write(`${sum}.\n`);
    const [problem] = unreadableTasks(unreadable, 'missing there');
    return {
      data: {
        memberId,
        domain,
        since: iso(period.since),
        until: iso(period.until),
        file: options.out,
        written,
        unreadable,
      },
      text: options.out === undefined ? [] : [`${sum}: ${options.out}`],
      // What is not whole must not pass for it.
      ...(problem !== undefined && { problem }),
    };
  } catch (error) {
    await output.abandon();
    throw error;
  }
}

async function writeTasks(
  { tasks, clock }: Deployment,
  { io }: CommandRun,
  { memberId, period, writer, output }: { memberId: string; period: Period; writer: Writer; output: Output },
): Promise<{ written: number; unreadable: string[] }> {
  const progress = new Progress(io);
  const unreadable: string[] = [];
  let [read, written] = [0, 0];
  await output.write(writer.begin());
  const window = { until: period.until, unreadable: (taskId: string) => unreadable.push(taskId) };
  for await (const task of portalTasks(tasks, memberId, clock(), window)) {
    read += 1;
    progress.say(() => `${read} tasks looked at, ${written} written`);
    if (!happenedIn(period, task)) continue;
    written += 1;
    const text = writer.add(task);
    if (text !== '') await output.write(text);
  }
  await output.write(writer.end(unreadable.length));
  return { written, unreadable };
}

function csvWriter(domain: string): Writer {
  return { begin: () => taskCsvHeader, add: (task) => taskCsv(task, domain), end: () => '' };
}

function jsonWriter(domain: string): Writer {
  const line = (task: Task): string => `${JSON.stringify({ ...taskView(task), domain })}\n`;
  return { begin: () => '', add: line, end: () => '' };
}
