/** What the portals of the benchmark are like. Times are the portals' own, in seconds. */
export interface Setting {
  /** Ordinary portals, with nothing wrong. */
  readonly normal: number;
  /** Lost deals of a normal portal, each with one contact to unlink. */
  readonly deals: number;
  /** Those of the portal with the load, in so many times a normal one's. */
  readonly loadFactor: number;
  readonly perDeletion: number;
  /** Any other call. */
  readonly perReadCall: number;
  /** How long the slow portal takes before it begins to answer. */
  readonly slowSeconds: number;
  /** How many times as fast as real time. */
  readonly scale: number;
}

/** With TIDY24_DEALS and TIDY24_SCALE for a smaller or a slower run. */
export function setting(env: NodeJS.ProcessEnv = process.env): Setting {
  return {
    normal: 47,
    deals: positive(env, 'TIDY24_DEALS', 40),
    loadFactor: 100,
    perDeletion: 5,
    perReadCall: 0.03,
    slowSeconds: 20,
    scale: positive(env, 'TIDY24_SCALE', 4),
  };
}

function positive(env: NodeJS.ProcessEnv, name: string, otherwise: number): number {
  const value = Number(env[name] ?? otherwise);
  if (!Number.isFinite(value) || value <= 0) throw new RangeError(`${name} must be a number above 0`);
  return value;
}
