import { ordinaryLimits } from '../../lib/bitrix24/limits.ts';
import type { SimulatedPortal } from '../../simulator/portal.ts';
import type { Simulator } from '../../simulator/simulator.ts';
import type { Deployed } from '../support/deployed/deployed.ts';
import { addLostDeals, connectPortal, createTask, deletion } from '../support/lost-deals.ts';
import type { Setting } from './setting.ts';

export const kinds = ['normal', 'loaded', 'slow', 'paused'] as const;
export type Kind = (typeof kinds)[number];

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
    const ids = addLostDeals(portal, kind === 'loaded' ? deals * loadFactor : deals);
    return new LostPortal(kind, portal, ids);
  }

  /** Connects it, in mode enforce, with a task for each deal that is due at `dueAt` (ms since the epoch). */
  async connect({ portals, credentials, tasks }: Deployed, dueAt: number): Promise<void> {
    const { rules } = await connectPortal({ portals, credentials }, this.portal, {
      since: dueAt - 3_600_000,
      limits: ordinaryLimits,
    });
    const { memberId } = this.portal;
    if (this.kind === 'paused') await portals.pause(memberId, { code: 'by-hand', reason: 'For the benchmark' });
    const next = this.#deals[Symbol.iterator]();
    const write = async (): Promise<void> => {
      for (const id of next) await createTask(tasks, this.portal, rules, id, { nextAt: dueAt });
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
