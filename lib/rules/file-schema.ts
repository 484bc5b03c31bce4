import * as z from 'zod';
import { guardsFileSchema } from './guards-file.ts';
import { protectFileSchema } from './protect-file.ts';
import {
  contactMethods,
  descriptionSchema,
  dynamicTypeSchema,
  plainDeletions,
  ruleIdSchema,
  ruleModes,
  snapshotDepths,
  waitFroms,
  whenSchema,
} from './schema.ts';
import { waitTextSchema } from './wait.ts';
import { whereFileSchema } from './where-file.ts';

const contactsSchema = z.strictObject({
  contacts: z
    .strictObject({
      via: z
        .enum(contactMethods)
        .optional()
        .describe('The method to delete with. Default: crm.item.delete. The other is deprecated and slow.'),
    })
    .describe('The contacts of the lost record themselves, with a choice of the method.'),
});

const itemsSchema = z.strictObject({
  items: z
    .strictObject({
      type: dynamicTypeSchema.describe("The smart process's number (entityTypeId); 31 is the invoice."),
      linked: z.literal('parent').default('parent').describe('How they are linked: the lost record is their parent.'),
    })
    .describe('The items of a smart process that have the lost record as their parent.'),
});

const plainSchema = z
  .enum(plainDeletions)
  .describe(
    "deal-contacts and company-contacts remove links only: the deal's contacts, all contacts of its company. contacts, " +
      'company, and deal, lead or item (the lost record itself) delete records.',
  );

const deletionFileSchema = z.union([plainSchema, contactsSchema, itemsSchema]);

const waitFileSchema = z.union([
  waitTextSchema,
  z.strictObject({
    for: waitTextSchema.describe('A time from 0m to 10y.'),
    from: z
      .enum(waitFroms)
      .default('loss')
      .describe('last-activity: each activity after the loss begins the wait anew.'),
  }),
]);

/** One rule as it is written. */
export const ruleFileSchema = z.strictObject({
  id: ruleIdSchema.describe('The name of the rule, in tasks and messages: lower-case letters, digits, hyphens.'),
  description: descriptionSchema.optional().describe('For people; changes nothing.'),
  enabled: z.boolean().default(true).describe('false: the rule is kept and does nothing. Default: true.'),
  when: whenSchema.describe('Which lost records the rule is about.'),
  where: whereFileSchema.optional().describe("Conditions on the record's own fields. All of them have to hold."),
  wait: waitFileSchema
    .default('24h')
    .describe('The time from the loss to the deletion: m, h, d, w or y, from 0m to 10y. Default: 24h.'),
  delete: z
    .array(deletionFileSchema)
    .min(1)
    .max(10)
    .describe('What is removed. It is carried out in a safe order, whatever the order here.'),
  mode: z
    .enum(ruleModes)
    .default('enforce')
    .describe(
      'observe: the rule only records what it would delete, whatever the mode of the portal. Default: enforce.',
    ),
  comment: z
    .boolean()
    .default(false)
    .describe(
      'true: a comment in the timeline of the lost record says what will be removed and when, and another what was. ' +
        'Default: false.',
    ),
  snapshot: z
    .enum(snapshotDepths)
    .default('full')
    .describe('ids: of removed records only their numbers are kept, so that they cannot be put back. Default: full.'),
  guards: guardsFileSchema
    .optional()
    .describe('What keeps contacts and companies from being deleted or unlinked. All guards are on by default.'),
});
export type RuleFile = z.infer<typeof ruleFileSchema>;

/** The rules file as it is written. */
export const rulesFileSchema = z.strictObject({
  version: z.literal(1).describe('The version of this form of file.'),
  rules: z.array(ruleFileSchema).max(100).describe('At most 100 rules. Each acts by itself.'),
  protect: protectFileSchema.optional().describe('Records that no rule touches.'),
});
export type RulesFile = z.infer<typeof rulesFileSchema>;
