import type { PortalLimits } from '../options.ts';

/** How many requests a portal takes: each fills the bucket by one, it empties evenly, and a full one refuses. */
export class LeakyBucket {
  readonly #limits: PortalLimits;
  #level = 0;
  #at = Number.NEGATIVE_INFINITY;

  constructor(limits: PortalLimits) {
    this.#limits = limits;
  }

  get level(): number {
    return this.#level;
  }

  /** False means 503. `now` is in ms. */
  take(now: number): boolean {
    if (this.#limits.burst === Number.POSITIVE_INFINITY) return true;
    const seconds = Math.max(0, now - this.#at) / 1000;
    this.#at = now;
    this.#level = Math.max(0, this.#level - seconds * this.#limits.perSecond);
    const fits = this.#level + 1 <= this.#limits.burst;
    if (fits || this.#limits.refusedFill) this.#level += 1;
    return fits;
  }
}
