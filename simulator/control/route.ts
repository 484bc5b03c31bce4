import type { SimulatedPortal } from '../portal.ts';

/** The segments of a path that are numbers, in their order. */
export type Ids = readonly number[];

/** One thing that a person does on the portal, by hand. */
export interface Route {
  readonly method: 'GET' | 'POST';
  /** A segment of `:id` is a number. */
  readonly path: string;
  readonly does: string;
  readonly run: (
    portal: SimulatedPortal,
    params: unknown,
    ids: Ids,
  ) => Readonly<Record<string, unknown>> | Promise<Readonly<Record<string, unknown>>>;
}

/** Without the keys that are undefined: the simulator's options are exact. */
export function given<T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}
