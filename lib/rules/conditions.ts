import * as z from 'zod';
import { portalTimeIn } from '../bitrix24/portal-time.ts';

const scalar = z.union([z.string().max(500), z.number(), z.boolean()]);
export type Scalar = z.infer<typeof scalar>;
const scalars = z.array(scalar).min(1).max(100);

/** A record's field by the name that the universal methods give it; a user field by its code, `UF_CRM_…`. */
export const fieldNameSchema = z
  .string()
  .max(100)
  .regex(/^([a-z][A-Za-z0-9]*|UF_CRM_[A-Z0-9_]+)$/);

/** At most so many fields in one rule's `where`. */
export const mostConditions = 20;

/** A condition as the rest of the program knows it. All that is given has to hold. */
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
export const whereSchema = z.array(conditionSchema).max(mostConditions);

/**
 * Whether a field's value meets a condition. A field that is empty meets nothing but `empty: true` and what names its
 * value, `equals: 0` for example; one that the portal does not tell of meets nothing at all. A field with several
 * values meets a condition when every one of them does.
 *
 * @param value as `crm.item.list` gives it; undefined: the record came without it
 * @param now ms since the epoch
 */
export function holds(condition: Condition, value: unknown, now: number): boolean {
  if (value === undefined) return false;
  const { empty, equals, in: among, olderThanMs, atLeast, atMost } = condition;
  const values = (Array.isArray(value) ? (value as unknown[]) : [value]).filter((one) => !isNothing(one));
  const hasNone = values.every((one) => numberIn(one) === 0);
  // PHP writes an empty list as false: whether that is a "no" or nothing at all cannot be told.
  if (empty !== undefined && (empty !== hasNone || values.includes(false))) return false;

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
  return value === null || (typeof value === 'string' && value.trim() === '');
}

/** Flags come as Y and N, 1 and 0, or true and false; numbers and amounts also as text. Other text must be the same. */
function isSame(value: unknown, wanted: Scalar): boolean {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return false;
  const text = String(value).trim().normalize();
  if (typeof wanted === 'boolean') return (wanted ? ['Y', '1', 'true'] : ['N', '0', 'false']).includes(text);
  if (typeof wanted === 'number') return numberIn(value) === wanted;
  if (text === wanted.trim().normalize()) return true;
  const currency = currencyIn(text);
  return currency !== undefined && currency === currencyIn(wanted) && numberIn(text) === numberIn(wanted);
}

/** Without leading zeros: those are of codes, telephone numbers and the like, which are text. */
const numberText = /^(-?(?:0|[1-9]\d*)(?:\.\d+)?)(?:\|([A-Z]{3})?)?$/;

/** A user field of money is `100|EUR`. NaN, which meets nothing, for what is no number. */
export function numberIn(value: unknown): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' ? Number(numberText.exec(value.trim())?.[1]) : Number.NaN;
}

/** EUR, of `100|EUR`. */
function currencyIn(text: string): string | undefined {
  return numberText.exec(text.trim())?.[2];
}

/** What is said to be older than that is a zero date of PHP or a slip of the pen. */
const firstMoment = Date.UTC(1900, 0, 1);

/**
 * NaN, which meets nothing, for what is no time. A date without a time begins when it begins where it does so last, at
 * UTC-12, so that nothing counts as older than it is.
 */
function momentIn(value: unknown): number {
  const text = String(value);
  const moment = portalTimeIn(text.length === '2026-07-29'.length ? `${text}T12:00:00Z` : value) ?? Number.NaN;
  return moment >= firstMoment ? moment : Number.NaN;
}
