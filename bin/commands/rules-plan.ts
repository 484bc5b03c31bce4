import type { Command } from 'commander';
import type { Portal } from '../../lib/portals/portal.ts';
import { nextVersion, type StoredRules } from '../../lib/rules/version.ts';
import { LostUnreadable } from '../../lib/tasks/rules-plan/lost-page.ts';
import { CommandError } from '../command-error.ts';
import type { CommandRun, GlobalOptions } from '../command-run.ts';
import type { Deployment } from '../deployment.ts';
import { portalOrOnly } from '../find-portal.ts';
import { paragraphs, withGlobalOptions } from '../global-options.ts';
import { momentOption } from '../moment.ts';
import { openOutput } from '../output-file.ts';
import { commandLine } from '../place.ts';
import { mostRecords, type Planned, planRules, type Question } from '../plan-survey.ts';
import { planText, planView, readText, spanText } from '../plan-words.ts';
import { resolveOnPortal } from '../portal-rules.ts';
import type { Report } from '../report.ts';
import { readRulesFile } from '../rules-file.ts';
import { iso } from '../time.ts';

interface Options extends GlobalOptions {
  readonly portal?: string;
  /** ms since the epoch. */
  readonly since?: number;
  readonly csv?: string;
  /** False with --no-guards. */
  readonly guards: boolean;
}

const about = `Says what the rules would do to the records that are lost now. It only reads: nothing is deleted, stored or planned.
Without FILE it takes the rules in force; with FILE those of the file, as they would be after rules push.

Per rule: how many records match, how many of them are due now or later, on how many the rule acts by itself (lost since
the rule says so and the portal enforces; the others wait for tidy24 tasks enforce or reconcile), how many records,
contacts and companies are kept by guards, holds and protect, as they are now, and what would be deleted: links of deals to contacts, contacts, companies
(or their links), items of smart processes, the lost records themselves. What several lost records share counts once.

The time is the longest of three: requests (two for each 48 records, one for each batch of up to 50 deletions, none
longer than 45 s) at the portal's requests a second; the operating time of each method, 480 s in 10 minutes; all operating time
in a row. A call is taken for what it took on this portal so far, else for 1 s, 10 s with crm.contact.delete, 0.5 s for links.

--csv writes every record to a new file, for a person to sign off. At most ${mostRecords} records; --since takes fewer.`;

export function addRulesPlan(rules: Command, run: CommandRun): void {
  const command = rules
    .command('plan')
    .summary('say what the rules would do to what is lost now')
    .description(paragraphs(about))
    .argument('[FILE]', 'a rules file, YAML (default: the rules in force)')
    .option('--portal <ID>', 'member id or domain; not needed when there is one portal')
    .option('--since <time>', 'only what was lost since: 30d (ago), 2027-01-31, …', momentOption(run.io.clock))
    .option('--no-guards', 'count without asking the portal what guards and holds would keep: quicker')
    .option('--csv <FILE>', 'write every record to this new file');
  const examples =
    'npx tidy24 rules plan --portal demo.bitrix24.com --since 30d\nnpx tidy24 rules plan rules.yaml --csv plan.csv';
  withGlobalOptions(command, examples).action((file: string | undefined, options: Options) =>
    run.reportOn(options, (deployment) => plan(deployment, run, file, options)),
  );
}

async function plan(
  deployment: Deployment,
  run: CommandRun,
  file: string | undefined,
  options: Options,
): Promise<Report> {
  const portal = await readable(deployment, options.portal);
  const rules = await rulesOf(deployment, portal, file);
  const output = options.csv === undefined ? undefined : await openOutput(run.io, options.csv);
  try {
    const version = file === undefined ? rules.version : undefined;
    const question = { portal, rules, version, since: options.since, guards: options.guards, output };
    const planned = await planRules(deployment, run, question);
    await output?.finish();
    return report(question, planned, { file, csv: options.csv });
  } catch (error) {
    await output?.abandon();
    if (error instanceof LostUnreadable) throw new CommandError(`${error.message}.`, { cause: error });
    throw error;
  }
}

async function readable(deployment: Deployment, id: string | undefined): Promise<Portal> {
  const portal = await portalOrOnly(deployment, id);
  const { domain, state, pause } = portal;
  if (state !== 'active') throw new CommandError(`${domain} is ${state}: nothing can be read there.`);
  if (pause) throw new CommandError(`${domain} is paused (${pause.code}): ${pause.reason}`);
  return portal;
}

/** The rules in force, or those that would be after a push of the file. */
async function rulesOf(deployment: Deployment, portal: Portal, file: string | undefined): Promise<StoredRules> {
  const { portals, clock, operator, place } = deployment;
  const { memberId, domain, rulesVersion } = portal;
  const inForce = rulesVersion === undefined ? undefined : await portals.rules(memberId, rulesVersion);
  if (file !== undefined) {
    const { source, rules } = await readRulesFile(file);
    const { resolved } = await resolveOnPortal(deployment, memberId, rules);
    return nextVersion(inForce, resolved, source, clock(), operator);
  }
  if (!inForce) {
    const example = commandLine(place, `rules plan rules.yaml --portal ${domain}`);
    throw new CommandError(`${domain} has no rules yet. Name a file: ${example}`);
  }
  return inForce;
}

function report(
  { portal: { memberId, domain, mode }, rules, version, since, guards }: Question,
  { found, plans, all }: Planned,
  { file, csv }: { file: string | undefined; csv: string | undefined },
): Report {
  const lost = since === undefined ? '' : ` lost since ${iso(since)}`;
  const which = file === undefined ? `Version ${rules.version} of the rules in force` : `The rules in ${file}`;
  return {
    data: {
      memberId,
      domain,
      mode,
      file: file ?? null,
      version: version ?? null,
      since: iso(since) ?? null,
      read: Object.fromEntries(found.read),
      more: found.more,
      unread: found.unread,
      rules: plans.map(planView),
      guardsAsked: guards,
      estimate: all,
    },
    text: [
      `${which} on ${domain} (mode ${mode})${lost}: ${readText(found.read) || 'no rule is switched on'}.`,
      '',
      ...planText(plans),
      '',
      `All of it at once would take about ${all.seconds === 0 ? 'no time' : spanText(all.seconds)}: ${all.requests} requests, ` +
        `${Math.ceil(all.operatingSeconds)} s of operating time.`,
      guards
        ? 'Guards and holds are asked again when a task is carried out, and for each item by itself.'
        : 'Guards, holds and fields that protect were not asked (--no-guards): they may keep more.',
      ...(csv === undefined ? [] : [`Every record: ${csv}`]),
      'Nothing was changed.',
    ],
    warnings: [
      ...(found.more ? [`there are more lost records than ${mostRecords}: take fewer, with --since`] : []),
      ...(found.unread > 0 ? [`${found.unread} lost records cannot be read and are not counted`] : []),
    ],
  };
}
