import type { PhpValue } from '../php-form.ts';
import { scalarText } from '../scalar.ts';
import { readMoment } from '../zoned-time.ts';

/** A comparison of a row's value with the wanted one: negative, 0, positive, or NaN when they cannot be compared. */
type Comparison = (actual: unknown) => number;

/** Whether a row's value meets a condition. What a filter wants is read once, not for every row. */
export function conditionOf(
  operator: string,
  wanted: PhpValue,
  moment: boolean,
  zone: number,
): (actual: unknown) => boolean {
  switch (operator) {
    case '!':
    case '!=':
    case '<>':
    case '!@':
      return not(among(wanted, moment, zone));
    case '>':
      return bound(wanted, moment, zone, (difference) => difference > 0);
    case '>=':
      return bound(wanted, moment, zone, (difference) => difference >= 0);
    case '<':
      return bound(wanted, moment, zone, (difference) => difference < 0);
    case '<=':
      return bound(wanted, moment, zone, (difference) => difference <= 0);
    case '%':
      return like(`%${plain(wanted)}%`);
    case '!%':
      return not(like(`%${plain(wanted)}%`));
    case '=%':
    case '%=':
      return like(plain(wanted));
    case '!=%':
    case '!%=':
      return not(like(plain(wanted)));
    default:
      return among(wanted, moment, zone);
  }
}

/** The order of two values of a field. */
export function compareValues(a: unknown, b: unknown, zone: number): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const difference = comparisonWith(plain(b), false, zone)(a);
  return Number.isNaN(difference) ? byText(plain(a), plain(b)) : difference;
}

function not(condition: (actual: unknown) => boolean): (actual: unknown) => boolean {
  return (actual) => !condition(actual);
}

function bound(
  wanted: PhpValue,
  moment: boolean,
  zone: number,
  holds: (difference: number) => boolean,
): (actual: unknown) => boolean {
  const compare = comparisonWith(plain(wanted), moment, zone);
  return (actual) => (Array.isArray(actual) ? (actual as unknown[]) : [actual]).some((value) => holds(compare(value)));
}

/** A list on either side means "any of them": `contactIds` holds a contact when one entry equals it. */
function among(wanted: PhpValue, moment: boolean, zone: number): (actual: unknown) => boolean {
  const candidates = typeof wanted === 'object' && wanted !== null ? Object.values(wanted) : [wanted];
  const comparisons = candidates.map((candidate) => comparisonWith(plain(candidate), moment, zone));
  return (actual) => {
    const values: unknown[] = Array.isArray(actual) ? (actual.length === 0 ? [''] : actual) : [actual];
    return comparisons.some((compare) => values.some((value) => compare(value) === 0));
  };
}

/**
 * A number or a moment compared with something that is neither gives NaN: such a condition holds for no row, so that a
 * date with a lost `+` does not look as if it worked.
 */
function comparisonWith(wanted: string, moment: boolean, zone: number): Comparison {
  const wantedMoment = readMoment(wanted, zone);
  if (moment) return (actual) => (typeof actual === 'number' ? actual - wantedMoment : byText(plain(actual), wanted));
  const wantedNumber = wanted === '' ? Number.NaN : Number(wanted);
  return (actual) => {
    if (typeof actual === 'number') return actual - wantedNumber;
    const text = plain(actual);
    if (isNumber(text)) return text === wanted ? 0 : Number(text) - wantedNumber;
    const actualMoment = readMoment(text, zone);
    return Number.isNaN(actualMoment) ? byText(text, wanted) : actualMoment - wantedMoment;
  };
}

function like(pattern: string): (actual: unknown) => boolean {
  const parts = pattern.split('%').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  const expression = new RegExp(`^${parts.join('.*')}$`, 'is');
  return (actual) =>
    (Array.isArray(actual) ? (actual as unknown[]) : [actual]).some((value) => expression.test(plain(value)));
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
