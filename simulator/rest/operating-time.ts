import type { BatchBilling, PortalLimits } from '../options.ts';

const BASKETS = 10;

interface Basket {
  readonly index: number;
  /** Ms of the first call in it. */
  readonly firstAt: number;
  seconds: number;
}

interface Account {
  baskets: Basket[];
  /** Ms; only with `batchBilling: 'both'`. */
  bannedUntil: number;
}

/** What an answer's `time` says about a method: seconds used, and the unix second at which the oldest basket empties. */
export interface OperatingReport {
  readonly operating: number;
  readonly operatingResetAt: number;
}

/** The operating time of every (credential, method), in ten baskets over the window. Checked before a call, billed after it. */
export class OperatingTime {
  readonly #limits: PortalLimits;
  readonly #billing: BatchBilling;
  readonly #accounts = new Map<string, Account>();

  constructor(limits: PortalLimits, billing: BatchBilling) {
    this.#limits = limits;
    this.#billing = billing;
  }

  /** The call that crosses the limit still finishes; the next one is blocked. */
  isBlocked(credential: string, method: string, now: number): boolean {
    const account = this.#accounts.get(keyOf(credential, method));
    if (!account) return false;
    if (now < account.bannedUntil) return true;
    return this.#sum(account, now) > this.#limits.operatingSeconds;
  }

  bill(credential: string, method: string, seconds: number, now: number): void {
    if (seconds <= this.#limits.unbilledSeconds || seconds <= 0) return;
    const key = keyOf(credential, method);
    const account = this.#accounts.get(key) ?? { baskets: [], bannedUntil: 0 };
    this.#accounts.set(key, account);
    const index = Math.floor(now / this.#basketMs);
    const basket = account.baskets.find((candidate) => candidate.index === index);
    if (basket) basket.seconds += seconds;
    else account.baskets.push({ index, firstAt: now, seconds });
    if (this.#billing === 'both' && this.#sum(account, now) > this.#limits.operatingSeconds) {
      account.bannedUntil = now + this.#limits.banSeconds * 1000;
      account.baskets = [];
    }
  }

  report(credential: string, method: string, now: number): OperatingReport {
    const account = this.#accounts.get(keyOf(credential, method));
    const operating = account ? this.#sum(account, now) : 0;
    const end = account && account.bannedUntil > now ? account.bannedUntil : this.#oldest(account, now);
    return { operating: Math.round(operating * 1e6) / 1e6, operatingResetAt: Math.floor(end / 1000) };
  }

  #oldest(account: Account | undefined, now: number): number {
    return (account?.baskets[0]?.firstAt ?? now) + this.#limits.windowSeconds * 1000;
  }

  #sum(account: Account, now: number): number {
    const current = Math.floor(now / this.#basketMs);
    account.baskets = account.baskets.filter((basket) => basket.index > current - BASKETS);
    return account.baskets.reduce((total, basket) => total + basket.seconds, 0);
  }

  get #basketMs(): number {
    return (this.#limits.windowSeconds * 1000) / BASKETS;
  }
}

function keyOf(credential: string, method: string): string {
  return `${credential} ${method}`;
}
