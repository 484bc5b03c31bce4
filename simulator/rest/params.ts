import type { PhpMap, PhpValue } from '../php-form.ts';
import { RestError } from '../rest-error.ts';

/** Parameters of a call, read the two ways the portal's own code reads them: legacy and D7. */
export class Params {
  readonly values: PhpMap;
  readonly #numericCodes: boolean;

  constructor(values: PhpMap, numericCodes = false) {
    this.values = values;
    this.#numericCodes = numericCodes;
  }

  /** The way of the old methods: either case, upper case first, anything cast to a whole number; 0 when absent. */
  legacyId(name = 'id'): number {
    return toInt(this.legacy(name));
  }

  /** Either case, upper case first. */
  legacy(name: string): PhpValue | undefined {
    return this.values[name.toUpperCase()] ?? this.values[name.toLowerCase()] ?? this.values[name];
  }

  legacyMap(name: string): PhpMap {
    return asMap(this.legacy(name));
  }

  legacyList(name: string): string[] {
    return textList(this.legacy(name));
  }

  /** The way of the newer methods: the exact name, and an error with code 100 when it is absent or no number. */
  exactInt(name: string): number {
    const value = this.values[name];
    if (value === undefined || value === null)
      throw this.#argumentError(`Could not find value for parameter {${name}}`);
    const text = typeof value === 'object' ? '' : String(value);
    if (!/^-?\d+$/.test(text)) {
      throw this.#argumentError(
        `Invalid value {${text}} to match with parameter {${name}}. Should be value of type int.`,
      );
    }
    return Number(text);
  }

  exactMap(name: string): PhpMap {
    const value = this.values[name];
    if (value === undefined || value === null)
      throw this.#argumentError(`Could not find value for parameter {${name}}`);
    return asMap(value);
  }

  optionalMap(name: string): PhpMap {
    return asMap(this.values[name]);
  }

  optionalList(name: string): string[] {
    return textList(this.values[name]);
  }

  /** The offset of a list; -1 asks not to count. Anything odd is 0. */
  start(): number {
    const start = toInt(this.legacy('start'));
    return start === -1 ? -1 : Math.max(0, start);
  }

  #argumentError(text: string): RestError {
    return new RestError(400, this.#numericCodes ? 100 : '100', text);
  }
}

/** PHP's (int): the leading digits, otherwise 0. */
export function toInt(value: PhpValue | undefined): number {
  if (typeof value === 'number') return Math.trunc(value);
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value !== 'string') return 0;
  return Number(/^\s*([+-]?\d+)/.exec(value)?.[1] ?? 0);
}

export function toText(value: PhpValue | undefined): string {
  if (value === undefined || value === null || typeof value === 'object') return '';
  if (typeof value === 'boolean') return value ? '1' : '';
  return String(value);
}

export function asMap(value: PhpValue | undefined): PhpMap {
  if (Array.isArray(value)) return Object.fromEntries(value.entries());
  return typeof value === 'object' && value !== null ? value : {};
}

function textList(value: PhpValue | undefined): string[] {
  if (value === undefined || value === null) return [];
  return typeof value === 'object' ? Object.values(value).map(toText) : [toText(value)];
}
