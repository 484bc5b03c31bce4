import type { Item } from '../../../lib/aws/table.ts';

/** What a `:word` stands for, and what a `#word` does where that is not itself. */
export interface Names {
  readonly values?: Readonly<Record<string, unknown>>;
  readonly aliases?: Readonly<Record<string, string>>;
}

type Evaluate = (row: Item, names: Names) => unknown;
type Change = (row: Item, before: Item, names: Names) => void;

const compiled = new Map<string, Evaluate>();
const changes = new Map<string, Change>();

/** Whether a condition of DynamoDB's expression language holds for a row: as much of the language as tidy24 writes. */
export function holds(text: string, row: Item, names: Names): boolean {
  const known = compiled.get(text) ?? new Parser(text).whole((parser) => parser.either());
  compiled.set(text, known);
  return known(row, names) === true;
}

/** The row after `SET … REMOVE …`. Every operand is taken from the row as it was before. */
export function changed(text: string, row: Item, names: Names): Item {
  const known = changes.get(text) ?? new Parser(text).whole((parser) => parser.clauses());
  changes.set(text, known);
  const after = copyOf(row);
  known(after, row, names);
  return after;
}

class Parser {
  readonly #words: string[];
  #at = 0;

  constructor(text: string) {
    this.#words = text.match(/[#:]?\w+|<=|>=|<>|[()=<>,+.-]/g) ?? [];
    if (this.#words.join('') !== text.replaceAll(/\s+/g, '')) throw new SyntaxError(`Not understood: ${text}`);
  }

  whole<T>(read: (parser: this) => T): T {
    const result = read(this);
    if (this.#at < this.#words.length) throw new SyntaxError(`Left over: ${this.#words.slice(this.#at).join(' ')}`);
    return result;
  }

  #takes(word: string): boolean {
    if (this.#words[this.#at]?.toUpperCase() !== word) return false;
    this.#at += 1;
    return true;
  }

  #must(word: string): void {
    if (!this.#takes(word)) throw new SyntaxError(`${word} is missing in ${this.#words.join(' ')}`);
  }

  either(): Evaluate {
    const [first, ...others] = this.#list('OR', () => this.#list('AND', () => this.#simple()));
    const any = [...(first ? [first] : []), ...others];
    return (row, names) => any.some((all) => all.every((one) => one(row, names) === true));
  }

  #list<T>(separator: string, read: () => T): T[] {
    const all = [read()];
    while (this.#takes(separator)) all.push(read());
    return all;
  }

  #simple(): Evaluate {
    if (this.#takes('(')) {
      const inner = this.either();
      this.#must(')');
      return inner;
    }
    if (this.#takes('BEGINS_WITH')) {
      const [value, prefix] = this.#operands();
      return (row, names) =>
        (value?.(row, names) as string | undefined)?.startsWith(prefix?.(row, names) as string) === true;
    }
    for (const [word, wanted] of [
      ['ATTRIBUTE_EXISTS', true],
      ['ATTRIBUTE_NOT_EXISTS', false],
    ] as const) {
      if (!this.#takes(word)) continue;
      const [operand] = this.#operands();
      return (row, names) => (operand?.(row, names) !== undefined) === wanted;
    }
    if (this.#takes('CONTAINS')) {
      const [list, one] = this.#operands();
      return (row, names) => (list?.(row, names) as unknown[] | undefined)?.includes(one?.(row, names)) === true;
    }
    const left = this.#operand();
    if (this.#takes('BETWEEN')) {
      const low = this.#operand();
      this.#must('AND');
      const high = this.#operand();
      return (row, names) => compare(low, left, row, names) <= 0 && compare(left, high, row, names) <= 0;
    }
    const operator = this.#words[this.#at++] ?? '';
    const test = comparisons[operator];
    if (!test) throw new SyntaxError(`No comparison: ${operator}`);
    const right = this.#operand();
    return (row, names) => test(compare(left, right, row, names));
  }

  #operands(): Evaluate[] {
    this.#must('(');
    const all = this.#list(',', () => this.#operand());
    this.#must(')');
    return all;
  }

  #operand(): Evaluate {
    if (this.#takes('LIST_APPEND')) {
      const lists = this.#operands();
      return (row, names) => lists.flatMap((list) => need(list(row, names)) as unknown[]);
    }
    if (this.#takes('IF_NOT_EXISTS')) {
      const [path, other] = this.#operands();
      return (row, names) => path?.(row, names) ?? other?.(row, names);
    }
    const word = this.#words[this.#at++] ?? '';
    if (word.startsWith(':')) {
      return (_row, { values = {} }) => {
        const key = word.slice(1);
        if (!Object.hasOwn(values, key)) throw new SyntaxError(`${word} has no value`);
        return values[key];
      };
    }
    const path = this.#path(word);
    return (row, names) => path(names).reduce<unknown>((value, name) => (value as Item | undefined)?.[name], row);
  }

