import { scalarText } from './scalar.ts';

/** A value as PHP receives it: from a form everything is text, from JSON it keeps its type. */
export type PhpValue = string | number | boolean | null | PhpValue[] | PhpMap;
export interface PhpMap {
  [key: string]: PhpValue;
}

const MAX_VALUES = 20_000;

/** Reads `a[b][0]=1&a[b][]=2` as PHP does: brackets nest, `[]` appends, keys 0..n in order make a list, the last one wins. */
export function parsePhpForm(text: string): PhpMap {
  const root = new Map<string, Node>();
  for (const pair of text.split('&').slice(0, MAX_VALUES)) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const key = decode(equals < 0 ? pair : pair.slice(0, equals));
    const path = splitKey(key);
    if (path) insert(root, path, equals < 0 ? '' : decode(pair.slice(equals + 1)));
  }
  return toMap(root);
}

/** Writes nested values as PHP's http_build_query does: null and empty lists vanish, true is 1, a space is `+`. */
export function buildPhpForm(values: Readonly<Record<string, unknown>>): string {
  return Object.entries(values)
    .flatMap(([key, value]) => pairs(encode(key), value))
    .join('&');
}

type Node = string | Map<string, Node>;

function splitKey(key: string): string[] | undefined {
  const bracket = key.indexOf('[');
  if (bracket === 0 || key === '') return undefined;
  if (bracket < 0) return [key.replaceAll(/[ .]/g, '_')];
  const parts = [...key.slice(bracket).matchAll(/\[([^\]]*)\]/g)].map((match) => match[1] ?? '');
  return [key.slice(0, bracket).replaceAll(/[ .]/g, '_'), ...parts];
}

function insert(root: Map<string, Node>, path: readonly string[], value: string): void {
  let map = root;
  for (const [depth, part] of path.entries()) {
    const key = depth > 0 && part === '' ? nextIndex(map) : part;
    if (depth === path.length - 1) {
      map.set(key, value);
      return;
    }
    const child = map.get(key);
    if (child instanceof Map) {
      map = child;
    } else {
      const created = new Map<string, Node>();
      map.set(key, created);
      map = created;
    }
  }
}

function nextIndex(map: ReadonlyMap<string, Node>): string {
  const indexes = [...map.keys()].filter((key) => /^\d+$/.test(key)).map(Number);
  return String(indexes.length === 0 ? 0 : Math.max(...indexes) + 1);
}

function toMap(map: ReadonlyMap<string, Node>): PhpMap {
  // Without a prototype: `__proto__` is a key like any other, as it is in PHP.
  const result = Object.create(null) as PhpMap;
  for (const [key, node] of map) result[key] = node instanceof Map ? toListOrMap(node) : node;
  return result;
}

function toListOrMap(map: ReadonlyMap<string, Node>): PhpValue {
  const keys = [...map.keys()];
  if (!keys.every((key, index) => key === String(index))) return toMap(map);
  return [...map.values()].map((node) => (node instanceof Map ? toListOrMap(node) : node));
}

function pairs(key: string, value: unknown): string[] {
  if (value === null || value === undefined) return [];
  if (typeof value === 'object') {
    return Object.entries(value).flatMap(([part, inner]) => pairs(`${key}%5B${encode(part)}%5D`, inner));
  }
  return [`${key}=${encode(scalarText(value))}`];
}

function decode(text: string): string {
  const spaced = text.replaceAll('+', ' ');
  try {
    return decodeURIComponent(spaced);
  } catch {
    // PHP leaves a broken escape as it stands.
    return spaced;
  }
}

function encode(text: string): string {
  return encodeURIComponent(text)
    .replaceAll(/[!'()*~]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}
