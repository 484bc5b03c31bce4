import type { Command } from 'commander';
import { UsageError } from '../command-error.ts';
import type { CommandRun, GlobalOptions } from '../command-run.ts';
import type { Deployment } from '../deployment.ts';
import { paragraphs, withGlobalOptions } from '../global-options.ts';
import { commandLine } from '../place.ts';
import { printable, type Report } from '../report.ts';
import { iso } from '../time.ts';

interface Options extends GlobalOptions {
  readonly reason?: string;
}

const longestReason = 300;

const aboutStop = `Stops every deletion on every portal of the deployment, at once: at most the batch that is on its way goes
through. Events are still taken in and planned; tasks wait. tidy24 start lets them go on.`;

export function addStop(program: Command, run: CommandRun): void {
  const command = program
    .command('stop')
    .summary('stop every deletion of this deployment')
    .description(paragraphs(aboutStop))
    .option('--reason <text>', 'why, for whoever wants to start it again');
  withGlobalOptions(command, 'npx tidy24 stop --reason "A rule deletes too much"').action((options: Options) =>
    run.reportOn(options, (deployment) => stopAll(deployment, options.reason)),
  );
}

async function stopAll({ killSwitch, operator, place }: Deployment, given: string | undefined): Promise<Report> {
  if (given !== undefined && given.length > longestReason) {
    throw new UsageError(`--reason takes ${longestReason} characters at most`);
  }
  const text = printable(given ?? '').trim();
  const stopped = await killSwitch.stop(operator, text === '' ? 'no reason was given' : text);
  const now = await killSwitch.stopped();
  const start = commandLine(place, 'start');
  return {
    data: { stopped: now !== undefined, since: iso(now?.stoppedAt) ?? null, by: now?.by ?? null },
    text: [
      stopped
        ? `Nothing is deleted any more, on no portal, until: ${start}`
        : `It is stopped already, since ${iso(now?.stoppedAt) ?? 'just now'} by ${now?.by ?? 'somebody'}. To go on: ${start}`,
    ],
  };
}

const aboutStart = `Lets deletions go on after tidy24 stop. Every waiting task is looked at again before anything of it is
deleted. Portals that are paused by themselves stay so.`;

export function addStart(program: Command, run: CommandRun): void {
  const command = program
    .command('start')
    .summary('let deletions go on after a stop')
    .description(paragraphs(aboutStart));
  withGlobalOptions(command, 'npx tidy24 start').action((options: GlobalOptions) => run.reportOn(options, startAgain));
}

async function startAgain({ killSwitch, portals, tasks }: Deployment): Promise<Report> {
  const was = await killSwitch.stopped();
  const started = await killSwitch.start();
  // Also when it was not stopped: an earlier start may have died before this.
  const all = await portals.list();
  for (const { memberId, state } of all) if (state === 'active') await tasks.hastenPortal(memberId);
  const text = was ? `It was stopped since ${iso(was.stoppedAt)} by ${was.by}: ${was.reason}` : '';
  return {
    data: { started, portals: all.length },
    text: [started ? `Deletions go on; waiting tasks are due now. ${text}`.trim() : 'It was not stopped.'],
  };
}
