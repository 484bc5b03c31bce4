import type { Command } from 'commander';
import { changesBetween, hasShorterWait } from '../../lib/rules/changes.ts';
import { nextVersion } from '../../lib/rules/version.ts';
import { bindForRules } from '../bind-for-rules.ts';
import type { CommandRun, GlobalOptions } from '../command-run.ts';
import type { Deployment } from '../deployment.ts';
import { paragraphs, withGlobalOptions } from '../global-options.ts';
import { resolveOnPortal } from '../portal-rules.ts';
import type { Report } from '../report.ts';
import { changesText, protectText, recordsDeleted, rulesView, storedRuleText } from '../rule-words.ts';
import { readRulesFile } from '../rules-file.ts';
import { fullSecond } from '../time.ts';

interface Options extends GlobalOptions {
  readonly portal: string;
}

const about = `Checks a rules file by itself and against the portal, as rules check --portal does, and puts it in force as a
new version. A rule that is new or has changed acts only on what is lost from then on. Every version is kept: rules
history, rules show --version N.`;

export function addRulesPush(rules: Command, run: CommandRun): void {
  const command = rules
    .command('push')
    .summary('put a rules file in force on a portal')
    .description(paragraphs(about))
    .argument('<FILE>', 'the rules file, YAML')
    .requiredOption('--portal <ID>', 'member id or domain');
  withGlobalOptions(command, 'npx tidy24 rules push rules.yaml --portal demo.bitrix24.com').action(
    (file: string, options: Options) => run.reportOn(options, (deployment) => push(deployment, file, options.portal)),
  );
}

async function push(deployment: Deployment, file: string, id: string): Promise<Report> {
  const { portals, tasks, clock, operator } = deployment;
  const { source, rules } = await readRulesFile(file);
  const { portal, resolved } = await resolveOnPortal(deployment, id, rules);
  const { memberId, domain, mode, rulesVersion } = portal;
  const previous = rulesVersion === undefined ? undefined : await portals.rules(memberId, rulesVersion);
  const stored = await portals.pushRules(
    memberId,
    nextVersion(previous, resolved, source, fullSecond(clock()), operator),
  );

  const changes = changesBetween(previous?.rules, stored.rules);
  const warnings = await bindForRules(deployment, portal, stored.rules);
  // What waits was put off by the rule of before. Each task is looked at and put off anew, or done.
  if (hasShorterWait(previous?.rules, stored.rules)) await tasks.hastenPortal(memberId);

  const text = [
    `Version ${stored.version} of the rules is in force on ${domain} (mode ${mode}):`,
    ...stored.rules.map((rule) => `  ${storedRuleText(rule)}`),
    ...(previous === undefined ? [] : [`Since version ${previous.version}: ${changesText(changes)}.`]),
    ...recordsDeleted(stored.rules),
    ...protectText(stored.protect),
  ];
  return { data: { memberId, domain, mode, ...rulesView(stored), changes }, text, warnings };
}
