/** A moment as a portal writes it: `2026-07-29T10:00:00+02:00`, whole seconds, in the portal's own zone. */
export function renderMoment(ms: number, offsetMinutes: number): string {
  const local = new Date(ms + offsetMinutes * 60_000).toISOString().slice(0, 19);
  const sign = offsetMinutes < 0 ? '-' : '+';
  const minutes = Math.abs(offsetMinutes);
  return `${local}${sign}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** The moment a filter names, in ms since the epoch. Text without a zone is in the portal's zone. NaN when it is no moment. */
export function readMoment(text: string, offsetMinutes: number): number {
  const match =
    /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?))?\s?(Z|[+-]\d{2}:?\d{2})?$/.exec(text.trim()) ??
    undefined;
  if (!match) return Number.NaN;
  const [, date = '', time = '00:00:00', zone] = match;
  const utc = Date.parse(`${date}T${time}${zone === undefined ? 'Z' : withColon(zone)}`);
  return zone === undefined ? utc - offsetMinutes * 60_000 : utc;
}

function withColon(zone: string): string {
  return /^[+-]\d{4}$/.test(zone) ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
