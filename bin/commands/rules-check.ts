import type { Command } from 'commander';
import { RulesError } from '../../lib/rules/rules-error.ts';
import type { CommandRun, GlobalOptions } from '../command-run.ts';
import { paragraphs, withGlobalOptions } from '../global-options.ts';
import type { Report } from '../report.ts';
import { ruleText } from '../rule-words.ts';
import { readRulesFile } from '../rules-file.ts';

const about = `Checks a rules file by itself, without a portal: its form, its words, its times. Every problem is named
with its line, column and field. Whether a portal has the stages is checked by rules push.`;

export function addRulesCheck(rules: Command, run: CommandRun): void {
  const command = rules
    .command('check')
    .summary('check a rules file')
    .description(paragraphs(about))
    .argument('<FILE>', 'the rules file, YAML');
  withGlobalOptions(command, 'npx tidy24 rules check rules.yaml').action((file: string, options: GlobalOptions) =>
    run.report(options, () => check(file, options.json ?? false)),
  );
}

async function check(file: string, json: boolean): Promise<Report> {
  try {
    const { rules } = (await readRulesFile(file)).rules;
    const text = [`${file} is in order: ${rules.length === 1 ? '1 rule' : `${rules.length} rules`}.`];
    const summaries = rules.map(ruleText);
    return { data: { file, ok: true, problems: [], rules: summaries }, text: [...text, ...summaries.map(indent)] };
  } catch (error) {
    if (!json || !(error instanceof RulesError)) throw error;
    const { problems } = error;
    return { data: { file, ok: false, problems }, text: [], problem: `${file} has ${problems.length} problems` };
  }
}

const indent = (line: string) => `  ${line}`;
