import * as z from 'zod';
import { type Condition, fieldNameSchema, mostConditions } from './conditions.ts';
import { parseWait, waitTextSchema } from './wait.ts';

/** Whole numbers that a double cannot hold would silently become others. */
const isExact = (number: number) => !Number.isInteger(number) || Number.isSafeInteger(number);

const value = z
  .union([z.string().min(1).max(500).regex(/\S/), z.number().refine(isExact), z.boolean()])
  .describe('Text, a number, or true or false. Of a list field: the id or the text of the item.');

/** The conditions that may stand in a map, in the words of the file. */
export const operators = ['equals', 'in', 'empty', 'older-than', 'at-least', 'at-most'] as const;

const conditionMapSchema = z
  .strictObject({
    equals: value.optional().describe('The field has this value.'),
    in: z.array(value).min(1).max(100).optional().describe('The field has one of these values.'),
    empty: z.boolean().optional().describe('true: the field has no value; 0 and nothing linked count as none.'),
    'older-than': waitTextSchema.optional().describe('The time in the field is longer ago than that, such as 90d.'),
    'at-least': z.number().optional().describe('The number or amount is that or more. An empty field never is.'),
    'at-most': z.number().optional().describe('The number or amount is that or less. An empty field never is.'),
  })
  .refine((condition) => Object.keys(condition).length > 0)
  .meta({ minProperties: 1 });

/** Conditions on a record's fields as they are written: a value alone is `equals`. All of them have to hold. */
export const whereFileSchema = z
  .record(fieldNameSchema, z.union([value, conditionMapSchema]))
  .refine((where) => Object.keys(where).length > 0 && Object.keys(where).length <= mostConditions)
  .meta({ minProperties: 1, maxProperties: mostConditions });
export type WhereFile = z.infer<typeof whereFileSchema>;

/** The conditions of a file in one shape. */
export function toConditions(where: WhereFile = {}): Condition[] {
  return Object.entries(where).map(([field, written]) => {
    if (typeof written !== 'object') return { field, equals: written };
    const { 'older-than': older, 'at-least': atLeast, 'at-most': atMost, ...same } = written;
    return {
      field,
      ...same,
      ...(older !== undefined && { olderThanMs: parseWait(older) ?? 0 }),
      ...(atLeast !== undefined && { atLeast }),
      ...(atMost !== undefined && { atMost }),
    };
  });
}