  #path(first = this.#words[this.#at++] ?? ''): (names: Names) => string[] {
    const parts = [first];
    while (this.#takes('.')) parts.push(this.#words[this.#at++] ?? '');
    if (parts.some((part) => !part.startsWith('#'))) throw new SyntaxError(`${parts.join('.')} is no path`);
    return ({ aliases = {} }) => parts.map((part) => aliases[part.slice(1)] ?? part.slice(1));
  }

  clauses(): Change {
    const all: Change[] = [];
    while (this.#at < this.#words.length) {
      if (this.#takes('SET')) all.push(...this.#list(',', () => this.#assignment()));
      else if (this.#takes('REMOVE')) all.push(...this.#list(',', () => this.#removal()));
      else throw new SyntaxError(`No clause: ${this.#words[this.#at]}`);
    }
    return (row, before, names) => {
      for (const one of all) one(row, before, names);
    };
  }

  #assignment(): Change {
    const path = this.#path();
    this.#must('=');
    const first = this.#operand();
    const sign = this.#takes('+') ? 1 : this.#takes('-') ? -1 : 0;
    const other = sign === 0 ? undefined : this.#operand();
    return (row, before, names) => {
      const value = need(first(before, names));
      put(row, path(names), other ? Number(value) + sign * Number(need(other(before, names))) : value);
    };
  }

  #removal(): Change {
    const path = this.#path();
    return (row, _before, names) => put(row, path(names), undefined);
  }
}

/** What DynamoDB refuses: an operand that the row does not have. */
function need(value: unknown): unknown {
  if (value === undefined) throw new SyntaxError('The expression refers to an attribute that does not exist');
  return value;
}

function put(row: Item, path: readonly string[], value: unknown): void {
  const last = path.at(-1) ?? '';
  const parent = path.slice(0, -1).reduce<Item>((found, name) => found[name] as Item, row);
  if (value === undefined) delete parent[last];
  else parent[last] = copyOf(value);
}

const comparisons: Readonly<Record<string, (order: number) => boolean>> = {
  '=': (order) => order === 0,
  '<>': (order) => order !== 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
};

/** NaN, which meets nothing but `<>`, for what cannot be compared. */
function compare(left: Evaluate, right: Evaluate, row: Item, names: Names): number {
  return orderOf(left(row, names), right(row, names));
}

export function orderOf(a: unknown, b: unknown): number {
  if (typeof a !== typeof b || a === undefined) return Number.NaN;
  if (typeof a === 'number' || typeof a === 'string' || typeof a === 'boolean') {
    return a === b ? 0 : a < (b as typeof a) ? -1 : 1;
  }
  return JSON.stringify(a) === JSON.stringify(b) ? 0 : Number.NaN;
}

/** What the SDK would make of a value: what is undefined is left out. */
export function copyOf<T>(value: T): T {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(copyOf) as T;
  const copy: Item = {};
  for (const [name, one] of Object.entries(value)) if (one !== undefined) copy[name] = copyOf<unknown>(one);
  return copy as T;
}
