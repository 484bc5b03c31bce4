import { EntityType } from '../../lib/bitrix24/entity-types.ts';
import type { CrmRecord, PortalState } from '../state.ts';
import { OwnerIndex } from './owner-index.ts';

/** Which records name another one as their company, lead or parent, so that a deletion finds them. A contact's companies are links. */
export class References {
  readonly #referrers = new OwnerIndex<CrmRecord>();

  constructor(state: PortalState) {
    for (const records of Object.values(state.records)) for (const record of Object.values(records)) this.add(record);
  }

  add(record: CrmRecord): void {
    for (const key of keys(record)) this.#referrers.add(key, record);
  }

  /** Before a record changes, or goes. */
  remove(record: CrmRecord): void {
    for (const key of keys(record)) this.#referrers.remove(key, record);
  }

  /** Whoever named the record names nothing any more. */
  forget(entityTypeId: number, id: number): void {
    for (const record of this.#referrers.of(`${entityTypeId}:${id}`)) {
      this.remove(record);
      if (entityTypeId === EntityType.company && record.companyId === id) record.companyId = 0;
      if (entityTypeId === EntityType.lead && record.leadId === id) record.leadId = 0;
      if (record.parents[entityTypeId] === id) record.parents[entityTypeId] = 0;
      this.add(record);
    }
  }

  clear(): void {
    this.#referrers.clear();
  }
}

function keys(record: CrmRecord): string[] {
  const found = Object.entries(record.parents).flatMap(([type, id]) => (id > 0 ? [`${type}:${id}`] : []));
  if (record.leadId > 0) found.push(`${EntityType.lead}:${record.leadId}`);
  if (record.companyId > 0 && record.entityTypeId !== EntityType.contact) {
    found.push(`${EntityType.company}:${record.companyId}`);
  }
  return found;
}
