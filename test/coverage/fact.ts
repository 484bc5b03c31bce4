/** One thing that Bitrix24 is documented to do, and that tidy24 must have a proven reaction to. */
export interface Fact {
  /** `answer/query-limit-exceeded/deleting`: what a test carries in brackets at the end of its title. */
  readonly id: string;
  /** In our own words. */
  readonly says: string;
  /** Why no test proves it yet. It counts as missing all the same. */
  readonly pending?: string;
}

export interface FactGroup {
  readonly title: string;
  readonly facts: readonly Fact[];
}

const bracketed = /\[([a-z0-9-]+(?:\/[a-z0-9.-]+)+)\]/g;

/** In a title, `[answer/expired-token/deleting]`; there may be several. */
export function factIdsIn(title: string): string[] {
  return [...title.matchAll(bracketed)].map(([, id = '']) => id);
}

/** The title alone, on one line. */
export function withoutFactIds(title: string): string {
  return title.replaceAll(bracketed, '').replaceAll(/\s+/g, ' ').trim();
}
