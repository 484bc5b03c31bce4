import type { Command } from 'commander';
import { CommandError } from '../command-error.ts';
import type { CommandRun, GlobalOptions } from '../command-run.ts';
import type { Deployment } from '../deployment.ts';
import { portalOrOnly } from '../find-portal.ts';
import { withGlobalOptions } from '../global-options.ts';
import { commandLine } from '../place.ts';
import type { Report } from '../report.ts';
import { protectText, rulesView, storedRuleText } from '../rule-words.ts';
import { iso } from '../time.ts';
import { wholeNumber } from '../whole-number.ts';

interface Options extends GlobalOptions {
  readonly portal?: string;
  readonly version?: number;
  readonly source?: true;
}

export function addRulesShow(rules: Command, run: CommandRun): void {
  const command = rules
    .command('show')
    .summary("show a portal's rules")
    .description("Shows a portal's rules: those in force, or an earlier version.")
    .option('--portal <ID>', 'member id or domain; not needed when there is one portal')
    .option('--version <N>', 'an earlier version', wholeNumber(1, 99_999_999))
    .option('--source', 'the file as it was pushed');
  const examples =
    'npx tidy24 rules show --portal demo.bitrix24.com\n' +
    'npx tidy24 rules show --portal demo.bitrix24.com --version 3 --source > rules.yaml';
  withGlobalOptions(command, examples).action((options: Options) =>
    run.reportOn(options, (deployment) => show(deployment, options)),
  );
}

async function show(deployment: Deployment, { portal: id, version, source }: Options): Promise<Report> {
  const { portals, place } = deployment;
  const { memberId, domain, rulesVersion } = await portalOrOnly(deployment, id);
  if (rulesVersion === undefined) {
    const push = commandLine(place, `rules push rules.yaml --portal ${domain}`);
    throw new CommandError(`${domain} has no rules yet. Give it some: ${push}`);
  }
  const wanted = version ?? rulesVersion;
  const stored = await portals.rules(memberId, wanted);
  if (!stored) throw new CommandError(`${domain} has no version ${wanted} of its rules. In force is ${rulesVersion}.`);

  const inForce = wanted === rulesVersion;
  const data = { memberId, domain, inForce, ...rulesView(stored), ...(source && { source: stored.source }) };
  if (source) return { data, text: [stored.source.trimEnd()] };
  const text = [
    `Version ${wanted} of the rules of ${domain}${inForce ? ', in force' : `; in force is ${rulesVersion}`}.`,
    `Pushed at ${iso(stored.pushedAt)} by ${stored.pushedBy}.`,
    ...stored.rules.map((rule) => `  ${storedRuleText(rule)}`),
    ...protectText(stored.protect),
  ];
  return { data, text };
}
