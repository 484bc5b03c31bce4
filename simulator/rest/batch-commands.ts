import { parsePhpForm, type PhpMap, type PhpValue } from '../php-form.ts';
import { asMap, toText } from './params.ts';

export interface BatchCommand {
  readonly key: string;
  /** In lower case. */
  readonly method: string;
  readonly params: PhpMap;
}

/** The commands of a batch in their order: `cmd` is a list or a map of `method?query`. */
export function readCommands(cmd: PhpValue | undefined): BatchCommand[] {
  return Object.entries(asMap(cmd)).map(([key, value]) => {
    const text = toText(value);
    const mark = text.indexOf('?');
    return {
      key,
      method: (mark < 0 ? text : text.slice(0, mark)).trim().toLowerCase(),
      params: parsePhpForm(mark < 0 ? '' : text.slice(mark + 1)),
    };
  });
}

/** 0, '0', false, 'false' and nothing let the batch go on after an error. */
export function readHalt(halt: PhpValue | undefined): boolean {
  return halt === true || /^(1|true|y)$/i.test(toText(halt)) || (typeof halt === 'number' && halt !== 0);
}

/** Puts earlier results in for `$result[key][field]`: as they are when they are the whole value, as text inside one. */
export function resolveReferences(value: PhpValue, results: Readonly<Record<string, unknown>>): PhpValue {
  if (Array.isArray(value)) return value.map((entry) => resolveReferences(entry, results));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, resolveReferences(inner, results)]));
  }
  if (typeof value !== 'string') return value;
  const whole = /^\$result((?:\[[^\]]+\])+)$/.exec(value)?.[1];
  if (whole !== undefined) return lookUp(whole, results) ?? null;
  return value.replaceAll(/\$result((?:\[[^\]]+\])+)/g, (_match, path: string) => toText(lookUp(path, results)));
}

function lookUp(path: string, results: Readonly<Record<string, unknown>>): PhpValue | undefined {
  let value: unknown = results;
  for (const [, key = ''] of path.matchAll(/\[([^\]]+)\]/g)) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value as PhpValue;
}

/** As PHP writes an array: nothing in it is `[]`, keys 0..n in order are a list, all else is an object. */
export function phpArray(entries: ReadonlyMap<string, unknown>): unknown {
  const isList = [...entries.keys()].every((key, index) => key === String(index));
  return isList ? [...entries.values()] : Object.fromEntries(entries);
}
