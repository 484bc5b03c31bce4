import { beforeEach, describe, expect, test } from '@jest/globals';
import { type Bench, eachTestHas, day, hour } from './bench.ts';

let bench: Bench;

eachTestHas((fresh) => {
  bench = fresh;
});

const pause = (reason: string) => bench.parts.portals.pause(bench.memberId, { code: 'by-hand', reason });

describe('a task of a portal that is paused for long', () => {
  let taskId: string;

  beforeEach(async () => {
    taskId = await bench.createTask(bench.addLostDeal());
  });

  test('says so once, however often it is looked at, and is tried when the portal is resumed', async () => {
    await pause('holidays');
    for (const end = bench.time.now + 8 * day; bench.time.now < end; bench.time.now += hour) await bench.work([taskId]);
    expect((await bench.task(taskId)).history.map(({ text }) => text)).toEqual(['The portal is paused: holidays']);
    expect(await bench.task(taskId)).toMatchObject({ status: 'open', attempts: 0 });
    await bench.resume();
    await bench.work([taskId]);
    expect(await bench.task(taskId)).toMatchObject({ status: 'done' });
  });

  test('says so again when the reason is another one', async () => {
    for (const reason of ['holidays', 'no licence', 'holidays']) {
      await pause(reason);
      await bench.work([taskId]);
      await bench.resume();
    }
    expect((await bench.task(taskId)).history).toHaveLength(3);
  });

  test('keeps a history that leaves room for its end, however much happens to it', async () => {
    for (let round = 0; round < 170; round += 1) {
      await pause(`${round}: ${'because '.repeat(100)}`);
      await bench.work([taskId]);
      await bench.resume();
    }
    expect((await bench.task(taskId)).history).toHaveLength(150);
    await bench.work([taskId]);
    const task = await bench.task(taskId);
    expect(task.status).toBe('done');
    expect(task.history.at(-1)).toMatchObject({ what: 'ended' });
    expect(JSON.stringify(task).length).toBeLessThan(200_000);
  });
});
