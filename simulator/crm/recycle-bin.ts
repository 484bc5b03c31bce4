import { EntityType } from '../../lib/bitrix24/entity-types.ts';
import type { Binned, CrmRecord, PortalState } from '../state.ts';
import type { Belongings } from './belongings.ts';
import type { ContactLinks } from './contact-links.ts';
import { isDynamic, SMART_INVOICE } from './record-types.ts';

/**
 * Where deleted records go, if the bin of their type is on. People restore them in the interface; there is no method for
 * it. A restored record has a new id: what it named itself it names again, as far as that is there, but nothing that
 * named it does.
 */
export class RecycleBin {
  readonly #state: PortalState;
  readonly #links: ContactLinks;
  readonly #belongings: Belongings;

  constructor(state: PortalState, links: ContactLinks, belongings: Belongings) {
    this.#state = state;
    this.#links = links;
    this.#belongings = belongings;
  }

  /** The bins of smart processes are off at first (crm-type-add.md). */
  isOn(entityTypeId: number): boolean {
    const isSmartProcess = isDynamic(entityTypeId) && entityTypeId !== SMART_INVOICE;
    return this.#state.binSwitches[String(entityTypeId)] ?? !isSmartProcess;
  }

  switch(entityTypeId: number, on: boolean): void {
    this.#state.binSwitches[String(entityTypeId)] = on;
  }

  /** Before the record is removed. What belongs to it goes with it, into the bin or for good. */
  take(record: CrmRecord): void {
    const { entityTypeId, id } = record;
    const contacts = this.#links.of(entityTypeId, id).map((link) => ({ ...link }));
    const isContact = entityTypeId === EntityType.contact;
    const companies = isContact ? this.#links.companiesOf(id) : [];
    const companyIds = companies.toSorted((a, b) => Number(b.primary) - Number(a.primary)).map((one) => one.companyId);
    const belongings = this.#belongings.take(entityTypeId, id);
    if (!this.isOn(entityTypeId)) return;
    this.#state.bin.push({ record: structuredClone(record), contacts, companyIds, belongings });
  }

  /** Undefined when it is not there. */
  remove(entityTypeId: number, id: number): Binned | undefined {
    const index = this.#state.bin.findIndex(({ record }) => record.entityTypeId === entityTypeId && record.id === id);
    return index < 0 ? undefined : this.#state.bin.splice(index, 1)[0];
  }

  clear(): void {
    this.#state.bin = [];
  }
}
