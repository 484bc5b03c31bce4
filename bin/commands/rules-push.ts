import type { Command } from 'commander';
import { readDealPipelines } from '../../lib/portals/pipelines.ts';
import { PortalSession } from '../../lib/portals/session.ts';
import { resolveStages } from '../../lib/rules/resolve.ts';
import { nextVersion } from '../../lib/rules/version.ts';
import { bindForRules } from '../bind-for-rules.ts';
import { CommandError } from '../command-error.ts';
import type { CommandRun, GlobalOptions } from '../command-run.ts';
import type { Deployment } from '../deployment.ts';
import { findPortal } from '../find-portal.ts';
import { paragraphs, withGlobalOptions } from '../global-options.ts';
import { patiently } from '../patiently.ts';
import type { Report } from '../report.ts';
import { rulesView, storedRuleText } from '../rule-words.ts';
import { readRulesFile } from '../rules-file.ts';
import { fullSecond } from '../time.ts';

interface Options extends GlobalOptions {
  readonly portal: string;
}

/** Two minutes for everything that the command asks the portal, in ms. */
const deadlineMs = 120_000;

const about = `Checks a rules file, looks its pipelines and stages up on the portal, and puts it in force as a new
version. A rule that is new or has changed acts only on deals that are lost from then on. Every version
is kept: rules show --version N.`;

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
  const { portals, clock, operator } = deployment;
  const { source, rules } = await readRulesFile(file);
  const portal = await findPortal(portals, id);
  const { memberId, domain, state, mode, rulesVersion } = portal;
  if (state === 'disconnected') throw new CommandError(`${domain} is disconnected. Connect it again first.`);

  const session = new PortalSession(deployment, portal, clock() + deadlineMs);
  const resolved = resolveStages(rules, await patiently(deployment, () => readDealPipelines(session)));
  const previous = rulesVersion === undefined ? undefined : await portals.rules(memberId, rulesVersion);
  const stored = await portals.pushRules(
    memberId,
    nextVersion(previous, resolved, source, fullSecond(clock()), operator),
  );

  const warnings = await bindForRules(deployment, portal, stored.rules);

  const text = [
    `Version ${stored.version} of the rules is in force on ${domain} (mode ${mode}):`,
    ...stored.rules.map((rule) => `  ${storedRuleText(rule)}`),
  ];
  return { data: { memberId, domain, mode, ...rulesView(stored) }, text, warnings };
}
