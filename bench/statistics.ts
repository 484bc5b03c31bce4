/**
 * The value that the given share of values does not exceed, by nearest rank.
 *
 * @param share from 0 to 1: 0.5 is the median
 * @throws RangeError when there are no values
 * @example percentile([3, 1, 2], 0.5) // 2
 */
export function percentile(values: readonly number[], share: number): number {
  const value = values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(share * values.length) - 1)];
  if (value === undefined) throw new RangeError('There is no percentile of no values');
  return value;
}
