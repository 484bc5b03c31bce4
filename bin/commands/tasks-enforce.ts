import type { Command } from 'commander';
import { each } from '../../lib/tasks/each.ts';
import { enforceTask } from '../../lib/tasks/enforce.ts';
import { checkPeriod } from '../check-period.ts';
import { CommandError, UsageError } from '../command-error.ts';
import type { CommandRun, GlobalOptions } from '../command-run.ts';
import { confirm } from '../confirm.ts';
import { counted } from '../counted.ts';
import type { Deployment } from '../deployment.ts';
import { choose, type EnforceChoice, judgeAll, mostEnforced, portalFor } from '../enforce-choice.ts';
import { describeEnforcement, enforcementView } from '../enforce-words.ts';
import { paragraphs, withGlobalOptions } from '../global-options.ts';
import { momentOption } from '../moment.ts';
import { Progress } from '../progress.ts';
import type { Report } from '../report.ts';
import { wholeNumber } from '../whole-number.ts';

interface Options extends GlobalOptions, EnforceChoice {
  readonly confirm?: number;
  readonly dryRun?: true;
}

/** Written together. */
const chunk = 200;

const about = `Carries out after all what was only observed, or kept back by a hold or a guard. Each task is looked at again, and
what would come to something is planned anew as a task of its own; the old one stays as it is. The new task goes
through every check that any task goes through: the record still lost in that stage, the rule as it is now, its wait,
guards and holds. Only how long ago the record was lost does not count.

You are told what will happen and type the number of tasks, or give it with --confirm. To run it again makes no task
twice. At most ${mostEnforced} tasks at a time.`;

export function addTasksEnforce(tasks: Command, run: CommandRun): void {
  const command = tasks
    .command('enforce')
    .summary('carry out after all what was only observed')
    .description(paragraphs(about))
    .argument('[TASK_ID...]', 'ids of tasks, or their first digits, 8 at least')
    .option('--portal <ID>', 'member id or domain; not needed when there is one portal')
    .option('--rule <ID>', 'those of this rule')
    .option(
      '--since <time>',
      'those made since: 30d (ago), 2027-01-31, …; as in tasks list',
      momentOption(run.io.clock),
    )
    .option('--until <time>', 'those made until then', momentOption(run.io.clock))
    .option(
      '--confirm <N>',
      'how many tasks will be planned, to go on without being asked',
      wholeNumber(1, mostEnforced),
    )
    .option('--dry-run', 'look, and say what would be done');
  const examples = 'npx tidy24 tasks enforce 3f9c2a71b0de\nnpx tidy24 tasks enforce --rule spam --since 30d --dry-run';
  withGlobalOptions(command, examples).action((ids: string[], options: Options) =>
    run.reportOn(options, (deployment) => enforce(deployment, run, ids, options)),
  );
}

async function enforce(deployment: Deployment, run: CommandRun, ids: string[], options: Options): Promise<Report> {
  const byFilter = options.rule !== undefined || options.since !== undefined;
  if (ids.length > 0 === byFilter) throw new UsageError('Say which tasks: by their ids, or by --rule and --since');
  checkPeriod(options);
  const askedAt = deployment.clock();
  const { found, warnings } = await choose(deployment, run, ids, options);
  const portal = await portalFor(deployment, found, options);
  const judged = await judgeAll(deployment, portal, found, warnings);
  const plan = judged.flatMap(({ task, verdict }) => (verdict.do === 'plan' ? [{ task, ...verdict }] : []));
  const described = describeEnforcement(judged, portal.domain, deployment.clock());
  if (options.dryRun === true || plan.length === 0) {
    const nothing = options.dryRun === true ? 'Nothing was changed.' : 'Nothing is planned.';
    return { data: enforcementView(portal, judged, []), text: [...described, nothing], warnings };
  }

  const what = `${counted(plan.length, 'task')} will be planned to DELETE on ${portal.domain}`;
  if (options.confirm === undefined) {
    run.io.stderr.write(`${described.join('\n')}\n`);
    await confirm(run.lines, { what, word: String(plan.length), option: `--confirm ${plan.length}` });
  } else if (options.confirm !== plan.length) {
    throw new CommandError(`${what}, and not ${options.confirm}. Nothing was changed.`);
  }

  const progress = new Progress(run.io);
  const made: string[] = [];
  const { operator: by } = deployment;
  for (let start = 0; start < plan.length; start += chunk) {
    await each(plan.slice(start, start + chunk), async ({ task, dueAt }) => {
      const { taskId } = await enforceTask(deployment, task, { by, askedAt, dueAt, rulesVersion: portal.rulesVersion });
      made.push(taskId);
    });
    progress.say(() => `${made.length} of ${plan.length} tasks planned`);
  }
  const text = `${counted(made.length, 'task')} planned; the clock sends what is due within a minute.`;
  return {
    data: enforcementView(portal, judged, made),
    text: [...(options.confirm === undefined ? [] : described), text],
    warnings,
  };
}
