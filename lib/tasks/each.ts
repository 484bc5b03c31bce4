/** Calls to the table under way at once. */
const concurrency = 25;

/**
 * Does the work for each item, for all of them even when some fail: what the portal has done must be written down. Who
 * takes long holds up nobody but himself.
 *
 * @throws the first error, when all have been tried
 */
export async function each<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const failures: unknown[] = [];
  const left = items.values();
  const workOff = async (): Promise<void> => {
    for (const item of left) {
      try {
        await work(item);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, workOff));
  if (failures.length > 0) throw failures[0];
}
