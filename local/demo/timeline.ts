import * as z from 'zod';

/** One thing that happened, somewhere on the way of the event. `at`: ms since the epoch. */
export interface Moment {
  readonly at: number;
  readonly where: string;
  readonly what: string;
}

const logLineSchema = z.object({
  timestamp: z.iso.datetime({ offset: true }),
  level: z.string(),
  message: z.string(),
  function: z.string(),
  id: z.number().optional(),
  status: z.string().optional(),
  reason: z.string().optional(),
  source: z.string().optional(),
  result: z.string().optional(),
});

/** What a line of the functions' log tells, if it is one of ours. */
export function momentOf(line: string): Moment | undefined {
  const start = line.indexOf('{');
  if (start === -1) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(line.slice(start));
  } catch {
    return undefined;
  }
  const entry = logLineSchema.safeParse(json);
  if (!entry.success) return undefined;
  const { timestamp, function: where, message, id, status, reason, source, result } = entry.data;
  const details = [id === undefined ? '' : `deal ${id}`, source ?? '', status ?? '', result ?? '', reason ?? ''];
  const what = [message, ...details.filter((detail) => detail !== '')].join(', ');
  return { at: Date.parse(timestamp), where, what };
}

/** The moments in their order, with the ms since the first. */
export function renderTimeline(moments: readonly Moment[]): string[] {
  const sorted = moments.toSorted((a, b) => a.at - b.at);
  const first = sorted[0]?.at ?? 0;
  return sorted.map(({ at, where, what }) => `${String(at - first).padStart(6)} ms  ${where.padEnd(10)} ${what}`);
}
