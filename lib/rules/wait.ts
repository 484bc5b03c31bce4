import * as z from 'zod';

const unitMs = {
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
  y: 365 * 86_400_000,
} as const;

/** Ten years of 365 days. */
export const longestWaitMs = 10 * unitMs.y;

const form = /^(0|[1-9]\d{0,6})([mhdwy])$/;

/**
 * `0m`, `90m`, `24h`, `30d`, `2w`, `10y` in ms. A day is 24 hours and a year 365 days: these are spans, not dates.
 *
 * @returns undefined when the text is no such time or is longer than ten years
 */
export function parseWait(text: string): number | undefined {
  const found = form.exec(text);
  // NaN, which is no time at all, for any other text.
  const ms = Number(found?.[1]) * unitMs[found?.[2] as keyof typeof unitMs];
  return ms <= longestWaitMs ? ms : undefined;
}

/** The text of such a time. */
export const waitTextSchema = z
  .string()
  .regex(form)
  .refine((text) => parseWait(text) !== undefined);
