/** An id and the id that has taken its place. */
type Pair = readonly [id: number, newId: number];

/**
 * `500>900,1>1,3>1`: the first pair as it is, each other one as its distance from the one before. Records that were deleted
 * and made anew together mostly follow each other, so that a pair takes four characters.
 */
export function toPairs(pairs: readonly Pair[]): string {
  let [lastId, lastNewId] = [0, 0];
  return pairs
    .toSorted(([a], [b]) => a - b)
    .map(([id, newId]) => {
      const text = `${id - lastId}>${newId - lastNewId}`;
      [lastId, lastNewId] = [id, newId];
      return text;
    })
    .join(',');
}

/** The pairs of such a text, in the order of their ids; undefined when it is none. */
export function fromPairs(text: string): Pair[] | undefined {
  const pairs: Pair[] = [];
  let [id, newId] = [0, 0];
  for (const pair of text === '' ? [] : text.split(',')) {
    const [, byId, byNewId] = /^(\d{1,15})>(-?\d{1,15})$/.exec(pair) ?? [];
    // One that is left out would be made a second time.
    if (byId === undefined || byNewId === undefined) return undefined;
    [id, newId] = [id + Number(byId), newId + Number(byNewId)];
    pairs.push([id, newId]);
  }
  return pairs;
}
