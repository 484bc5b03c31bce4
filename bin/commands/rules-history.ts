import type { Command } from 'commander';
import { type PortalStore } from '../../lib/portals/store.ts';
import { UnreadableRow } from '../../lib/portals/unreadable-row.ts';
import { changesBetween } from '../../lib/rules/changes.ts';
import type { StoredRules } from '../../lib/rules/version.ts';
import type { CommandRun, GlobalOptions } from '../command-run.ts';
import type { Deployment } from '../deployment.ts';
import { portalOrOnly } from '../find-portal.ts';
import { paragraphs, withGlobalOptions } from '../global-options.ts';
import type { Report } from '../report.ts';
import { changesText } from '../rule-words.ts';
import { textTable } from '../text-table.ts';
import { iso } from '../time.ts';
import { wholeNumber } from '../whole-number.ts';

interface Options extends GlobalOptions {
  readonly portal?: string;
  readonly limit: number;
}

/** A version that was stored and never put in force, because the push died in between, has a number after it. */
const mostAfter = 10;

const about = `Shows the versions of a portal's rules, the newest first: when each was pushed, by whom, and what it changed
about the one before. A rule that begins anew acts only on what is lost from then on.`;

export function addRulesHistory(rules: Command, run: CommandRun): void {
  const command = rules
    .command('history')
    .summary("show the versions of a portal's rules")
    .description(paragraphs(about))
    .option('--portal <ID>', 'member id or domain; not needed when there is one portal')
    .option('--limit <N>', 'so many versions at most', wholeNumber(1, 1000), 20);
  withGlobalOptions(command, 'npx tidy24 rules history --portal demo.bitrix24.com').action((options: Options) =>
    run.reportOn(options, (deployment) => history(deployment, options)),
  );
}

async function history(deployment: Deployment, { portal: id, limit }: Options): Promise<Report> {
  const { portals } = deployment;
  const { memberId, domain, rulesVersion: inForce = 0 } = await portalOrOnly(deployment, id);
  const read = (version: number) => readVersion(portals, memberId, version);
  let newest = inForce;
  while (newest < inForce + mostAfter && (await read(newest + 1)) !== undefined) newest += 1;
  if (newest === 0) return { data: { memberId, domain, versions: [] }, text: [`${domain} has no rules yet.`] };

  const rows: { version: number; inForce: boolean; stored: StoredRules | 'unreadable'; changes: string }[] = [];
  let stored = await read(newest);
  for (let version = newest; version > 0 && rows.length < limit; version -= 1) {
    const before = await read(version - 1);
    if (stored !== undefined) {
      rows.push({ version, inForce: version === inForce, stored, changes: describe(before, stored) });
    }
    stored = before;
  }
  return {
    data: { memberId, domain, versions: rows.map(viewOf) },
    text: textTable(
      ['VERSION', 'PUSHED', 'BY', 'RULES', 'CHANGES'],
      rows.map(({ version, inForce: current, stored: row, changes }) => [
        `${version}${current ? ' (in force)' : ''}`,
        ...(row === 'unreadable' ? ['', '', ''] : [iso(row.pushedAt), row.pushedBy, String(row.rules.length)]),
        changes,
      ]),
    ),
  };
}

/** A version that another version of tidy24 wrote must not hide the others. */
async function readVersion(
  portals: PortalStore,
  memberId: string,
  version: number,
): Promise<StoredRules | 'unreadable' | undefined> {
  if (version === 0) return undefined;
  try {
    return await portals.rules(memberId, version);
  } catch (error) {
    if (error instanceof UnreadableRow) return 'unreadable';
    throw error;
  }
}

function describe(before: StoredRules | 'unreadable' | undefined, after: StoredRules | 'unreadable'): string {
  if (after === 'unreadable') return 'cannot be read: another version of tidy24 wrote it';
  return before === 'unreadable' ? 'not known' : changesText(changesBetween(before?.rules, after.rules));
}

function viewOf({
  version,
  inForce,
  stored,
  changes,
}: {
  version: number;
  inForce: boolean;
  stored: StoredRules | 'unreadable';
  changes: string;
}): Record<string, unknown> {
  if (stored === 'unreadable') return { version, inForce, readable: false, changes };
  const { pushedAt, pushedBy, rules } = stored;
  return { version, inForce, pushedAt: iso(pushedAt), pushedBy, rules: rules.map(({ id }) => id), changes };
}
