/** Bitrix24's numbers for its record types (`entityTypeId`), as far as tidy24 names them. Source: data-types.md#object_type. */
export const EntityType = {
  lead: 1,
  deal: 2,
  contact: 3,
  company: 4,
  smartInvoice: 31,
} as const;

/** Quotes, which no rule is about: guards look at them. */
export const quoteTypeId = 7;
