import type { Rule } from './scenario.ts';

/** What of a record people set. */
export interface Fields {
  readonly stage: string;
  readonly company: number;
  readonly contacts: readonly number[];
  /** Of a contact. */
  readonly companies: readonly number[];
  /** By entityTypeId. */
  readonly parents: Readonly<Record<number, number>>;
  readonly reason: string;
  readonly amount: number;
}

export interface Key {
  readonly type: number;
  readonly id: number;
}

/** What really happened, and when (ms since the epoch). `heard`: an event about the record arrived. */
export type Entry = { readonly at: number } & (
  | ({ readonly what: 'added' | 'changed' } & Key & { readonly set: Partial<Fields> })
  | ({ readonly what: 'removed' | 'activity' | 'forbidden' | 'heard' } & Key)
  | { readonly what: 'rules'; readonly rules: readonly Rule[] }
  | { readonly what: 'mode'; readonly mode: 'observe' | 'enforce' }
  | { readonly what: 'sorted'; readonly code: string; readonly sort: number }
  /** What was heard since tidy24 last worked was lost. */
  | { readonly what: 'events-lost' }
  /** From `at` to then tidy24 worked until nothing was left to do. */
  | { readonly what: 'worked'; readonly until: number }
);

export const keyOf = ({ type, id }: Key): string => `${type}:${id}`;
