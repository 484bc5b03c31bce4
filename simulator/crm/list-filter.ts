import type { PhpMap, PhpValue } from '../php-form.ts';
import { asMap, toText } from '../rest/params.ts';
import { RestError } from '../rest-error.ts';
import { compareValues, conditionOf } from './list-condition.ts';

/** A field that a filter or an order may name. */
export interface ListField<Row> {
  readonly read: (row: Row) => unknown;
  /** Whether `read` gives ms since the epoch. */
  readonly moment: boolean;
}

export interface ListSource<Row> {
  /** Undefined for a field that may not be named. */
  readonly listField: (name: string) => ListField<Row> | undefined;
  /** Minutes from UTC, for moments without a zone. */
  readonly zoneMinutes: number;
  /** The old methods overlook a field they do not know, the universal ones refuse it. */
  readonly overlooksUnknown: boolean;
}

const KEY = /^(!=%|!%=|!=|!@|!%|=%|%=|>=|<=|<>|[!=<>@%]|)(.+)$/;

/** A filter in Bitrix24's notation as a test of rows: the operator stands before the field's name. Throws INVALID_ARG_VALUE. */
export function rowTest<Row>(filter: PhpMap, source: ListSource<Row>): (row: Row) => boolean {
  const isAny = wantsAny(filter);
  const tests = Object.entries(filter).flatMap(([key, wanted]) => oneTest(key, wanted, source));
  if (tests.length === 1 && tests[0]) return tests[0];
  if (isAny && tests.length > 0) return (row) => tests.some((test) => test(row));
  return (row) => tests.every((test) => test(row));
}

/** Whether one of the filter's conditions is enough. */
export function wantsAny(filter: PhpMap): boolean {
  return /^or$/i.test(toText(filter['logic'] ?? filter['LOGIC']));
}

function oneTest<Row>(key: string, wanted: PhpValue, source: ListSource<Row>): ((row: Row) => boolean)[] {
  if (/^logic$/i.test(key)) return [];
  // Conditions nest under numbers: `{0: {logic: 'OR', …}}`.
  if (/^\d+$/.test(key) && typeof wanted === 'object' && wanted !== null) return [rowTest(asMap(wanted), source)];
  const [, operator = '', name = ''] = KEY.exec(key) ?? [];
  const field = source.listField(name);
  if (!field) {
    if (source.overlooksUnknown) return [];
    throw new RestError(400, 'INVALID_ARG_VALUE', `Invalid filter: field '${name}' is not allowed in filter`);
  }
  const holds = conditionOf(operator, wanted, field.moment, source.zoneMinutes);
  return [(row) => holds(field.read(row))];
}

export function filterRows<Row>(rows: readonly Row[], filter: PhpMap, source: ListSource<Row>): Row[] {
  return rows.filter(rowTest(filter, source));
}

/** Sorts by `{field: "ASC" | "DESC"}`; ties keep the order of the ids, in which the rows come. */
export function orderRows<Row>(rows: readonly Row[], order: PhpMap, source: ListSource<Row>): readonly Row[] {
  const keys = Object.entries(order).flatMap(([name, direction]) => {
    const field = source.listField(name);
    if (field) return [{ field, sign: sign(name, direction, source.overlooksUnknown) }];
    if (source.overlooksUnknown) return [];
    throw new RestError(400, 'INVALID_ARG_VALUE', `Invalid order: field '${name}' is not allowed in order`);
  });
  if (keys.length === 0) return rows;
  return rows.toSorted((a, b) => {
    for (const { field, sign: direction } of keys) {
      const difference = compareValues(field.read(a), field.read(b), source.zoneMinutes);
      if (difference !== 0) return direction * difference;
    }
    return 0;
  });
}

function sign(name: string, direction: PhpValue, lenient: boolean): 1 | -1 {
  const text = typeof direction === 'string' ? direction.toUpperCase() : '';
  if (text === 'DESC') return -1;
  if (text === 'ASC' || lenient) return 1;
  const allowed = `Invalid order: allowed sort directions are ASC, DESC. But got '${text}' for field '${name}'`;
  throw new RestError(400, 'INVALID_ARG_VALUE', allowed);
}
