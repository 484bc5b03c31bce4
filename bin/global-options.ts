import { type Command, Option } from 'commander';

/** Adds the options that every command has, and an example to its help. */
export function withGlobalOptions(command: Command, examples: string): Command {
  return command
    .option('--json', 'print one JSON document instead of text')
    .option('--local', 'work on the local run (npm start) instead of AWS')
    .addOption(new Option('--stage <name>', 'the stage that was deployed (default: prod)').conflicts('local'))
    .addOption(new Option('--region <name>', 'its AWS region (default: AWS_REGION)').conflicts('local'))
    .addHelpText('after', `\nExample:\n${indent(examples)}`);
}

/** One line a paragraph, so that help is wrapped where it is shown. */
export function paragraphs(text: string): string {
  return text.trim().replaceAll(/(?<!\n)\n(?!\n)/g, ' ');
}

function indent(text: string): string {
  return text
    .trim()
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');
}
