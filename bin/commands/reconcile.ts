import { type Command, Option } from 'commander';
import type { Portal } from '../../lib/portals/portal.ts';
import { type StoredRule, typesOf } from '../../lib/rules/version.ts';
import type { Backlog } from '../../lib/tasks/backlogs.ts';
import { backlogView, describeBacklog, namedBy } from '../backlog-words.ts';
import { CommandError, UsageError } from '../command-error.ts';
import type { CommandRun, GlobalOptions } from '../command-run.ts';
import { countLost } from '../count-lost.ts';
import { counted } from '../counted.ts';
import type { Deployment } from '../deployment.ts';
import { portalOrOnly } from '../find-portal.ts';
import { paragraphs, withGlobalOptions } from '../global-options.ts';
import { commandLine } from '../place.ts';
import { Progress } from '../progress.ts';
import type { Report } from '../report.ts';
import { since } from '../since.ts';

interface Options extends GlobalOptions {
  readonly portal?: string;
  readonly since?: number;
  readonly rule?: readonly string[];
  readonly detach?: true;
  readonly dryRun?: true;
  readonly status?: true;
  readonly stop?: true;
}

/** The row is looked at every so many ms, for a day at most. */
const lookEveryMs = 2_000;
const longestWaitMs = 24 * 3600 * 1000;

const about = `Looks for records that were lost long ago: before the portal was enforced, or before the rules said what they say
now. Each record that a rule is about gets its task, as if it had been lost today: in mode enforce it is acted on, in mode
observe it is recorded. --dry-run says how many lost records there are, before their rules are asked.

It is worked off in the cloud, some pages a minute, and never before what is lost now. This command waits and shows how
far it is; with --detach it does not. Ctrl-C ends the waiting and not the work.`;

export function addReconcile(program: Command, run: CommandRun): void {
  const others = ['since', 'rule', 'detach', 'dryRun'];
  const command = program
    .command('reconcile')
    .summary('act on what was lost long ago, when a person asks for it')
    .description(paragraphs(about))
    .option('--portal <ID>', 'member id or domain; not needed when there is one portal')
    .option('--since <WHEN>', 'a day (2026-01-01) or how long ago (90d, 2y)', since(run.io.clock))
    .option('--rule <ID...>', 'only by these rules')
    .addOption(new Option('--detach', 'do not wait for the end').conflicts('dryRun'))
    .option('--dry-run', 'count the lost records and write nothing')
    .addOption(new Option('--status', 'how far it is').conflicts(others))
    .addOption(new Option('--stop', 'end it; what is named stays so').conflicts([...others, 'status']));
  const examples =
    'npx tidy24 reconcile --portal demo.bitrix24.com --since 2y --dry-run\n' +
    'npx tidy24 reconcile --portal demo.bitrix24.com --since 2026-01-01 --rule spam-contacts\n' +
    'npx tidy24 reconcile --portal demo.bitrix24.com --status';
  withGlobalOptions(command, examples).action((options: Options) =>
    run.reportOn(options, async (deployment) => {
      const portal = await portalOrOnly(deployment, options.portal);
      if (options.status) return status(deployment, portal);
      if (options.stop) return stop(deployment, portal);
      return start(deployment, run, portal, options);
    }),
  );
}

async function status({ tasks }: Deployment, { memberId, domain }: Portal): Promise<Report> {
  const backlog = await tasks.backlogs.get(memberId);
  if (!backlog) return { data: { memberId, domain, backlog: null }, text: [`Nobody has asked for it on ${domain}.`] };
  return { data: { memberId, domain, backlog: backlogView(backlog) }, text: describeBacklog(backlog) };
}

async function stop({ tasks }: Deployment, { memberId, domain }: Portal): Promise<Report> {
  const backlog = await tasks.backlogs.get(memberId);
  const ended = backlog !== undefined && (await tasks.backlogs.end(memberId, backlog, 'stopped'));
  if (!ended) throw new CommandError(`Nothing is being worked off on ${domain}.`);
  const after = (await tasks.backlogs.get(memberId)) ?? backlog;
  return {
    data: { memberId, domain, backlog: backlogView(after) },
    text: [`Stopped. ${counted(namedBy(after), 'record')} had been named; their tasks stay.`],
  };
}

