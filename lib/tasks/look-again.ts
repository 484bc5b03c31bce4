import { EntityType } from '../bitrix24/entity-types.ts';
import type { Portal } from '../portals/portal.ts';
import { PortalSession, type SessionOptions } from '../portals/session.ts';
import type { PresentRecord } from './decide.ts';
import { dealCommands, readDeals } from './read-records.ts';
import { isPortalTrouble } from './run.ts';
import type { RecordKey } from './task.ts';

/** Records asked for in one request: few enough to be answered in seconds. */
const atOnce = 500;
/** One look at a portal, with a refresh of its token if need be, in ms. */
const lookMs = 80_000;

/** The records as they are now, and why some are not known. */
export interface Seen {
  readonly records: ReadonlyMap<number, PresentRecord>;
  /** The portal's trouble in its own words; undefined when it answered. */
  readonly trouble?: string;
}

/**
 * Reads deals of one portal for somebody who wants to know whether it is worth going on. What cannot be read is left
 * out and stops nothing: the worker reads again anyway.
 */
export async function lookAgain(options: SessionOptions, portal: Portal, keys: readonly RecordKey[]): Promise<Seen> {
  const records = new Map<number, PresentRecord>();
  if (portal.pause || portal.state !== 'active') return { records };
  const deals = keys.filter(({ entityTypeId }) => entityTypeId === EntityType.deal);
  const ids = [...new Set(deals.map(({ id }) => id))];
  try {
    for (let start = 0; start < ids.length; start += atOnce) {
      const some = ids.slice(start, start + atOnce);
      const session = new PortalSession(options, portal, options.clock() + lookMs);
      const answers = await session.batch(dealCommands(some), { write: false });
      for (const [id, record] of readDeals(some, answers).records) records.set(id, record);
    }
  } catch (error) {
    if (!(error instanceof Error) || !isPortalTrouble(error)) throw error;
    return { records, trouble: error.message };
  }
  return { records };
}
