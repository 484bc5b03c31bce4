import type { PhpMap, PhpValue } from '../php-form.ts';
import { scalarText } from '../scalar.ts';
import { RestError } from '../rest-error.ts';
import { readMoment } from '../zoned-time.ts';

export interface ListSource<Row> {
  readonly value: (row: Row, field: string) => unknown;
  /** Whether a filter or an order may name the field. */
  readonly knows: (field: string) => boolean;
  /** Minutes from UTC, for moments without a zone. */
  readonly zoneMinutes: number;
  /** The old methods overlook a field they do not know, the universal ones refuse it. */
  readonly overlooksUnknown: boolean;
}

const KEY = /^(!=|!@|!%|>=|<=|<>|[!=<>@%]|)(.+)$/;

/** Applies a filter in Bitrix24's notation: the operator stands before the field's name. Throws INVALID_ARG_VALUE. */
export function filterRows<Row>(rows: readonly Row[], filter: PhpMap, source: ListSource<Row>): Row[] {
  const tests = Object.entries(filter).flatMap(([key, wanted]) => {
    const [, operator = '', field = ''] = KEY.exec(key) ?? [];
    if (source.knows(field)) return [{ operator, field, wanted }];
    if (source.overlooksUnknown) return [];
    throw new RestError(400, 'INVALID_ARG_VALUE', `Invalid filter: field '${field}' is not allowed in filter`);
  });
  return rows.filter((row) =>
    tests.every(({ operator, field, wanted }) => holds(operator, source.value(row, field), wanted, source.zoneMinutes)),
  );
}

/** Sorts by `{field: "ASC" | "DESC"}`; ties keep the order of the ids, in which the rows come. */
export function orderRows<Row>(rows: readonly Row[], order: PhpMap, source: ListSource<Row>): Row[] {
  const keys = Object.entries(order).flatMap(([field, direction]) => {
    if (source.knows(field)) return [{ field, sign: /^desc/i.test(plain(direction)) ? -1 : 1 }];
    if (source.overlooksUnknown) return [];
    throw new RestError(400, 'INVALID_ARG_VALUE', `Invalid order: field '${field}' is not allowed in order`);
  });
  return rows.toSorted((a, b) => {
    for (const { field, sign } of keys) {
      const [left, right] = [source.value(a, field), source.value(b, field)];
      const difference = compare(left, right, source.zoneMinutes);
      if (difference !== 0) return sign * (Number.isNaN(difference) ? byText(plain(left), plain(right)) : difference);
    }
    return 0;
  });
}

function holds(operator: string, actual: unknown, wanted: PhpValue, zone: number): boolean {
  switch (operator) {
    case '!':
    case '!=':
    case '<>':
    case '!@':
      return !isAmong(actual, wanted, zone);
    case '>':
      return compare(actual, wanted, zone) > 0;
    case '>=':
      return compare(actual, wanted, zone) >= 0;
    case '<':
      return compare(actual, wanted, zone) < 0;
    case '<=':
      return compare(actual, wanted, zone) <= 0;
    case '%':
      return plain(actual).toLowerCase().includes(plain(wanted).toLowerCase());
    case '!%':
      return !plain(actual).toLowerCase().includes(plain(wanted).toLowerCase());
    default:
      return isAmong(actual, wanted, zone);
  }
}

/** A list on either side means "any of them": `contactIds` holds a contact when one entry equals it. */
function isAmong(actual: unknown, wanted: PhpValue, zone: number): boolean {
  const candidates = typeof wanted === 'object' && wanted !== null ? Object.values(wanted) : [wanted];
  const values = Array.isArray(actual) ? (actual as unknown[]) : [actual];
  return candidates.some((candidate) => values.some((value) => compare(value, candidate, zone) === 0));
}

/**
 * Negative, 0 or positive; NaN when a number or a moment is compared with something that is neither: such a
 * condition holds for no row, so that a date with a lost `+` does not look as if it worked.
 */
function compare(a: unknown, b: unknown, zone: number): number {
  const [left, right] = [plain(a), plain(b)];
  if (isNumber(left)) return right === '' ? Number.NaN : left === right ? 0 : Number(left) - Number(right);
  const moment = readMoment(left, zone);
  if (!Number.isNaN(moment)) return moment - readMoment(right, zone);
  return byText(left, right);
}

function isNumber(text: string): boolean {
  return /^-?\d+(\.\d+)?$/.test(text);
}

function byText(left: string, right: string): number {
  return left === right ? 0 : left < right ? -1 : 1;
}

function plain(value: unknown): string {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : scalarText(value, 'Y', 'N');
}