async function start(deployment: Deployment, run: CommandRun, portal: Portal, options: Options): Promise<Report> {
  const { tasks, operator, place } = deployment;
  const { memberId, domain, pause, mode } = portal;
  if (options.since === undefined) throw new UsageError('Say since when: --since 2026-01-01, or --since 2y');
  const rules = await rulesNamed(deployment, portal, options.rule);
  const types = typesOf(rules);
  if (options.dryRun) return dryRun(deployment, portal, types, options.since);

  const wanted = {
    since: options.since,
    by: operator,
    types,
    ...(options.rule && { rules: [...new Set(options.rule)] }),
  };
  if (!(await tasks.backlogs.start(memberId, wanted))) {
    const running = await tasks.backlogs.get(memberId);
    throw new CommandError(
      `One is being worked off on ${domain} already, for ${running?.by ?? 'somebody'}, ` +
        `${counted(running ? namedBy(running) : 0, 'record')} named so far. Wait for it, or end it with: ` +
        commandLine(place, `reconcile --portal ${domain} --stop`),
    );
  }
  const warnings = pause ? [`${domain} is paused (${pause.code}), so nothing happens yet: ${pause.reason}`] : [];
  if (mode === 'observe')
    warnings.push(`${domain} is in mode observe: what is found is recorded, and nothing deleted.`);
  const backlog = options.detach ? await tasks.backlogs.get(memberId) : await waited(deployment, run, memberId);
  if (!backlog) throw new CommandError(`${domain} was disconnected meanwhile.`);
  const more = `See how far it is with: ${commandLine(place, `reconcile --portal ${domain} --status`)}`;
  return {
    data: { memberId, domain, backlog: backlogView(backlog) },
    text: [...describeBacklog(backlog), ...(backlog.ended ? [] : [more])],
    warnings,
    ...(backlog.ended === 'failed' && { problem: `It was given up: ${backlog.trouble ?? 'nothing could be found'}` }),
  };
}

/** The rules that act: all that are switched on, or the named ones of them. */
async function rulesNamed(
  { portals }: Deployment,
  { memberId, domain, state, rulesVersion }: Portal,
  named: readonly string[] | undefined,
): Promise<StoredRule[]> {
  if (state !== 'active')
    throw new CommandError(`${domain} is ${state}, and only an active portal can be looked through.`);
  const stored = rulesVersion === undefined ? undefined : await portals.rules(memberId, rulesVersion);
  const enabled = stored?.rules.filter((rule) => rule.enabled) ?? [];
  if (enabled.length === 0) throw new CommandError(`${domain} has no rules that are switched on.`);
  const unknown = named?.filter((id) => enabled.every((rule) => rule.id !== id)) ?? [];
  if (unknown.length > 0) {
    const known = enabled.map(({ id }) => id).join(', ');
    throw new CommandError(`${domain} has no rule ${unknown.join(', ')} that is switched on. It has: ${known}`);
  }
  return named ? enabled.filter(({ id }) => named.includes(id)) : enabled;
}

async function dryRun(deployment: Deployment, portal: Portal, types: readonly number[], from: number): Promise<Report> {
  const totals = await countLost(deployment, portal, types, from);
  const rows = [...totals].map(([entityTypeId, lost]) => ({ entityTypeId, lost }));
  return {
    data: { memberId: portal.memberId, domain: portal.domain, dryRun: true, types: rows },
    text: [
      ...rows.map(({ entityTypeId, lost }) => `type ${entityTypeId}: ${counted(lost, 'lost record')}`),
      'Their rules, conditions and waits are asked when they are named. Nothing was written.',
    ],
  };
}

/** Waits for the end, or until somebody has enough of it. */
async function waited(
  { tasks, clock, sleep }: Deployment,
  { io }: CommandRun,
  memberId: string,
): Promise<Backlog | undefined> {
  const progress = new Progress(io);
  const until = clock() + longestWaitMs;
  const enough = { yes: false };
  const stopListening = io.onInterrupt?.(() => {
    enough.yes = true;
  });
  try {
    for (;;) {
      const backlog = await tasks.backlogs.get(memberId);
      if (!backlog || backlog.ended || enough.yes || clock() > until) return backlog;
      progress.say(
        () => `${counted(namedBy(backlog), 'record')} named${backlog.trouble ? `; ${backlog.trouble}` : ''}`,
      );
      await sleep(lookEveryMs);
    }
  } finally {
    stopListening?.();
  }
}
