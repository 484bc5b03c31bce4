import type { Address, BankDetail, ContactLink, CrmRecord, PortalState, ProductRow, Requisite } from './state.ts';

/** Records by `2:101`, linked contacts and product rows by owner, requisites: what `toEqual` compares. It shares nothing with the portal. */
export interface PortalSnapshot {
  readonly records: Readonly<Record<string, CrmRecord>>;
  readonly links: Readonly<Record<string, readonly ContactLink[]>>;
  readonly productRows: Readonly<Record<string, readonly ProductRow[]>>;
  readonly requisites: readonly Requisite[];
  readonly bankDetails: readonly BankDetail[];
  readonly addresses: readonly Address[];
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
  const { productRows, requisites, bankDetails, addresses } = state;
  const belongings = structuredClone({ productRows, requisites, bankDetails, addresses });
  return { records, links: Object.fromEntries(links), ...belongings };
}
