import * as z from 'zod';

const day = 24 * 3_600_000;

/** Guards that are either on or off, by what a contact or company has that keeps it. */
export const switchedGuards = [
  'open-deals',
  'won-deals',
  'open-leads',
  'open-items',
  'quotes',
  'invoices',
  'duplicates',
] as const;
export type SwitchedGuard = (typeof switchedGuards)[number];

/** Every guard by the name that stands in rules files, tasks and their history. */
export type GuardName = SwitchedGuard | 'recent-activity';
export const guardNames: readonly GuardName[] = [...switchedGuards, 'recent-activity'];

/** So recent an activity keeps a contact or company, unless the rule says otherwise; in ms. */
export const recentActivityMs = 30 * day;

const on = z.boolean().default(true);

/** The guards of a rule as the rest of the program knows them. What was stored before there were guards has all of them. */
export const guardsSchema = z.strictObject({
  'open-deals': on,
  'won-deals': on,
  'open-leads': on,
  'open-items': on,
  quotes: on,
  invoices: on,
  duplicates: on,
  /** How recent, in ms; 0 is off. */
  'recent-activity': z.int().min(0).default(recentActivityMs),
});
export type Guards = z.infer<typeof guardsSchema>;

export const allGuards: Guards = guardsSchema.parse({});

/** Whether some guard keeps less than before. */
export function keepsLess(before: Guards, after: Guards): boolean {
  return (
    switchedGuards.some((name) => before[name] && !after[name]) || after['recent-activity'] < before['recent-activity']
  );
}
