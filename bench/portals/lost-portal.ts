import { EntityType } from '../../lib/bitrix24/entity-types.ts';
import { ordinaryLimits } from '../../lib/bitrix24/limits.ts';
import { loadRules } from '../../lib/rules/load.ts';
import { nextVersion } from '../../lib/rules/version.ts';
import { lineOf } from '../../lib/tasks/line.ts';
import type { SimulatedPortal } from '../../simulator/portal.ts';
import type { Simulator } from '../../simulator/simulator.ts';
import type { Deployed } from '../support/deployed/deployed.ts';
import type { Setting } from './setting.ts';

export const kinds = ['normal', 'loaded', 'slow', 'paused'] as const;
export type Kind = (typeof kinds)[number];

const deletion = 'crm.deal.contact.items.delete';
const lostStage = 'C5:LOST';
const source = `
version: 1
rules:
  - id: unlink
    when: { type: deal, stages: all-lost }
    wait: 0m
    delete: [deal-contacts]
`;
/** Caps are there to stop what nobody wanted. This is wanted. */
const outOfTheWay = { hour: 1_000_000, day: 1_000_000, spike: null };
const atOnce = 16;

/** A portal with lost deals, and what became of them. */
export class LostPortal {
  readonly kind: Kind;
  readonly portal: SimulatedPortal;
  readonly #deals: readonly number[];

  private constructor(kind: Kind, portal: SimulatedPortal, deals: readonly number[]) {
    this.kind = kind;
    this.portal = portal;
    this.#deals = deals;
  }

  static async add(simulator: Simulator, kind: Kind, setting: Setting): Promise<LostPortal> {
    const { perDeletion, perReadCall, slowSeconds, scale, deals, loadFactor } = setting;
    const ms = (seconds: number): number => (seconds * 1000) / scale;
    const portal = await simulator.addPortal({
      timePerCall: { [deletion]: perDeletion, '*': perReadCall },
      delay: { [deletion]: ms(perDeletion), '*': ms(perReadCall) },
      limits: { requestSeconds: 60 / scale },
    });
    if (kind === 'slow') {
      const give = { type: 'slow', ms: ms(slowSeconds) } as const;
      portal.faults.add({ when: { inBatch: 'envelope' }, times: Number.POSITIVE_INFINITY, give });
    }
    portal.addPipeline({
      id: 5,
      name: 'Sales',
      stages: [
        { id: 'C5:NEW', name: 'New', sort: 10 },
        { id: 'C5:WON', name: 'Won', sort: 20 },
        { id: lostStage, name: 'Lost', sort: 30 },
      ],
    });
    const ids = Array.from({ length: kind === 'loaded' ? deals * loadFactor : deals }, () => {
      const contactIds = [portal.addContact({ silent: true })];
      const id = portal.addDeal({ categoryId: 5, stageId: 'C5:NEW', contactIds, silent: true });
      portal.moveDeal(id, lostStage, { silent: true });
      return id;
    });
    return new LostPortal(kind, portal, ids);
  }

  /** Connects it, in mode enforce, with a task for each deal that is due at `dueAt` (ms since the epoch). */
  async connect({ portals, credentials, tasks }: Deployed, dueAt: number): Promise<void> {
    const { memberId, domain } = this.portal;
    const since = dueAt - 3_600_000;
    await portals.create({
      memberId,
      domain,
      connection: 'webhook',
      state: 'active',
      mode: 'enforce',
      enforcedAt: since,
      tokenDigests: [],
      robotKeyDigests: [],
      limits: ordinaryLimits,
      caps: outOfTheWay,
    });
    await credentials.put({ memberId, kind: 'webhook', url: this.portal.createWebhook() });
    const rules = nextVersion(undefined, loadRules(source), source, since, 'bench');
    await portals.pushRules(memberId, rules);
    const line = rules.rules.map((rule) => lineOf(memberId, rule))[0];
    if (this.kind === 'paused') await portals.pause(memberId, { code: 'by-hand', reason: 'For the benchmark' });
    const next = this.#deals[Symbol.iterator]();
    const write = async (): Promise<void> => {
      for (const id of next) {
        const { stageId, movedTime } = this.portal.item(EntityType.deal, id) ?? {};
        const transition = { stageId: String(stageId), movedTime: Date.parse(String(movedTime)) };
        await tasks.create(
          {
            memberId,
            record: { entityTypeId: EntityType.deal, id },
            rule: { id: 'unlink', version: 1 },
            transition,
            run: 0,
          },
          { nextAt: dueAt, lane: '1', line, source: 'app', history: [] },
        );
      }
    };
    await Promise.all(Array.from({ length: atOnce }, write));
  }

  get left(): number {
    return this.#deals.filter((id) => this.portal.contactsOf(id).length > 0).length;
  }

  get cleaned(): number {
    return this.#deals.length - this.left;
  }

  /** Seconds of the portal's own time from `since` (ms since the epoch) to the answer to its last deletion. */
  lastDeletion(since: number): number {
    const answered = this.portal.requests
      .filter(({ commands }) => commands.some(({ method }) => method === deletion))
      .map(({ answeredAt = 0 }) => answeredAt);
    return (Math.max(since, ...answered) - since) / 1000;
  }

  /** Deletions that were asked for, whatever came of them. */
  get asked(): number {
    return this.portal.calls(deletion).length;
  }
}
