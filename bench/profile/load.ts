import type { Deployed } from '../support/deployed/deployed.ts';

/** Work for one function, without end. */
export interface Load {
  readonly functionKey: string;
  /** What one piece of it is called in the table: `event`. */
  readonly unit: string;
  /** Prepares the portals and the tables. */
  prepare(deployed: Deployed): Promise<void>;
  /** Lets the function do so many pieces, at least; gives how many it were. */
  work(count: number): Promise<number>;
  close(): Promise<void>;
}
