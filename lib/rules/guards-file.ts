import * as z from 'zod';
import { type Guards, recentActivityMs } from './guards.ts';
import { parseWait, waitTextSchema } from './wait.ts';

/** In YAML 1.2 on and off are text. */
const switchSchema = z.union([z.boolean(), z.enum(['on', 'off'])]);
const guard = (keeps: string) => switchSchema.optional().describe(`off: ${keeps} keep nothing. Default: on.`);

/** The guards of a rule as they are written. */
export const guardsFileSchema = z.strictObject({
  // Stryker disable StringLiteral: texts for people
  'open-deals': guard('open deals'),
  'won-deals': guard('won deals'),
  'open-leads': guard('open leads'),
  'open-items': guard('open items of smart processes'),
  quotes: guard('quotes, in whatever stage,'),
  invoices: guard('invoices, in whatever stage,'),
  duplicates: guard('what records with the same phone or e-mail have, and open leads with them,'),
  // Stryker restore StringLiteral
  'recent-activity': z
    .union([waitTextSchema.refine((text) => parseWait(text) !== 0), switchSchema])
    .optional()
    .describe('An activity so recent keeps a contact or company: a time, or off. Default: 30d.'),
});

type GuardsFile = z.infer<typeof guardsFileSchema>;

export function toGuards({ 'recent-activity': recent, ...switches }: GuardsFile = {}): Guards {
  const isOn = (value: GuardsFile['quotes']) => value !== false && value !== 'off';
  return {
    'open-deals': isOn(switches['open-deals']),
    'won-deals': isOn(switches['won-deals']),
    'open-leads': isOn(switches['open-leads']),
    'open-items': isOn(switches['open-items']),
    quotes: isOn(switches.quotes),
    invoices: isOn(switches.invoices),
    duplicates: isOn(switches.duplicates),
    'recent-activity': toRecent(recent),
  };
}

function toRecent(recent: GuardsFile['recent-activity']): number {
  if (recent === false || recent === 'off') return 0;
  return parseWait(String(recent)) ?? recentActivityMs;
}
