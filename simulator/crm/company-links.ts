import { EntityType } from '../../lib/bitrix24/entity-types.ts';
import type { ContactLinks } from './contact-links.ts';

/** The companies of a contact, seen from the contact; they are kept with the companies. */
export class CompanyLinks {
  readonly #links: ContactLinks;

  constructor(links: ContactLinks) {
    this.#links = links;
  }

  /** The company becomes the contact's primary one, beside those it has; 0 takes the contact out of all. */
  choose(contactId: number, companyId: number): void {
    if (companyId === 0) {
      this.replace(contactId, []);
      return;
    }
    for (const company of this.#links.companiesOf(contactId)) {
      const link = this.#links.of(EntityType.company, company.companyId).find((one) => one.contactId === contactId);
      if (link) link.primary = false;
    }
    this.#add(contactId, companyId, true);
  }

  /** Exactly these, the first being the primary one. */
  replace(contactId: number, companyIds: readonly number[]): void {
    for (const { companyId } of this.#links.companiesOf(contactId)) {
      const rest = this.#links.of(EntityType.company, companyId).filter((link) => link.contactId !== contactId);
      this.#links.replace(EntityType.company, companyId, rest);
    }
    for (const [index, companyId] of companyIds.entries()) this.#add(contactId, companyId, index === 0);
  }

  #add(contactId: number, companyId: number, primary: boolean): void {
    const others = this.#links.of(EntityType.company, companyId).filter((link) => link.contactId !== contactId);
    const sort = Math.max(0, ...others.map((link) => link.sort)) + 10;
    this.#links.replace(EntityType.company, companyId, [...others, { contactId, sort, primary }]);
  }
}
