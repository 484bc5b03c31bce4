import type { ContactLink, CrmRecord, PortalState } from './state.ts';

/** Records by `2:101`, linked contacts by owner: what `toEqual` compares. It shares nothing with the portal. */
export interface PortalSnapshot {
  readonly records: Readonly<Record<string, CrmRecord>>;
  readonly links: Readonly<Record<string, readonly ContactLink[]>>;
}

export function snapshotOf(state: PortalState): PortalSnapshot {
  const records: Record<string, CrmRecord> = {};
  for (const [type, ofType] of Object.entries(state.records)) {
    for (const [id, record] of Object.entries(ofType)) {
      records[`${type}:${id}`] = {
        ...record,
        parents: { ...record.parents },
        custom: structuredClone(record.custom),
      };
    }
  }
  const links = Object.entries(state.links).map(([key, of]) => [key, of.map((link) => ({ ...link }))] as const);
  return { records, links: Object.fromEntries(links) };
}
