import type { Command } from 'commander';
import { type AuditEntry, deploymentAudit, mostAuditEntries } from '../../lib/portals/audit-log.ts';
import { checkPeriod } from '../check-period.ts';
import { UsageError } from '../command-error.ts';
import type { CommandRun, GlobalOptions } from '../command-run.ts';
import { counted } from '../counted.ts';
import type { Deployment } from '../deployment.ts';
import { findPortal } from '../find-portal.ts';
import { paragraphs, withGlobalOptions } from '../global-options.ts';
import { momentOption } from '../moment.ts';
import type { Report } from '../report.ts';
import { textTable } from '../text-table.ts';
import { iso } from '../time.ts';

interface Options extends GlobalOptions {
  readonly portal?: string;
  /** ms since the epoch. */
  readonly since?: number;
  readonly until?: number;
}

const day = 86_400_000;
const defaultDays = 30;

const about = `Shows what people did by the command line, the newest first: who, when, which command, how it ended. Each command that
changes something is recorded before it begins; one without an end was killed, or is still at work. Secrets are not kept.

Who is the user of the machine, with the name of the AWS profile. Which AWS principal that was is in CloudTrail.`;

export function addAudit(program: Command, run: CommandRun): void {
  const command = program
    .command('audit')
    .summary('show what people did by the command line')
    .description(paragraphs(about))
    .option('--portal <ID>', 'only about this portal: member id or domain')
    .option(
      '--since <time>',
      `30d (ago), 2027-01-31 or 2027-01-31T10:00:00Z (default: ${defaultDays}d before --until)`,
      momentOption(run.io.clock),
    )
    .option('--until <time>', 'up to then (default: now)', momentOption(run.io.clock));
  withGlobalOptions(command, 'npx tidy24 audit --portal demo.bitrix24.com --since 30d').action((options: Options) =>
    run.reportOn(options, (deployment) => show(deployment, options)),
  );
}

async function show(deployment: Deployment, options: Options): Promise<Report> {
  const { audit, portals, clock } = deployment;
  const now = clock();
  const { until = now, since = Math.min(until, now) - defaultDays * day } = options;
  if (since > now) throw new UsageError('--since is still to come');
  checkPeriod({ since, until });
  const portal = options.portal === undefined ? undefined : await findPortal(deployment, options.portal);
  const domains = new Map((portal ? [portal] : await portals.list()).map(({ memberId, domain }) => [memberId, domain]));
  const { entries, unreadable, more } = await audit.list({ memberId: portal?.memberId, since, until });
  const domainOf = ({ memberId, portal: known }: AuditEntry): string | undefined => {
    const id = known ?? (memberId === deploymentAudit ? undefined : memberId);
    return id === undefined ? undefined : (domains.get(id) ?? id);
  };
  const span = options.until === undefined ? `since ${iso(since)}` : `from ${iso(since)} to ${iso(until)}`;
  const warnings =
    unreadable === 0 ? [] : [`${counted(unreadable, 'entry', 'entries')} cannot be read and are left out`];
  if (more) warnings.push(`these are the newest ${mostAuditEntries}: give a shorter period with --since and --until`);
  return {
    data: {
      since: iso(since),
      until: iso(until),
      entries: entries.map((entry) => view(entry, domainOf(entry))),
      unreadable,
      more,
    },
    text:
      entries.length === 0
        ? [`Nobody changed anything by the command line ${span}.`]
        : textTable(
            headings,
            entries.map((entry) => row(entry, domainOf(entry))),
          ),
    warnings,
  };
}

const headings = ['WHEN', 'WHO', 'PORTAL', 'COMMAND', 'RESULT'] as const;

function row({ at, by, command, args, result, text }: AuditEntry, domain: string | undefined): string[] {
  const end = result ?? 'no end: killed, or at work';
  const words = args.map((word) => (/\s/.test(word) ? `"${word}"` : word));
  return [iso(at), by, domain ?? '-', [command, ...words].join(' '), text === undefined ? end : `${end}: ${text}`];
}

function view({ memberId, portal, at, endedAt, by, command, args, result, text }: AuditEntry, domain?: string) {
  const concerned = portal ?? (memberId === deploymentAudit ? null : memberId);
  return {
    at: iso(at),
    by,
    memberId: concerned,
    domain: domain ?? null,
    command,
    args,
    endedAt: iso(endedAt) ?? null,
    result: result ?? null,
    text: text ?? null,
  };
}
