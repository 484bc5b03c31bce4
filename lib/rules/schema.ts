import * as z from 'zod';
import { whereSchema } from './conditions.ts';
import { allGuards, guardsSchema } from './guards.ts';
import type { Protect } from './protect.ts';

export const ruleIdSchema = z
  .string()
  .max(64)
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/);

/** A smart process or the smart invoice (31), by the number that `crm.type.list` calls `entityTypeId`. */
export const dynamicTypeSchema = z.union([z.literal(31), z.int().min(128).max(191), z.int().min(1030).max(1_000_000)]);

/** The smart invoice, and the numbers Bitrix24 gives to smart processes (data-types.md#object_type). */
export function isDynamicType(type: number): boolean {
  return dynamicTypeSchema.safeParse(type).success;
}

/** Records that can be lost: deals, leads, items of a smart process. */
export const recordTypeSchema = z.union([z.literal('deal'), z.literal('lead'), dynamicTypeSchema]);
export type RecordType = z.infer<typeof recordTypeSchema>;

export const whenSchema = z.strictObject({
  type: recordTypeSchema.describe(
    'Which records: deal, lead, or the number (entityTypeId) of a smart process; 31 is the invoice.',
  ),
  pipelines: z
    .array(z.int().min(0))
    .min(1)
    .max(100)
    .optional()
    .describe("The pipelines' numbers; 0 is the main one of deals. Left out: all of them. Leads have none."),
  /** After `resolveRules` codes only. */
  stages: z
    .union([z.literal('all-lost'), z.array(z.string().trim().min(1).max(255)).min(1).max(100)])
    .describe('all-lost, or the lost stages by code or name.'),
});

/** The methods that delete contacts. The second is deprecated and slow; some portals' handlers listen to it alone. */
export const contactMethods = ['crm.item.delete', 'crm.contact.delete'] as const;

/** What a rule may remove, written as one word. `deal`, `lead` and `item` are the lost record itself. */
export const plainDeletions = [
  'deal-contacts',
  'company-contacts',
  'contacts',
  'company',
  'deal',
  'lead',
  'item',
] as const;

/** One entry of `delete` as the rest of the program knows it. */
export const ruleDeletionSchema = z.discriminatedUnion('what', [
  z.strictObject({ what: z.literal('deal-contacts') }),
  z.strictObject({ what: z.literal('company-contacts') }),
  z.strictObject({ what: z.literal('contacts'), via: z.enum(contactMethods) }),
  z.strictObject({ what: z.literal('company') }),
  z.strictObject({ what: z.literal('deal') }),
  z.strictObject({ what: z.literal('lead') }),
  z.strictObject({ what: z.literal('item') }),
  z.strictObject({ what: z.literal('items'), type: dynamicTypeSchema }),
]);
export type RuleDeletion = z.infer<typeof ruleDeletionSchema>;

/** From what the wait is counted. The last activity counts from the loss on: an older one changes nothing. */
export const waitFroms = ['loss', 'last-activity'] as const;

export const descriptionSchema = z.string().max(500);

/** `observe`: the rule plans and records, whatever its portal's mode, and deletes nothing. */
export const ruleModes = ['observe', 'enforce'] as const;

/** What is kept of what is removed: whole records, or only which they were. */
export const snapshotDepths = ['full', 'ids'] as const;

/** A rule as the rest of the program knows it. */
export const ruleSchema = z.strictObject({
  id: ruleIdSchema,
  description: descriptionSchema.optional(),
  enabled: z.boolean(),
  when: whenSchema,
  where: whereSchema,
  /** From the loss, or the last activity after it, to the deletion; in ms. */
  waitMs: z.int().min(0),
  waitFrom: z.enum(waitFroms),
  delete: z.array(ruleDeletionSchema).min(1).max(10),
  // The defaults are of what was stored before there were these keys.
  mode: z.enum(ruleModes).default('enforce'),
  /** Whether a comment in the timeline tells of the deletion. */
  comment: z.boolean().default(false),
  snapshot: z.enum(snapshotDepths).default('full'),
  /** What keeps contacts and companies. */
  guards: guardsSchema.default(allGuards),
});
export type Rule = z.infer<typeof ruleSchema>;

/** In the rules file, both counted from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A rules file, loaded. */
export interface RuleSet {
  readonly version: 1;
  readonly rules: readonly Rule[];
  /** What none of the rules touches. */
  readonly protect: Protect;
  /** The file's name for messages. */
  readonly file: string;
  /** Where every value stands, by its path: `rules[0].when.stages[1]`. */
  readonly positions: ReadonlyMap<string, Position>;
  /** Where every key stands, by the path of its value. */
  readonly keys: ReadonlyMap<string, Position>;
}
