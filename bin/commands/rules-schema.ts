import type { Command } from 'commander';
import { rulesJsonSchema } from '../../lib/rules/json-schema.ts';
import type { CommandRun, GlobalOptions } from '../command-run.ts';
import { paragraphs, withGlobalOptions } from '../global-options.ts';

const about = `Prints the JSON Schema of the rules file, which lets an editor complete and check it while you write. Name it in
the first line of the rules file: # yaml-language-server: $schema=./rules.schema.json`;

export function addRulesSchema(rules: Command, run: CommandRun): void {
  const command = rules
    .command('schema')
    .summary('print the JSON Schema of the rules file, for editors')
    .description(paragraphs(about));
  withGlobalOptions(command, 'npx tidy24 rules schema > rules.schema.json').action((options: GlobalOptions) =>
    run.report(options, () => {
      const data = rulesJsonSchema();
      return { data, text: [JSON.stringify(data, null, 2)] };
    }),
  );
}
