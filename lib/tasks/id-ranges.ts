const mostIds = 1_000_000;

/** `500-549,552`: many ids in few characters, because those of one record's items mostly follow each other. */
export function toRanges(ids: readonly number[]): string {
  const ranges: [first: number, last: number][] = [];
  for (const id of [...new Set(ids)].toSorted((a, b) => a - b)) {
    const range = ranges.at(-1);
    if (range?.[1] === id - 1) range[1] = id;
    else ranges.push([id, id]);
  }
  return ranges.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(',');
}

/** The ids of such a text, in their order; what is no range is left out. */
export function* fromRanges(text: string): Generator<number> {
  for (const range of text.split(',')) {
    const [, first, last] = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(range) ?? [];
    const [from, to] = [Number(first), Number(last ?? first)];
    // No task has so many: a row that says so is damaged.
    if (first === undefined || to - from > mostIds) continue;
    for (let id = from; id <= to; id += 1) yield id;
  }
}
