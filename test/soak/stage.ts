import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Deployed } from '../../bench/support/deployed/deployed.ts';
import type { PortalLimits } from '../../lib/bitrix24/limits.ts';
import { tokenDigest } from '../../lib/bitrix24/token-digest.ts';
import { rebind } from '../../lib/portals/rebind.ts';
import { loadRules } from '../../lib/rules/load.ts';
import { nextVersion } from '../../lib/rules/version.ts';
import type { SimulatedApp } from '../../simulator/portal-apps.ts';
import type { SimulatedPortal } from '../../simulator/portal.ts';
import { outOfTheWay, partsOf } from '../integration/portals/parts.ts';
import { rules } from './fates.ts';

/** A portal as the soak uses it. */
export interface Member {
  readonly name: string;
  readonly portal: SimulatedPortal;
  /** Of those that are connected by an app. */
  readonly app?: SimulatedApp;
  /** What a stage robot of this portal posts to. */
  readonly robotUrl: string;
  readonly isObserving: boolean;
}

/** A window of a minute: a method that is refused for its operating time is free again within the run. */
export const limits: PortalLimits = {
  requestsPerSecond: 2,
  burst: 50,
  operatingSeconds: 48,
  operatingWindowSeconds: 60,
};

export function furnish(portal: SimulatedPortal): void {
  for (const id of [5, 6, 7, 8, 9]) {
    portal.addPipeline({
      id,
      name: `Pipeline ${id}`,
      stages: [
        { id: `C${id}:NEW`, name: 'New', sort: 10 },
        { id: `C${id}:WON`, name: 'Won', sort: 20 },
        { id: `C${id}:LOST`, name: 'Lost', sort: 30 },
      ],
    });
  }
}

/** Connects a portal; it observes. */
export async function connect(
  deployed: Deployed,
  portal: SimulatedPortal,
  {
    name,
    by,
    publicUrl,
    isObserving,
  }: { name: string; by: 'app' | 'webhook'; publicUrl: string; isObserving: boolean },
): Promise<Member> {
  const { portals } = deployed;
  const { memberId } = portal;
  const app = by === 'app' ? await installApp(deployed, portal, publicUrl) : undefined;
  if (by === 'webhook') await connectWebhooks(deployed, portal, publicUrl);

  const key = randomBytes(32).toString('base64url');
  await portals.change(memberId, { caps: outOfTheWay, limits, robotKeyDigests: [tokenDigest(key)] });
  const version = nextVersion(undefined, loadRules(rules), rules, fullSecond(), 'soak');
  await portals.pushRules(memberId, version);
  const row = await portals.get(memberId);
  const tables = {
    portals: deployed.table('PORTALS_TABLE'),
    credentials: deployed.table('CREDENTIALS_TABLE'),
    tasks: deployed.table('TASKS_TABLE'),
    snapshots: deployed.table('SNAPSHOTS_TABLE'),
  };
  // As `tidy24 rules push` does.
  if (row) await rebind(partsOf(tables), row, version.rules);
  return { name, portal, isObserving, robotUrl: `${publicUrl}/bitrix24/robot?key=${key}`, ...(app && { app }) };
}

/** From now on what is lost is acted on, but where it is only observed. */
export async function enforce({ portals }: Deployed, members: readonly Member[]): Promise<void> {
  for (const { portal } of members.filter(({ isObserving }) => !isObserving)) {
    await portals.change(portal.memberId, { mode: 'enforce', enforcedAt: fullSecond() });
  }
}

/** As portals write their times, ms since the epoch. */
function fullSecond(): number {
  return Math.floor(Date.now() / 1000) * 1000;
}

async function installApp(deployed: Deployed, portal: SimulatedPortal, publicUrl: string): Promise<SimulatedApp> {
  const { portals, credentials, tasks } = deployed;
  const { memberId } = portal;
  const app = portal.createApp({ installUrl: `${publicUrl}/bitrix24/install` });
  portal.installApp(app);
  // Posted and answered: the installation is stored.
  await portal.settle();
  await credentials.setApp(memberId, { clientId: app.clientId, clientSecret: app.clientSecret }, Date.now());
  await soon(async () => {
    await tasks.wantChore(memberId, 'prove', Date.now());
    await deployed.invoke('release');
    await delay(500);
    return (await portals.get(memberId))?.state === 'active';
  }, 'The installation is proved');
  return app;
}

async function connectWebhooks(
  { portals, credentials }: Deployed,
  portal: SimulatedPortal,
  publicUrl: string,
): Promise<void> {
  const { memberId, domain } = portal;
  const { applicationToken } = portal.addOutgoingWebhook({
    url: `${publicUrl}/bitrix24/events`,
    events: ['ONCRMDEALUPDATE', 'ONCRMDEALADD'],
  });
  await credentials.put({ memberId, kind: 'webhook', url: portal.createWebhook() });
  await portals.create({
    memberId,
    domain,
    connection: 'webhook',
    state: 'active',
    mode: 'observe',
    tokenDigests: [tokenDigest(applicationToken)],
    robotKeyDigests: [],
    limits,
  });
}

async function soon(isTrue: () => Promise<boolean>, what: string): Promise<void> {
  for (let tries = 0; tries < 60; tries += 1) {
    if (await isTrue()) return;
    await delay(500);
  }
  throw new Error(`Not within half a minute: ${what}`);
}
