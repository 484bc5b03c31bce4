import { EntityType } from '../../lib/bitrix24/entity-types.ts';
import type { CredentialStore } from '../../lib/portals/credentials.ts';
import type { Portal } from '../../lib/portals/portal.ts';
import type { PortalStore } from '../../lib/portals/store.ts';
import { loadRules } from '../../lib/rules/load.ts';
import { nextVersion, type StoredRules } from '../../lib/rules/version.ts';
import { lineOf } from '../../lib/tasks/line.ts';
import type { TaskStore } from '../../lib/tasks/store.ts';
import type { SimulatedPortal } from '../../simulator/portal.ts';

/** The method that the rule `unlink` calls. */
export const deletion = 'crm.deal.contact.items.delete';

/** The rule of the benchmarks, unless they say otherwise: contacts of lost deals are unlinked at once. */
const unlink = `
version: 1
rules:
  - id: unlink
    when: { type: deal, stages: all-lost }
    wait: 0m
    delete: [deal-contacts]
`;
/** Caps are there to stop what nobody wanted. This is wanted. */
const outOfTheWay = { hour: 1_000_000, day: 1_000_000, spike: null };

export interface Connection {
  /** ms since the epoch: since when it is connected, and allowed to delete. */
  readonly since: number;
  readonly limits: Portal['limits'];
  /** A rules file. */
  readonly source?: string;
  /** Of those who may send its events. */
  readonly tokenDigests?: readonly string[];
}

/** An active portal in mode enforce, connected by an incoming webhook, with its rules. Gives these and the webhook's URL. */
export async function connectPortal(
  { portals, credentials }: { readonly portals: PortalStore; readonly credentials: CredentialStore },
  portal: SimulatedPortal,
  { since, limits, source = unlink, tokenDigests = [] }: Connection,
): Promise<{ readonly rules: StoredRules; readonly webhook: string }> {
  const { memberId, domain } = portal;
  const webhook = portal.createWebhook();
  await portals.create({
    memberId,
    domain,
    connection: 'webhook',
    state: 'active',
    mode: 'enforce',
    enforcedAt: since,
    tokenDigests: [...tokenDigests],
    robotKeyDigests: [],
    limits,
    caps: outOfTheWay,
  });
  await credentials.put({ memberId, kind: 'webhook', url: webhook });
  const rules = nextVersion(undefined, loadRules(source), source, since, 'bench');
  await portals.pushRules(memberId, rules);
  return { rules, webhook };
}

const lostStage = 'C5:LOST';

/** A pipeline, and in its lost stage so many deals with one contact each. Gives the deals. */
export function addLostDeals(portal: SimulatedPortal, count: number): number[] {
  portal.addPipeline({
    id: 5,
    name: 'Sales',
    stages: [
      { id: 'C5:NEW', name: 'New', sort: 10 },
      { id: 'C5:WON', name: 'Won', sort: 20 },
      { id: lostStage, name: 'Lost', sort: 30 },
    ],
  });
  return Array.from({ length: count }, () => {
    const contactIds = [portal.addContact({ silent: true })];
    const id = portal.addDeal({ categoryId: 5, stageId: 'C5:NEW', contactIds, silent: true });
    portal.moveDeal(id, lostStage, { silent: true });
    return id;
  });
}

/** The task that the first of the rules makes of a lost deal, due at `nextAt` (ms since the epoch), in line or not. Gives its id. */
export async function createTask(
  tasks: TaskStore,
  portal: SimulatedPortal,
  { version, rules: [rule] }: StoredRules,
  dealId: number,
  { nextAt, inLine = true }: { readonly nextAt: number; readonly inLine?: boolean },
): Promise<string> {
  if (!rule) throw new Error('There is no rule');
  const { memberId } = portal;
  const { stageId, movedTime } = portal.item(EntityType.deal, dealId) ?? {};
  const transition = { stageId: String(stageId), movedTime: Date.parse(String(movedTime)) };
  const record = { entityTypeId: EntityType.deal, id: dealId };
  const { taskId } = await tasks.create(
    { memberId, record, rule: { id: rule.id, version }, transition, run: 0 },
    { nextAt, lane: '1', ...(inLine && { line: lineOf(memberId, rule) }), source: 'app', history: [] },
  );
  return taskId;
}
