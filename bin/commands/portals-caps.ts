import type { Command } from 'commander';
import { capsOf } from '../../lib/portals/caps.ts';
import type { Caps } from '../../lib/portals/caps-schema.ts';
import { CommandError, UsageError } from '../command-error.ts';
import type { CommandRun, GlobalOptions } from '../command-run.ts';
import type { Deployment } from '../deployment.ts';
import { findPortal } from '../find-portal.ts';
import { paragraphs, withGlobalOptions } from '../global-options.ts';
import type { Report } from '../report.ts';
import { wholeNumber } from '../whole-number.ts';

interface Options extends GlobalOptions {
  readonly hour?: number;
  readonly day?: number;
  readonly spike?: number | 'off';
  readonly release?: true;
}

const about = `Shows how much may be deleted on a portal before a person has to say that it is meant so, and how much of it is
used; sets other caps; or releases what was deleted in this hour and on this day, so that they begin to count anew.

A portal that meets a cap is paused before the first deletion beyond it. A spike is a day with more than so many times
the deletions of a usual day, but not fewer than 50; it is known after seven days with deletions. The pause ends when
this very cap is raised, or with --release.`;

const largest = 1_000_000;

export function addPortalsCaps(portals: Command, run: CommandRun): void {
  const command = portals
    .command('caps')
    .summary('show, raise or release the caps on deletions of a portal')
    .description(paragraphs(about))
    .argument('<ID>', 'member id or domain')
    .option('--hour <N>', 'deletions in an hour at most', wholeNumber(1, largest))
    .option('--day <N>', 'deletions in a day at most', wholeNumber(1, largest))
    .option('--spike <FACTOR>', 'times a usual day, or off', spikeFactor)
    .option('--release', 'count this hour and this day anew, and resume the portal if a cap has paused it');
  const examples =
    'npx tidy24 portals caps demo.bitrix24.com\n' +
    'npx tidy24 portals caps demo.bitrix24.com --hour 500 --day 5000\n' +
    'npx tidy24 portals caps demo.bitrix24.com --release';
  withGlobalOptions(command, examples).action((id: string, options: Options) =>
    run.reportOn(options, (deployment) => setCaps(deployment, id, options)),
  );
}

function spikeFactor(text: string): number | 'off' {
  if (text === 'off') return text;
  const factor = Number(text);
  if (!(factor >= 1 && factor <= 1_000)) throw new UsageError('--spike takes a number from 1 to 1000, or off');
  return factor;
}

async function setCaps(deployment: Deployment, id: string, options: Options): Promise<Report> {
  const { portals, caps: store, tasks } = deployment;
  const { hour, day, spike, release } = options;
  const portal = await findPortal(deployment, id);
  const { memberId, domain, pause } = portal;
  const before = capsOf(portal);
  const after: Caps = {
    hour: hour ?? before.hour,
    day: day ?? before.day,
    spike: spike === undefined ? before.spike : spike === 'off' ? null : spike,
  };
  if (after.hour > after.day)
    throw new CommandError(`An hour (${after.hour}) cannot have more than a day (${after.day}).`);
  const isChanged = JSON.stringify(after) !== JSON.stringify(before);
  if (isChanged) await portals.change(memberId, { caps: after });
  if (release) await store.release(memberId);

  const isCapped = pause?.code.startsWith('cap-') === true;
  const isOver = release === true || (isCapped && isRaised(pause.code, before, after));
  const resumed = isCapped && isOver && (await portals.resume(memberId, pause.code));
  if (resumed) await tasks.hastenPortal(memberId);

  const use = await store.use(memberId, after);
  const spikeText = after.spike === null ? 'off' : `${after.spike} times a usual day`;
  const spikeLimit = use.spikeLimit === undefined ? 'not known yet' : `${use.spikeLimit} today`;
  return {
    data: { memberId, domain, caps: after, use: { ...use, spikeLimit: use.spikeLimit ?? null }, resumed },
    text: [
      `${domain}: ${use.hour} of ${after.hour} deletions in this hour, ${use.day} of ${after.day} today (UTC).`,
      `Spike: ${spikeText}${after.spike === null ? '' : ` (${spikeLimit})`}.`,
      ...(release ? ['This hour and this day count anew.'] : []),
      ...(resumed ? [`${domain} works again; its tasks are due now.`] : []),
      ...(isCapped && !resumed ? [`It is paused: ${pause.reason}`] : []),
    ],
  };
}

/** Whether the cap that a portal is paused for allows more than before. To lower it, or to change another, ends nothing. */
function isRaised(code: string, before: Caps, after: Caps): boolean {
  if (code === 'cap-hour') return after.hour > before.hour;
  if (code === 'cap-day') return after.day > before.day;
  return (after.spike ?? Number.POSITIVE_INFINITY) > (before.spike ?? Number.POSITIVE_INFINITY);
}
