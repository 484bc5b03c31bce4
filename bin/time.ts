/** `2026-07-29T10:00:00.000Z` for ms since the epoch; undefined stays undefined. */
export function iso(ms: number): string;
export function iso(ms: number | undefined): string | undefined;
export function iso(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString();
}

/** Rounded down: times of a portal have whole seconds, and a moment with a fraction would lie after its own second. */
export function fullSecond(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}
