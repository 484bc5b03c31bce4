import { isMap, isNode, isSeq, LineCounter, type Node } from 'yaml';
import { pathText } from './path.ts';
import type { Position } from './schema.ts';

/** Where the values and keys of a YAML document stand, each by its path. */
export interface Positions {
  readonly values: ReadonlyMap<string, Position>;
  readonly keys: ReadonlyMap<string, Position>;
}

/** Walks the whole document once. */
export function positionsOf(root: Node | null, lines: LineCounter): Positions {
  const values = new Map<string, Position>();
  const keys = new Map<string, Position>();

  const place = (map: Map<string, Position>, path: readonly PropertyKey[], node: unknown): void => {
    if (isNode(node) && node.range) map.set(pathText(path), positionAt(lines, node.range[0]));
  };
  const walk = (path: readonly PropertyKey[], node: unknown): void => {
    place(values, path, node);
    if (isSeq(node)) node.items.forEach((item, index) => walk([...path, index], item));
    if (!isMap(node)) return;
    for (const { key, value } of node.items) {
      const name = String(key);
      place(keys, [...path, name], key);
      walk([...path, name], value);
    }
  };
  walk([], root);
  return { values, keys };
}

/** What was left out, or written in a shorter form, is where the thing around it is. */
export function placeOf({ values, keys }: Positions, path: string, atKey = false): Position {
  const around = [...path.matchAll(/[.[]/g)].map(({ index }) => path.slice(0, index)).toReversed();
  const places = [(atKey ? keys : values).get(path), ...[...around, ''].map((one) => values.get(one))];
  return places.find((place) => place !== undefined) ?? { line: 1, column: 1 };
}

export function positionAt(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}
