import type { Command } from 'commander';
import { RulesError } from '../../lib/rules/rules-error.ts';
import type { RuleSet } from '../../lib/rules/schema.ts';
import type { CommandRun, GlobalOptions } from '../command-run.ts';
import { paragraphs, withGlobalOptions } from '../global-options.ts';
import { resolveOnPortal } from '../portal-rules.ts';
import type { Report } from '../report.ts';
import { protectText, recordsDeleted, ruleText } from '../rule-words.ts';
import { readRulesFile } from '../rules-file.ts';

interface Options extends GlobalOptions {
  readonly portal?: string;
}

const about = `Checks a rules file: its form, its words, its times, and what can never be. Every problem is named with its
line, column and field. With --portal also whether that portal has the types, pipelines, stages, fields and values that
the rules name; nothing is stored.`;

export function addRulesCheck(rules: Command, run: CommandRun): void {
  const command = rules
    .command('check')
    .summary('check a rules file')
    .description(paragraphs(about))
    .argument('<FILE>', 'the rules file, YAML')
    .option('--portal <ID>', 'check it against a portal, too: member id or domain');
  const examples = 'npx tidy24 rules check rules.yaml\nnpx tidy24 rules check rules.yaml --portal demo.bitrix24.com';
  withGlobalOptions(command, examples).action((file: string, { portal, ...options }: Options) => {
    const json = options.json ?? false;
    if (portal === undefined) return run.report(options, () => check(file, json));
    return run.reportOn(options, (deployment) =>
      check(file, json, async (rules_) => {
        const found = await resolveOnPortal(deployment, portal, rules_);
        return { rules: found.resolved, domain: found.portal.domain };
      }),
    );
  });
}

type Resolve = (rules: RuleSet) => Promise<{ rules: RuleSet; domain: string }>;

async function check(file: string, json: boolean, resolve?: Resolve): Promise<Report> {
  try {
    const { rules: written } = await readRulesFile(file);
    const { rules, domain } = resolve ? await resolve(written) : { rules: written, domain: undefined };
    const count = rules.rules.length === 1 ? '1 rule' : `${rules.rules.length} rules`;
    const summaries = rules.rules.map(ruleText);
    return {
      data: { file, ok: true, portal: domain ?? null, problems: [], rules: summaries },
      text: [
        `${file} is in order${domain === undefined ? '' : ` and fits ${domain}`}: ${count}.`,
        ...summaries.map((line) => `  ${line}`),
        ...recordsDeleted(rules.rules),
        ...protectText(rules.protect),
      ],
    };
  } catch (error) {
    if (!json || !(error instanceof RulesError)) throw error;
    const { problems } = error;
    return { data: { file, ok: false, problems }, text: [], problem: `${file} has ${problems.length} problems` };
  }
}
