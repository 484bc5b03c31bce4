/** Which owners a thing is found in: for what would otherwise be a search through everything there is. */
export class OwnerIndex<Owner> {
  readonly #owners = new Map<string, Set<Owner>>();

  add(key: string, owner: Owner): void {
    const known = this.#owners.get(key);
    if (known) known.add(owner);
    else this.#owners.set(key, new Set([owner]));
  }

  remove(key: string, owner: Owner): void {
    const known = this.#owners.get(key);
    known?.delete(owner);
    if (known?.size === 0) this.#owners.delete(key);
  }

  /** A copy, so that owners may change while one goes through them. */
  of(key: string): Owner[] {
    return [...(this.#owners.get(key) ?? [])];
  }

  clear(): void {
    this.#owners.clear();
  }
}
