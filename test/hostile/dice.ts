import { SeededRandom } from '../../simulator/random.ts';

/** Draws from a seed: the same seed draws the same. */
export class Dice {
  readonly #random: SeededRandom;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
    // Neighbouring seeds begin alike.
    for (let skipped = 0; skipped < 5; skipped += 1) this.#random.next();
  }

  /** A whole number from 0 up to and without `below`. */
  below(below: number): number {
    return Math.floor(this.#random.next() * below);
  }

  chance(probability: number): boolean {
    return this.#random.next() < probability;
  }

  one<T>(all: readonly T[]): T | undefined {
    return all[this.below(all.length)];
  }

  some<T>(all: readonly T[], count: number): T[] {
    const left = [...all];
    return Array.from({ length: Math.min(count, left.length) }, () => left.splice(this.below(left.length), 1)).flat();
  }
}
