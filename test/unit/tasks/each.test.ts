import { expect, test } from '@jest/globals';
import { each } from '../../../lib/tasks/each.ts';

const numbers = Array.from({ length: 60 }, (_, nth) => nth);

test('one that takes long holds up none of the others, however many there are', async () => {
  const done: number[] = [];
  const last = Promise.withResolvers<void>();
  await each(numbers, async (nth) => {
    // The first does not end before all others have.
    if (nth === 0) await last.promise;
    done.push(nth);
    if (done.length === numbers.length - 1) last.resolve();
  });
  expect(done.toSorted((a, b) => a - b)).toEqual(numbers);
  expect(done.at(-1)).toBe(0);
});

test('no more than 25 are under way at once', async () => {
  let [now, most] = [0, 0];
  await each(numbers, async () => {
    now += 1;
    most = Math.max(most, now);
    await Promise.resolve();
    now -= 1;
  });
  expect(most).toBe(25);
});

test('all are tried although some fail, and the first failure is told', async () => {
  const tried: number[] = [];
  const trying = each(numbers, (nth) => {
    tried.push(nth);
    return nth % 7 === 3 ? Promise.reject(new Error(`The ${nth}th`)) : Promise.resolve();
  });
  await expect(trying).rejects.toThrow('The 3th');
  expect(tried).toHaveLength(numbers.length);
});

test('nothing to do is done', async () => {
  await expect(each([], () => Promise.reject(new Error('Nobody asks'))).catch((error: unknown) => error)).resolves.toBe(
    undefined,
  );
});
