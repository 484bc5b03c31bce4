import * as z from 'zod';
import { parsePortalTime } from './portal-time.ts';

/** The portal's answers as far as tidy24 reads them. Numbers arrive as numbers or strings, depending on the method. */

/** Not `z.coerce`: it takes null and the empty text for 0. */
const looseInt = z.union([
  z.int(),
  z
    .string()
    .regex(/^-?\d{1,15}$/)
    .transform(Number),
]);

/** `time` is missing on errors and on old self-hosted portals, and every field of it may be missing. */
export const timeSchema = z
  .object({
    duration: z.number().optional().catch(undefined),
    operating: z.coerce.number().optional().catch(undefined),
    operating_reset_at: z.coerce.number().optional().catch(undefined),
  })
  .optional()
  .catch(undefined);
export type AnswerTime = NonNullable<z.infer<typeof timeSchema>>;

export const envelopeSchema = z.object({
  result: z.unknown(),
  total: looseInt.optional().catch(undefined),
  next: looseInt.optional().catch(undefined),
  time: timeSchema,
});
export type RestAnswer = z.infer<typeof envelopeSchema>;

/** The presence of the key decides, not its value: the empty code is common. */
export const errorEnvelopeSchema = z
  .looseObject({ error_description: z.string().optional().catch(undefined) })
  .refine((answer) => Object.hasOwn(answer, 'error'))
  .transform(({ error, error_description }) => ({
    error: typeof error === 'string' || typeof error === 'number' ? String(error) : '',
    description: error_description ?? '',
  }));

/** PHP writes an empty map as `[]`, and a map with keys 0..n as a list. */
const phpMap = <T extends z.ZodType>(value: T) =>
  z.union([
    z.array(value).transform((list) => Object.fromEntries(list.map((entry, index) => [String(index), entry]))),
    z.record(z.string(), value),
  ]);

export const batchResultSchema = z.object({
  result: phpMap(z.unknown()).optional(),
  result_error: phpMap(errorEnvelopeSchema).optional(),
  result_total: phpMap(z.coerce.number()).optional().catch(undefined),
  result_next: phpMap(z.coerce.number()).optional().catch(undefined),
  result_time: phpMap(timeSchema).optional().catch(undefined),
});

/** 0 where nothing is linked; some builds say null. */
const link = looseInt.nullish().transform((value) => value ?? 0);
const instant = z.string().transform((text, context) => {
  try {
    return parsePortalTime(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : 'is no time' });
    return z.NEVER;
  }
});

/**
 * A record that has stages, as `crm.item.list` and `crm.item.get` give it. `stageSemanticId` is P, S or F; items of smart
 * processes have none (object-fields.md).
 */
export const recordSchema = z.object({
  id: looseInt,
  categoryId: link,
  stageId: z.string(),
  stageSemanticId: z.enum(['P', 'S', 'F']).optional(),
  movedTime: instant,
  /** null: there has been none. Absent, or in a form that cannot be read: not known. */
  lastActivityTime: z.union([instant, z.null()]).optional().catch(undefined),
  movedBy: link,
  /** Absent: not known. */
  companyId: looseInt
    .nullable()
    .transform((id) => id ?? 0)
    .optional(),
  contactIds: z.array(looseInt).optional().catch(undefined),
});
/** What is asked for of every record. A type that has no such field leaves it out of the answer. */
export const recordFields = [
  'id',
  'categoryId',
  'stageId',
  'stageSemanticId',
  'movedTime',
  'movedBy',
  'lastActivityTime',
  'companyId',
  'contactIds',
] as const;

export const itemListSchema = z.object({ items: z.array(z.unknown()) });

/** A row of `crm.deal.contact.items.get`. Kept as it came, so that the links can be put back in order. */
export const contactLinkSchema = z.object({
  CONTACT_ID: looseInt,
  SORT: looseInt.nullish(),
  ROLE_ID: looseInt.nullish(),
  IS_PRIMARY: z.enum(['Y', 'N']).nullish(),
});
export type ContactLink = z.infer<typeof contactLinkSchema>;
export const contactLinksSchema = z.array(contactLinkSchema);

/** `profile`: who the credentials act for. */
export const profileSchema = z.object({ ID: looseInt, ADMIN: z.boolean() });
export type Profile = z.infer<typeof profileSchema>;
