/** Calls to the table under way at once. */
const concurrency = 25;

/**
 * Does the work for each item, for all of them even when some fail: what the portal has done must be written down.
 *
 * @throws the first error, when all have been tried
 */
export async function each<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const failures: unknown[] = [];
  for (let start = 0; start < items.length; start += concurrency) {
    const results = await Promise.allSettled(items.slice(start, start + concurrency).map(work));
    failures.push(...results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : [])));
  }
  if (failures.length > 0) throw failures[0];
}
