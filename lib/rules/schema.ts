import * as z from 'zod';
import { parseWait } from './wait.ts';

/** What a rule may remove, in the words of the rules file. */
export const deletions = ['deal-contacts'] as const;

export const ruleIdSchema = z
  .string()
  .max(64)
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/);

const whenSchema = z.strictObject({
  type: z.literal('deal'),
  /** Pipeline numbers (`categoryId`); 0 is the main one. Absent: all of them. */
  pipelines: z.array(z.int().min(0)).min(1).max(100).optional(),
  /** `all-lost`, or the stages' codes or names; after `resolveStages` codes only. */
  stages: z.union([z.literal('all-lost'), z.array(z.string().trim().min(1).max(255)).min(1).max(100)]),
});

const common = {
  id: ruleIdSchema,
  description: z.string().max(500).optional(),
  when: whenSchema,
  delete: z.array(z.enum(deletions)).min(1).max(10),
};

/** The rules file as it is written. */
export const rulesFileSchema = z.strictObject({
  version: z.literal(1),
  rules: z
    .array(
      z.strictObject({
        ...common,
        enabled: z.boolean().default(true),
        /** From the loss to the deletion. */
        wait: z
          .string()
          .refine((text) => parseWait(text) !== undefined)
          .default('24h'),
      }),
    )
    .max(100),
});
export type RulesFile = z.infer<typeof rulesFileSchema>;

/** A rule as the rest of the program knows it. */
export const ruleSchema = z.strictObject({
  ...common,
  enabled: z.boolean(),
  /** From the loss to the deletion, in ms. */
  waitMs: z.int().min(0),
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
  /** The file's name for messages. */
  readonly file: string;
  /** Where every value stands, by its path: `rules[0].when.stages[1]`. */
  readonly positions: ReadonlyMap<string, Position>;
}
