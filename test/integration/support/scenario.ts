import type { SimulatedApp } from '../../../simulator/portal-apps.ts';
import { loadRules } from '../../../lib/rules/load.ts';
import { nextVersion } from '../../../lib/rules/version.ts';
import { ordinaryLimits } from '../../../lib/bitrix24/limits.ts';
import { tokenDigest } from '../../../lib/bitrix24/token-digest.ts';
import { rebind } from '../../../lib/portals/rebind.ts';
import { partsOf } from '../portals/parts.ts';
import type { Deployment } from './deployment.ts';

/** Whole seconds, as a portal writes its times. */
export function fullSecond(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}

export const unlinkAtOnce = `
version: 1
rules:
  - id: unlink-contacts
    when: { type: deal, stages: all-lost }
    wait: 0m
    delete: [deal-contacts]
`;

/** A pipeline whose lost stage is not called LOSE. */
export const lostStage = 'C5:UC_7K2M';

export function furnish({ portal }: Deployment): void {
  portal.addPipeline({
    id: 5,
    name: 'Renovation',
    stages: [
      { id: 'C5:NEW', name: 'New', sort: 10 },
      { id: 'C5:WON', name: 'Won', sort: 20 },
      { id: lostStage, name: 'Chose a competitor', sort: 30 },
    ],
  });
}

/** A deal of pipeline 5 with so many contacts. */
export function addDeal({ portal }: Deployment, contacts = 3): number {
  const contactIds = Array.from({ length: contacts }, () => portal.addContact());
  return portal.addDeal({ categoryId: 5, stageId: 'C5:NEW', contactIds });
}

export async function pushRules(deployment: Deployment, source = unlinkAtOnce): Promise<void> {
  const { memberId } = deployment.portal;
  const portal = await deployment.portals.get(memberId);
  const version = portal?.rulesVersion;
  const before = version === undefined ? undefined : await deployment.portals.rules(memberId, version);
  const rules = nextVersion(before, loadRules(source), source, fullSecond(Date.now()), 'test');
  await deployment.portals.pushRules(memberId, rules);
  // As `tidy24 rules push` does.
  if (portal) await rebind(partsOf(deployment.tables), portal, rules.rules);
}

export async function enforce({ portals, portal }: Deployment): Promise<void> {
  await portals.change(portal.memberId, { mode: 'enforce', enforcedAt: fullSecond(Date.now()) });
}

/** Installs an app over HTTP, gives its secret and lets the proof run: an active portal in mode observe. */
export async function installApp(deployment: Deployment): Promise<SimulatedApp> {
  const { portal, front, credentials } = deployment;
  const app = portal.createApp({ installUrl: `${front.url}/bitrix24/install` });
  portal.installApp(app);
  await deployment.run();
  await credentials.setApp(portal.memberId, { clientId: app.clientId, clientSecret: app.clientSecret }, Date.now());
  await deployment.tasks.wantChore(portal.memberId, 'prove', Date.now());
  await deployment.tick();
  return app;
}

/** Connects by an incoming and an outgoing webhook. Gives the latter's application token. */
export async function connectWebhooks({ portal, portals, credentials, front }: Deployment): Promise<string> {
  const { memberId, domain } = portal;
  const outgoing = portal.addOutgoingWebhook({
    url: `${front.url}/bitrix24/events`,
    events: ['ONCRMDEALUPDATE', 'ONCRMDEALADD'],
  });
  await credentials.put({ memberId, kind: 'webhook', url: portal.createWebhook() });
  await portals.create({
    memberId,
    domain,
    connection: 'webhook',
    state: 'active',
    mode: 'observe',
    tokenDigests: [tokenDigest(outgoing.applicationToken)],
    robotKeyDigests: [],
    limits: ordinaryLimits,
  });
  return outgoing.applicationToken;
}
