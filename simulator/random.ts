import { createHash } from 'node:crypto';

/**
 * A random source that can be repeated: the same seed gives the same ids and tokens in every run (mulberry32).
 * Its whole state is one number, so that it can be saved with a portal and go on after a restart.
 */
export class SeededRandom {
  #state: number;

  constructor(state: number) {
    this.#state = state >>> 0;
  }

  get state(): number {
    return this.#state;
  }

  /** A number in [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** That many lower-case letters and digits. */
  code(length: number): string {
    return Array.from({ length }, () => Math.floor(this.next() * 36).toString(36)).join('');
  }

  /** That many hexadecimal digits. */
  hex(length: number): string {
    return Array.from({ length }, () => Math.floor(this.next() * 16).toString(16)).join('');
  }
}

/** 32 hexadecimal digits that depend on nothing but the arguments: the member id of the portal with that index. */
export function memberIdFor(seed: number, index: number): string {
  return createHash('sha256').update(`portal ${index} of seed ${seed}`).digest('hex').slice(0, 32);
}
