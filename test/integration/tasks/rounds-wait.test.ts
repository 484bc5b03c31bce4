import { describe, expect, test } from '@jest/globals';
import { Bench, deletion, eachTestHas, minute, through } from './bench.ts';

let bench: Bench;

eachTestHas((fresh) => {
  bench = fresh;
});

/** Tasks that have failed once: a round takes half of them, so there are always others to be done. */
async function triedOnce(count: number): Promise<string[]> {
  const taskIds: string[] = [];
  for (let made = 0; made < count; made += 1) taskIds.push(await bench.createTask(bench.addLostDeal()));
  for (const taskId of taskIds) {
    await bench.parts.tasks.putOff(taskId, { nextAt: bench.time.now, attempts: 1, history: [] });
  }
  return taskIds;
}

describe('a round that does not take all tasks of its message', () => {
  test('lets all of them stand in line until the end of a limit, so that its message holds up nobody', async () => {
    const taskIds = await triedOnce(30);
    const until = bench.time.now + 10 * minute;
    const use = { operating: 480, resetAt: until, perCall: 0.6, at: bench.time.now, blockedUntil: until };
    await bench.parts.budgets.setOperating(bench.memberId, new Map([[deletion, use]]));

    expect(await bench.work(taskIds)).toBeUndefined();
    expect(new Set((await bench.tasks()).map(({ nextAt }) => nextAt))).toEqual(new Set([until]));
    expect((await bench.tasks()).every(({ attempts }) => attempts === 1)).toBe(true);
  });

  test('goes on with the others when its own look failed', async () => {
    const taskIds = await triedOnce(30);
    let looks = 0;
    const rest = through(bench, {
      before: () => ((looks += 1) === 1 ? new Response('', { status: 502 }) : undefined),
    });

    expect(await bench.work(taskIds, { rest })).toBeUndefined();

    const tasks = await bench.tasks();
    expect(tasks.filter(({ status }) => status === 'done')).toHaveLength(6);
    expect(tasks.filter(({ status, attempts }) => status === 'open' && attempts === 2)).toHaveLength(24);
  });

  test('begins no other round when the time left is too short for one', async () => {
    const taskIds = await triedOnce(30);
    const rest = through(bench, {
      before: () => {
        bench.time.now += 160_000;
        return new Response('', { status: 502 });
      },
    });

    expect(await bench.work(taskIds, { rest })).toBeLessThanOrEqual(bench.time.now);

    expect((await bench.tasks()).filter(({ attempts }) => attempts === 1).length).toBeGreaterThan(0);
  });
});

test('a look that takes more than a minute counts as a try, so that the next is smaller', async () => {
  const taskIds = [await bench.createTask(bench.addLostDeal()), await bench.createTask(bench.addLostDeal())];
  const rest = through(bench, {
    before: ({ commands }) => {
      if (commands.has('profile')) bench.time.now += 61_000;
      return undefined;
    },
  });

  await bench.work(taskIds, { rest });

  expect((await bench.tasks()).map(({ attempts, status }) => ({ attempts, status }))).toEqual([
    { attempts: 1, status: 'open' },
    { attempts: 1, status: 'open' },
  ]);
});
