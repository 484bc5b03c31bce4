import type { Command } from 'commander';
import type { Portal } from '../../lib/portals/portal.ts';
import { counted } from '../counted.ts';
import type { CommandRun, GlobalOptions } from '../command-run.ts';
import type { Deployment } from '../deployment.ts';
import { checkDue } from '../doctor/due-checks.ts';
import type { ProbeOptions } from '../doctor/event-checks.ts';
import { failure, type Finding, guarded, ok, type Status, warning } from '../doctor/finding.ts';
import { checkPortal } from '../doctor/portal-checks.ts';
import { checkQueues } from '../doctor/queue-checks.ts';
import { checkTables } from '../doctor/table-checks.ts';
import { findPortal } from '../find-portal.ts';
import { paragraphs, withGlobalOptions } from '../global-options.ts';
import type { CliIo } from '../io.ts';
import { pendingInstallations } from '../pending-installations.ts';
import { commandLine, type Place } from '../place.ts';
import type { Report } from '../report.ts';
import { iso } from '../time.ts';

interface Options extends GlobalOptions {
  readonly portal?: string;
}

/** What is found about the deployment, or one portal of it. */
interface Section {
  readonly title: string;
  readonly memberId: string | null;
  readonly findings: readonly Finding[];
}

/** Portals that are looked at side by side. */
const atOnce = 8;
/** After so many ms no further portal is begun with. */
const longestMs = 5 * 60_000;

const about = `Looks at everything that tidy24 needs: tables, queues, the clock, and each portal with its credentials, rights,
events, rules and tasks. Each line is ok, a warning or a failure, and says how to mend it. A failure makes
the exit code 1.

Every portal is asked in one request; as with any request, a portal that refuses the credentials is
paused. TIDY24_PUBLIC_URL in the environment says which address events must go to.`;

export function addDoctor(program: Command, run: CommandRun): void {
  const command = program
    .command('doctor')
    .summary('look whether everything is well, and how to mend what is not')
    .description(paragraphs(about))
    .option('--portal <ID>', 'only this portal: member id or domain');
  withGlobalOptions(command, 'npx tidy24 doctor\nnpx tidy24 doctor --portal demo.bitrix24.com').action(
    (options: Options) => run.reportOn(options, (deployment) => examine(deployment, run.io, options.portal)),
  );
}

async function examine(deployment: Deployment, io: CliIo, id: string | undefined): Promise<Report> {
  const { place } = deployment;
  const sections: Section[] = [
    { title: `stage ${place.stage}`, memberId: null, findings: await checkStage(deployment) },
  ];
  const found: Portal[] = [];
  const portals = await guarded('portals', place, async () => {
    found.push(...(await chosen(deployment, id)));
    if (id !== undefined) return [];
    const none = warning('portals', 'none is connected yet', commandLine(place, 'portals connect'));
    return [
      found.length === 0 ? none : ok('portals', `${found.length} known`),
      ...(await checkPending(deployment, found)),
    ];
  });
  sections.push({ title: 'portals', memberId: null, findings: portals });

  const probe = { fetch: io.fetch, publicUrl: io.env['TIDY24_PUBLIC_URL'] || undefined };
  sections.push(...(await examinePortals(deployment, found, probe)));
  return describe(
    sections.filter(({ findings }) => findings.length > 0),
    place,
  );
}

/** @throws Error for a portal that there is none of: a failure like any other, because nothing could be looked at */
async function chosen(deployment: Deployment, id: string | undefined): Promise<Portal[]> {
  return id === undefined ? deployment.portals.list() : [await findPortal(deployment, id)];
}

async function checkStage(deployment: Deployment): Promise<Finding[]> {
  const { place } = deployment;
  const where = place.local
    ? `on this machine, ${place.endpoint ?? ''}`
    : (place.region ?? 'in the region of AWS_REGION');
  const [tables, queues, due] = await Promise.all([
    checkTables(place),
    checkQueues(place),
    guarded('clock', place, () => checkDue(deployment)),
  ]);
  return [ok('stage', `${place.stage} ${where}`), ...tables, ...queues, ...due];
}

async function checkPending(
  { credentialsTable, clock, place }: Deployment,
  portals: readonly Portal[],
): Promise<Finding[]> {
  const waiting = await pendingInstallations(credentialsTable, clock());
  return waiting.map((installation) => {
    const { memberId, receivedAt } = installation;
    const active = portals.find((portal) => portal.memberId === memberId && portal.state === 'active');
    const where = active ? `${active.domain}, which is active already,` : installation.domain;
    const give = `Give its id and secret: ${commandLine(place, `portals credentials ${memberId}`)}`;
    return warning(
      'portals',
      `an app was installed on ${where} at ${iso(receivedAt)} and is not proved`,
      active ? `Ignore it if nobody installed anything (it expires by itself). Else: ${give}` : give,
    );
  });
}

async function examinePortals(
  deployment: Deployment,
  portals: readonly Portal[],
  probe: ProbeOptions,
): Promise<Section[]> {
  const { clock, place } = deployment;
  const endsAt = clock() + longestMs;
  const sections: Section[] = [];
  for (let start = 0; start < portals.length; start += atOnce) {
    const some = portals.slice(start, start + atOnce).map(async (portal): Promise<Section> => {
      const { domain: title, memberId } = portal;
      const late = [
        failure('portal', 'not looked at: the others took too long', commandLine(place, `doctor --portal ${memberId}`)),
      ];
      const work = () => checkPortal(deployment, portal, probe);
      return { title, memberId, findings: clock() > endsAt ? late : await guarded('portal', place, work) };
    });
    sections.push(...(await Promise.all(some)));
  }
  return sections;
}

function describe(sections: readonly Section[], { stage, region }: Place): Report {
  const all = sections.flatMap(({ findings }) => findings);
  const count = (wanted: Status) => all.filter(({ status }) => status === wanted).length;
  const [failures, warnings] = [count('failure'), count('warning')];
  const text = sections.flatMap(({ title, findings }) => [title, ...findings.flatMap(lines), '']);
  text.push(`${count('ok')} ok, ${counted(warnings, 'warning')}, ${counted(failures, 'failure')}.`);
  return {
    data: { ok: failures === 0, stage, region: region ?? null, failures, warnings, sections },
    text,
    ...(failures > 0 && { problem: `${counted(failures, 'failure')}.` }),
  };
}

const checkWidth = 22;

function lines({ check, status, text, mend }: Finding): string[] {
  const line = `  ${status.padEnd(7)}  ${check.padEnd(checkWidth)}  ${text}`;
  return mend === undefined ? [line] : [line, `${' '.repeat(13 + checkWidth)}mend: ${mend}`];
}
