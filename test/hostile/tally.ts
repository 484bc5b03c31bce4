import type { World } from './world.ts';

/** What all runs came to, to see that they are not about nothing: how often each. */
export class Tally {
  readonly counts = new Map<string, number>();

  async add(world: World): Promise<void> {
    for (const { key, effect } of world.witness.asked)
      this.#count(`${key.split(':')[0]} ${effect ? 'deleted' : 'asked for'}`);
    for (const { status, reason, deletions = [] } of await world.tasks()) {
      this.#count(`task ${status}${reason === undefined ? '' : `: ${reason}`}`);
      for (const { what, outcome } of deletions) this.#count(`${what} ${outcome?.result ?? 'left'}`);
    }
  }

  toString(): string {
    const lines = [...this.counts].toSorted(([a], [b]) => (a < b ? -1 : 1));
    return lines.map(([what, times]) => `  ${what}: ${times}`).join('\n');
  }

  #count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }
}
