import type { Clock } from '../bitrix24/clock.ts';
import { pendingWebhookId, type Portal } from './portal.ts';
import type { PortalStore } from './store.ts';
import { isTokenOf } from './verify-sender.ts';

/** What `receive` is to do with an event. `unverifiable`: take it, and let `plan` check the sender. */
export type SenderVerdict = 'known' | 'unknown' | 'unverifiable';

/** A portal is read again after this many ms at the latest: it may have been disconnected. */
const knownMs = 60_000;
/** After a read that did not help, the table is left alone for this long. */
const missMs = 5_000;
/** So many portals are remembered; the one that was put in first goes first. */
const maxRemembered = 5_000;

interface Remembered {
  portal: Pick<Portal, 'state' | 'tokenDigests' | 'robotKeyDigests'> | undefined;
  readAt: number;
  /** When a read last did not help. */
  missedAt: number | undefined;
}

/**
 * Checks who sent an event, by the digest of its application token and what the table knows of the portal. Remembers
 * portals between invocations; a token that is not among a remembered portal's makes it read the table once more,
 * because the token may be new.
 */
export class SenderCheck {
  readonly #portals: Pick<PortalStore, 'get'>;
  readonly #clock: Clock;
  readonly #remembered = new Map<string, Remembered>();

  constructor(portals: Pick<PortalStore, 'get'>, clock: Clock) {
    this.#portals = portals;
    this.#clock = clock;
  }

  async check({
    memberId,
    domain,
    digest,
  }: {
    memberId: string;
    domain: string;
    digest: string;
  }): Promise<SenderVerdict> {
    const remembered = this.#remembered.get(memberId);
    const now = this.#clock();
    if (remembered && isKnown(remembered, digest, now) && now - remembered.readAt < knownMs) return 'known';

    if (now - (remembered?.missedAt ?? Number.NEGATIVE_INFINITY) >= missMs) {
      try {
        const portal = await this.#portals.get(memberId);
        const known = isKnown({ portal }, digest, now);
        this.#remember(memberId, portal, known ? undefined : now);
        if (known) return 'known';
      } catch {
        // The table does not answer. Durable first: the event is taken, and checked when the table answers again.
        return 'unverifiable';
      }
    }
    return this.#checkWebhook(domain, digest);
  }

  /** A webhook connection that waits for the event that names its member id: `plan` checks and adopts it. */
  async #checkWebhook(domain: string, digest: string): Promise<SenderVerdict> {
    const id = pendingWebhookId(domain);
    const remembered = this.#remembered.get(id);
    const now = this.#clock();
    if (remembered?.missedAt !== undefined && now - remembered.missedAt < missMs)
      return waitsFor(remembered, digest, now);
    try {
      const pending = await this.#portals.get(id);
      const verdict = waitsFor({ portal: pending }, digest, now);
      this.#remember(id, pending, verdict === 'unknown' ? now : undefined);
      return verdict;
    } catch {
      return 'unverifiable';
    }
  }

  #remember(id: string, portal: Portal | undefined, missedAt: number | undefined): void {
    this.#remembered.delete(id);
    const [oldest] = this.#remembered.keys();
    if (this.#remembered.size >= maxRemembered && oldest !== undefined) this.#remembered.delete(oldest);
    this.#remembered.set(id, { portal, readAt: this.#clock(), missedAt });
  }
}

function isKnown(remembered: Pick<Remembered, 'portal'> | undefined, digest: string, now: number): boolean {
  const portal = remembered?.portal;
  return portal?.state === 'active' && isTokenOf(portal, digest, now);
}

function waitsFor({ portal }: Pick<Remembered, 'portal'>, digest: string, now: number): SenderVerdict {
  return portal && isTokenOf(portal, digest, now) ? 'unverifiable' : 'unknown';
}
