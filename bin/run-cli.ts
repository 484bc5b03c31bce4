import { CommanderError } from 'commander';
import { redact } from '../lib/bitrix24/redact.ts';
import { UsageError } from './command-error.ts';
import { CommandRun } from './command-run.ts';
import type { CliIo } from './io.ts';
import { buildProgram } from './program.ts';

/**
 * Runs one command line, without the program's name.
 *
 * @example await runCli(['portals', 'list', '--local'], io);
 * @returns the exit code: 0, 1 when it failed, 2 when the command line itself is wrong
 */
export async function runCli(argv: readonly string[], io: CliIo): Promise<number> {
  const run = new CommandRun(io);
  try {
    await buildProgram(run).parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) run.fail(error);
    else if (error.exitCode !== 0) {
      // `commander.help`: a group without its command, for which the help has been shown.
      if (error.code === 'commander.help') run.exitCode = 2;
      else run.fail(new UsageError(usage(error.message)));
    }
  } finally {
    run.close();
  }
  return run.exitCode;
}

/** What commander says of a wrong command line, without what may be a secret in the wrong place. */
function usage(message: string): string {
  const text = redact(message.replace(/^error: /, '').replaceAll(/(--[\w-]+)=[^\s']*/g, '$1=…'));
  return `${text}${/[.?)]$/.test(text) ? '' : '.'} Add --help to see how it is used.`;
}
