import * as z from 'zod';
import { EntityType } from '../bitrix24/entity-types.ts';

/** A checkbox that people have put on their cards. */
export const holdFieldSchema = z
  .string()
  .max(100)
  .regex(/^UF_CRM_[A-Z0-9_]+$/);

const numberSchema = z.int().positive();

/** What no rule touches, as the rest of the program knows it. */
export const protectSchema = z.strictObject({
  holdField: holdFieldSchema.optional(),
  /** What the field is called on the cards of a type, by the type's number: smart processes put their own into the name. */
  holdFields: z.record(z.string(), holdFieldSchema).default({}),
  /** By the type's number. */
  ids: z.record(z.string(), z.array(numberSchema)).default({}),
  /** Users. */
  responsible: z.array(numberSchema).default([]),
  /** Codes of the directory SOURCE, once they are resolved. */
  sources: z.array(z.string()).default([]),
});
export type Protect = z.infer<typeof protectSchema>;

export const nothingProtected: Protect = protectSchema.parse({});

/** The words for types of which single records can be named. */
export const protectedTypes = {
  contact: EntityType.contact,
  company: EntityType.company,
  deal: EntityType.deal,
  lead: EntityType.lead,
} as const;

/** What the hold field of a type's cards is called; undefined when no field was named. */
export function holdFieldOf({ holdField, holdFields }: Protect, entityTypeId: number): string | undefined {
  return holdFields[String(entityTypeId)] ?? holdField;
}

/**
 * Whether whole classes of records are protected no longer: the hold field is another one or none, a user or a source
 * was taken off its list. A single record that is taken off a list was meant by whoever did it.
 */
export function protectsLess(before: Protect, after: Protect): boolean {
  return (
    (before.holdField !== undefined && before.holdField !== after.holdField) ||
    before.responsible.some((user) => !after.responsible.includes(user)) ||
    before.sources.some((source) => !after.sources.includes(source))
  );
}
