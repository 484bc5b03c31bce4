import type { Command } from 'commander';
import type { MethodUse } from '../../lib/bitrix24/limits.ts';
import type { Portal } from '../../lib/portals/portal.ts';
import { deletionMethods } from '../../lib/tasks/task.ts';
import type { CommandRun, GlobalOptions } from '../command-run.ts';
import type { Deployment } from '../deployment.ts';
import { findPortal } from '../find-portal.ts';
import { withGlobalOptions } from '../global-options.ts';
import { commandLine, type Place } from '../place.ts';
import { portalView } from '../portal-view.ts';
import type { Report } from '../report.ts';
import { type Stricter, stricterLimits, stricterRows } from '../stricter-view.ts';
import { typeText } from '../task-view.ts';
import { fieldList } from '../text-table.ts';
import { iso } from '../time.ts';

export function addPortalsShow(portals: Command, run: CommandRun): void {
  const command = portals
    .command('show')
    .summary('show one portal, and what to do when it is paused')
    .description('Shows one portal: its state, its mode, why it is paused and what to do about it.')
    .argument('<ID>', 'member id or domain');
  withGlobalOptions(command, 'npx tidy24 portals show demo.bitrix24.com').action((id: string, options: GlobalOptions) =>
    run.reportOn(options, (deployment) => show(deployment, id)),
  );
}

async function show(deployment: Deployment, id: string): Promise<Report> {
  const { budgets, place, clock } = deployment;
  const portal = await findPortal(deployment, id);
  const uses = await budgets.operating(portal.memberId);
  const measured = measuredCalls(uses);
  const stricter = stricterLimits(portal, uses, clock());
  const text = fieldList([...fields(portal, place, stricter), ...measuredRows(measured)]);
  return { data: { ...portalView(portal), stricter, measured: Object.fromEntries(measured) }, text };
}

const states: Readonly<Record<Portal['state'], string>> = {
  pending: 'pending: it waits for the first event that names its member id, or for its app to be proved',
  active: 'active',
  disconnected: 'disconnected: nothing is read from or written to it',
};

function fields(portal: Portal, place: Place, stricter: readonly Stricter[]): [string, string][] {
  const { domain, pause, limits, mode, enforcedAt, rulesVersion } = portal;
  const enforced = `enforce, for losses since ${iso(enforcedAt) ?? 'never'}`;
  const rows: [string, string][] = [
    ['domain', domain],
    ['member id', portal.memberId],
    ['connected by', portal.connection === 'oauth' ? 'an app (OAuth)' : 'webhooks'],
    ['state', states[portal.state]],
    ['mode', mode === 'observe' ? 'observe: plans and records, deletes nothing' : enforced],
    ['paused', pause ? `since ${iso(pause.since)}: ${pause.code}` : 'no'],
  ];
  if (pause) {
    const then =
      pause.newDomain === undefined ? `portals resume ${domain}` : `portals move ${domain} ${pause.newDomain}`;
    rows.push(['  why', pause.reason], ['  then', commandLine(place, then)]);
  }
  rows.push(
    ...healthRows(portal),
    ['rules', rulesVersion === undefined ? 'none yet' : `version ${rulesVersion}`],
    ['requests', `${limits.requestsPerSecond} a second, ${limits.burst} at once`],
    ['working time', `${limits.operatingSeconds} s of each method in ${limits.operatingWindowSeconds} s`],
    ...stricterRows(stricter),
    ['event tokens', String(portal.tokenDigests.length)],
    ['robot keys', String(portal.robotKeyDigests.length)],
    ['connected', iso(portal.createdAt)],
    ['changed', iso(portal.updatedAt)],
  );
  return rows;
}

/** Seconds that one call of each method that deletes took lately on this portal. */
function measuredCalls(uses: ReadonlyMap<string, Pick<MethodUse, 'perCall'>>): [string, number][] {
  const isDeletion = (name: string) =>
    deletionMethods.some((method) => name === method || name.startsWith(`${method}#`));
  return [...uses].flatMap(([name, { perCall }]) => (isDeletion(name) && perCall > 0 ? [[name, perCall]] : []));
}

/** `crm.item.delete#3` is crm.item.delete of contacts. */
function measuredRows(measured: readonly (readonly [string, number])[]): [string, string][] {
  return measured.map(([name, seconds], index) => {
    const [method = '', type] = name.split('#');
    const what = type === undefined ? method : `${method} of ${typeText(Number(type))}`;
    return [index === 0 ? 'measured' : '', `${seconds.toFixed(seconds < 10 ? 2 : 0)} s a call of ${what}`];
  });
}

/** What the last daily look has found. */
function healthRows({ health, connection, eventsUrl }: Portal): [string, string][] {
  const rows: [string, string][] = eventsUrl === undefined ? [] : [['events go to', eventsUrl]];
  if (!health) return [...rows, ['last check', 'none yet']];
  const { checkedAt, installed, administrator, missingEvents } = health;
  const found = [
    ...(installed === false ? ['the installation of the app is not finished: no event arrives'] : []),
    ...(administrator === false ? ['its user is no administrator'] : []),
    ...(missingEvents.length > 0 ? [`events that cannot be bound: ${missingEvents.join(', ')}`] : []),
  ];
  const well =
    connection === 'oauth' ? 'installed, events bound, an administrator' : "the webhook is an administrator's";
  return [...rows, ['last check', `${iso(checkedAt)}: ${found.length > 0 ? found.join('; ') : well}`]];
}
