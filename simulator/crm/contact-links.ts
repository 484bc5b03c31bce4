import { EntityType } from '../../lib/bitrix24/entity-types.ts';
import type { ContactLink, PortalState } from '../state.ts';
import { OwnerIndex } from './owner-index.ts';

/** The contacts of deals, leads, items and companies, in their order. */
export class ContactLinks {
  readonly #state: PortalState;
  /** The keys of the owners (`2:101`) by contact. */
  readonly #owners = new OwnerIndex<string>();

  constructor(state: PortalState) {
    this.#state = state;
    for (const [key, links] of Object.entries(state.links)) {
      for (const link of links) this.#owners.add(String(link.contactId), key);
    }
  }

  of(ownerTypeId: number, ownerId: number): readonly ContactLink[] {
    return this.#state.links[`${ownerTypeId}:${ownerId}`] ?? [];
  }

  ids(ownerTypeId: number, ownerId: number): number[] {
    return this.of(ownerTypeId, ownerId).map((link) => link.contactId);
  }

  /** The companies of a contact in the order of their ids, and which of them is its primary one. */
  companiesOf(contactId: number): { companyId: number; primary: boolean }[] {
    const companies = this.ownersOf(contactId, EntityType.company).flatMap((companyId) => {
      const link = this.of(EntityType.company, companyId).find((candidate) => candidate.contactId === contactId);
      return link ? [{ companyId, primary: link.primary }] : [];
    });
    return companies.toSorted((a, b) => a.companyId - b.companyId);
  }

  /** The ids of the records of a type that the contact is linked to. */
  ownersOf(contactId: number, ownerTypeId: number): number[] {
    const prefix = `${ownerTypeId}:`;
    const keys = this.#owners.of(String(contactId)).filter((key) => key.startsWith(prefix));
    return keys.map((key) => Number(key.slice(prefix.length)));
  }

  replace(ownerTypeId: number, ownerId: number, links: readonly ContactLink[]): void {
    const sorted = links.toSorted((a, b) => a.sort - b.sort);
    const former = this.of(ownerTypeId, ownerId);
    this.#put(`${ownerTypeId}:${ownerId}`, sorted);
    if (ownerTypeId !== EntityType.company) return;
    const [before, after] = [new Set(former), new Set(sorted)];
    const touched = [...former, ...sorted].filter((link) => !before.has(link) || !after.has(link));
    for (const contactId of new Set(touched.map((link) => link.contactId))) this.#settlePrimary(contactId);
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
    for (const key of this.#owners.of(String(contactId))) {
      const rest = (this.#state.links[key] ?? []).filter((link) => link.contactId !== contactId);
      const [first] = rest;
      const isCompany = key.startsWith(`${EntityType.company}:`);
      if (first && !isCompany && !rest.some((link) => link.primary)) first.primary = true;
      this.#put(key, rest);
    }
  }

  clear(): void {
    this.#state.links = {};
    this.#owners.clear();
  }

  #put(key: string, links: ContactLink[]): void {
    for (const link of this.#state.links[key] ?? []) this.#owners.remove(String(link.contactId), key);
    for (const link of links) this.#owners.add(String(link.contactId), key);
    if (links.length === 0) delete this.#state.links[key];
    else this.#state.links[key] = links;
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
