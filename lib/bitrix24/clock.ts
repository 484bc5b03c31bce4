/** The present moment in ms since the epoch. Passed in everywhere, so that tests decide what time it is. */
export type Clock = () => number;

/** Waits that many ms, or rejects with the signal's reason when it is aborted. */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>;

/** A number in [0, 1), as Math.random gives it. */
export type Random = () => number;
