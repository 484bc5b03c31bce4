import * as z from 'zod';
import { parsePortalTime } from '../bitrix24/portal-time.ts';
import { parseWait } from './wait.ts';

const scalar = z.union([z.string().max(500), z.number(), z.boolean()]);
export type Scalar = z.infer<typeof scalar>;
const scalars = z.array(scalar).min(1).max(100);

/** A record's field by the name that the universal methods give it; a user field by its code, `UF_CRM_…`. */
export const fieldNameSchema = z
  .string()
  .max(100)
  .regex(/^([a-z][A-Za-z0-9]*|UF_CRM_[A-Z0-9_]+)$/);

/** A condition as it is written: a value alone is `equals`. All that is given has to hold. */
const conditionFileSchema = z.union([
  scalar,
  z
    .strictObject({
      equals: scalar.optional(),
      in: scalars.optional(),
      empty: z.boolean().optional(),
      'older-than': z
        .string()
        .refine((text) => parseWait(text) !== undefined)
        .optional(),
      'at-least': z.number().optional(),
      'at-most': z.number().optional(),
    })
    .refine((condition) => Object.keys(condition).length > 0),
]);

export const whereFileSchema = z.record(fieldNameSchema, conditionFileSchema);
export type WhereFile = z.infer<typeof whereFileSchema>;

/** A condition as the rest of the program knows it. */
export const conditionSchema = z.strictObject({
  field: fieldNameSchema,
  equals: scalar.optional(),
  in: scalars.optional(),
  empty: z.boolean().optional(),
  /** ms */
  olderThanMs: z.int().min(0).optional(),
  atLeast: z.number().optional(),
  atMost: z.number().optional(),
});
export type Condition = z.infer<typeof conditionSchema>;
export const whereSchema = z.array(conditionSchema).max(20);

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

/**
 * Whether a field's value meets a condition. A field that is empty meets nothing but `empty: true` and what names its
 * value, `equals: 0` for example. A field with several values meets `equals` and `in` when every one of them does.
 *
 * @param value as `crm.item.list` gives it
 * @param now ms since the epoch
 */
export function holds(condition: Condition, value: unknown, now: number): boolean {
  const { empty, equals, in: among, olderThanMs, atLeast, atMost } = condition;
  const values = (Array.isArray(value) ? (value as unknown[]) : [value]).filter((one) => !isNothing(one));
  const hasNone = values.every((one) => one === 0 || one === '0');
  if (empty !== undefined && empty !== hasNone) return false;

  const named = [...(equals === undefined ? [] : [[equals]]), ...(among === undefined ? [] : [among])];
  for (const wanted of named) {
    if (values.length === 0 || !values.every((one) => wanted.some((text) => isSame(one, text)))) return false;
  }
  if (atLeast !== undefined || atMost !== undefined) {
    if (hasNone) return false;
    for (const number of values.map(numberIn)) {
      if (!(number >= (atLeast ?? -Infinity) && number <= (atMost ?? Infinity))) return false;
    }
  }
  if (olderThanMs !== undefined) {
    if (hasNone || !values.every((one) => momentIn(one) <= now - olderThanMs)) return false;
  }
  return true;
}

function isNothing(value: unknown): boolean {
  return value === null || value === undefined || value === '';
}

/** Flags come as Y and N, 1 and 0, or true and false; everything else is compared as text. */
function isSame(value: unknown, wanted: Scalar): boolean {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return false;
  const text = String(value);
  if (typeof wanted !== 'boolean') return text === String(wanted);
  return (wanted ? ['Y', '1', 'true'] : ['N', '0', 'false']).includes(text);
}

/** A user field of money is `100|EUR`. NaN, which meets nothing, for what is no number. */
function numberIn(value: unknown): number {
  if (typeof value === 'number') return value;
  const [, digits] = typeof value === 'string' ? (/^(-?\d+(?:\.\d+)?)(?:\|[A-Z]{3})?$/.exec(value) ?? []) : [];
  return digits === undefined ? Number.NaN : Number(digits);
}

/** NaN, which meets nothing, for what is no time. A date without a time is its first moment in UTC. */
function momentIn(value: unknown): number {
  if (typeof value !== 'string') return Number.NaN;
  try {
    return parsePortalTime(/^\d{4}-\d\d-\d\d$/.test(value) ? `${value}T00:00:00Z` : value);
  } catch {
    return Number.NaN;
  }
}
