import type { Portal } from '../portals/portal.ts';
import { PortalSession, type SessionOptions } from '../portals/session.ts';
import type { StoredRule } from '../rules/version.ts';
import type { PresentRecord } from './decide.ts';
import { readRecords, recordCommands, type Records } from './read-records.ts';
import { isPortalTrouble } from './run.ts';
import { semanticsFrom, stageCommands } from './stage-semantics.ts';
import type { RecordKey } from './task.ts';

/** Records asked for in one request: few enough to be answered in seconds. */
const atOnce = 500;
/** One look at a portal, with a refresh of its token if need be, in ms. */
const lookMs = 80_000;

/** A record to look at, and the stage that it was in when somebody looked last. */
export interface Known {
  readonly record: RecordKey;
  readonly stageId?: string | undefined;
}

/** The records as they are now, and why some are not known. */
export interface Seen {
  readonly records: Records;
  /** The portal's trouble in its own words; undefined when it answered. */
  readonly trouble?: string;
}

/**
 * Reads records of one portal for somebody who wants to know whether it is worth going on. What cannot be read is left
 * out and stops nothing: the worker reads again anyway.
 */
export async function lookAgain(
  options: SessionOptions,
  portal: Portal,
  known: readonly Known[],
  rules: readonly StoredRule[],
): Promise<Seen> {
  const records = new Map<string, PresentRecord>();
  if (portal.pause || portal.state !== 'active') return { records };
  try {
    for (let start = 0; start < known.length; start += atOnce) {
      const some = known.slice(start, start + atOnce);
      const keys = some.map(({ record }) => record);
      const stages = some.map(({ record, stageId = '' }) => ({ entityTypeId: record.entityTypeId, stageId }));
      const session = new PortalSession(options, portal, options.clock() + lookMs);
      const commands = new Map([...recordCommands(keys, rules), ...stageCommands(stages)].slice(0, 50));
      const answers = await session.batch(commands, { write: false });
      for (const [key, record] of readRecords(keys, answers, semanticsFrom(answers)).records) records.set(key, record);
    }
  } catch (error) {
    if (!(error instanceof Error) || !isPortalTrouble(error)) throw error;
    return { records, trouble: error.message };
  }
  return { records };
}
