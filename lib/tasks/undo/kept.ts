import * as z from 'zod';
import { contactLinksSchema } from '../../bitrix24/answers.ts';

/** Rows of requisites, bank details and addresses are kept as the portal gives them: UPPER_CASE, everything text. */
const rowSchema = z.record(z.string(), z.unknown());
export type KeptRow = z.infer<typeof rowSchema>;

const keptRequisiteSchema = z.object({
  fields: rowSchema,
  bankDetails: z.array(rowSchema),
  addresses: z.array(rowSchema),
});
export type KeptRequisite = z.infer<typeof keptRequisiteSchema>;

/** A record that is about to be deleted, complete enough to make it anew. */
export const keptRecordSchema = z.object({
  entityTypeId: z.int(),
  id: z.int(),
  /** Every field, as `crm.item.list` gives it; none with `snapshot: ids`. */
  fields: rowSchema,
  requisites: z.array(keptRequisiteSchema).default([]),
  productRows: z.array(rowSchema).default([]),
});
export type KeptRecord = z.infer<typeof keptRecordSchema>;

/** Contacts linked to a record, in their order: of which some are about to be deleted, or the record is. */
export const keptOwnerSchema = z.object({ entityTypeId: z.int(), id: z.int(), contacts: contactLinksSchema });
export type KeptOwner = z.infer<typeof keptOwnerSchema>;

/** A record that names in a field another one, which is about to be deleted. */
export const keptNameSchema = z.object({
  entityTypeId: z.int(),
  id: z.int(),
  /** `companyId`, `leadId`, `parentId…`. */
  field: z.string(),
  to: z.int(),
});
export type KeptName = z.infer<typeof keptNameSchema>;

/** The companies that a contact had, before one of them, its primary one, was unlinked or deleted. */
export const keptCompaniesSchema = z.object({ contactId: z.int(), companyIds: z.array(z.int()) });
export type KeptCompanies = z.infer<typeof keptCompaniesSchema>;
