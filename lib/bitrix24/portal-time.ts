/**
 * The instant, in ms since the epoch, that a portal's time names. Portals write times with their server's zone
 * (`2026-07-29T10:00:00+02:00`), so the text itself is never compared or hashed.
 *
 * @throws RangeError when the text is no time with a zone
 */
export function parsePortalTime(text: string): number {
  const ms = /^\d{4}-\d{2}-\d{2}T.*(?:Z|[+-]\d{2}:?\d{2})$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms))
    throw new RangeError(`The portal gave a time without a zone: ${JSON.stringify(text.slice(0, 40))}`);
  return ms;
}

/** The same of a value that may be no such text: undefined then. */
export function portalTimeIn(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined;
  try {
    return parsePortalTime(value);
  } catch {
    return undefined;
  }
}
