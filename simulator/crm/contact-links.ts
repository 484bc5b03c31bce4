import { EntityType } from '../../lib/bitrix24/entity-types.ts';
import type { ContactLink, PortalState } from '../state.ts';

/** The contacts of deals, leads, items and companies, in their order. */
export class ContactLinks {
  readonly #state: PortalState;

  constructor(state: PortalState) {
    this.#state = state;
  }

  of(ownerTypeId: number, ownerId: number): readonly ContactLink[] {
    return this.#state.links[`${ownerTypeId}:${ownerId}`] ?? [];
  }

  ids(ownerTypeId: number, ownerId: number): number[] {
    return this.of(ownerTypeId, ownerId).map((link) => link.contactId);
  }

  /** The companies of a contact in the order of their ids, and which of them is its primary one. */
  companiesOf(contactId: number): { companyId: number; primary: boolean }[] {
    const prefix = `${EntityType.company}:`;
    const keys = Object.keys(this.#state.links).filter((key) => key.startsWith(prefix));
    return keys.flatMap((key) => {
      const link = this.#state.links[key]?.find((candidate) => candidate.contactId === contactId);
      return link ? [{ companyId: Number(key.slice(prefix.length)), primary: link.primary }] : [];
    });
  }

  replace(ownerTypeId: number, ownerId: number, links: readonly ContactLink[]): void {
    const sorted = links.toSorted((a, b) => a.sort - b.sort);
    const former = this.ids(ownerTypeId, ownerId);
    if (sorted.length === 0) delete this.#state.links[`${ownerTypeId}:${ownerId}`];
    else this.#state.links[`${ownerTypeId}:${ownerId}`] = sorted;
    if (ownerTypeId === EntityType.company) {
      for (const contactId of new Set([...former, ...sorted.map((link) => link.contactId)]))
        this.#settlePrimary(contactId);
    }
  }

  replaceIds(ownerTypeId: number, ownerId: number, contactIds: readonly number[]): void {
    const links = [...new Set(contactIds)].map((contactId, index) => ({
      contactId,
      sort: (index + 1) * 10,
      primary: index === 0,
    }));
    this.replace(ownerTypeId, ownerId, links);
  }

  /** Takes a contact out of every record it is linked to. */
  forget(contactId: number): void {
    for (const [key, links] of Object.entries(this.#state.links)) {
      if (!links.some((link) => link.contactId === contactId)) continue;
      const rest = links.filter((link) => link.contactId !== contactId);
      if (rest.length === 0) {
        delete this.#state.links[key];
        continue;
      }
      const [first] = rest;
      const isCompany = key.startsWith(`${EntityType.company}:`);
      if (first && !isCompany && !rest.some((link) => link.primary)) first.primary = true;
      this.#state.links[key] = rest;
    }
  }

  /** A contact with companies has exactly one primary company, and names it as its `companyId`. */
  #settlePrimary(contactId: number): void {
    const companies = this.companiesOf(contactId);
    const primary = companies.find((company) => company.primary) ?? companies[0];
    for (const { companyId } of companies) {
      const link = this.of(EntityType.company, companyId).find((candidate) => candidate.contactId === contactId);
      if (link) link.primary = companyId === primary?.companyId;
    }
    const contact = this.#state.records[String(EntityType.contact)]?.[String(contactId)];
    if (contact) contact.companyId = primary?.companyId ?? 0;
  }
}
