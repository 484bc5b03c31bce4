import { describe, expect, test } from '@jest/globals';
import { backoffMs, maxAttempts } from '../../../lib/tasks/backoff.ts';
import { skewMs } from '../../../lib/tasks/schedule.ts';
import { always, type Bench, eachTestHas, day, deletion, minute, through } from './bench.ts';

let bench: Bench;

eachTestHas(
  (fresh) => {
    bench = fresh;
  },
  { rules: ['one', 'two'] },
);

const backoff = (attempt: number) => backoffMs(attempt, () => 0.5);
/** Every such command is answered with that error. */
const refuse = (method: string, error: string, times = always) =>
  bench.portal.faults.add({
    when: { method, inBatch: 'command' },
    times,
    give: { type: 'error', error, description: '' },
  });
const attemptsOf = async (taskIds: readonly string[]) =>
  (await Promise.all(taskIds.map((taskId) => bench.task(taskId)))).map(({ attempts }) => attempts);

describe('a task that is to be tried again later', () => {
  test('is not tried before its time because the message comes again for the other rule of its deal', async () => {
    const dealId = bench.addLostDeal();
    const taskIds = [await bench.createTask(dealId, 'one'), await bench.createTask(dealId, 'two')];
    refuse(deletion, 'INTERNAL_SERVER_ERROR');
    const started = bench.time.now;
    for (let receives = 1; receives < 40; receives += 1) {
      const again = await bench.work(taskIds, { receives });
      if (again === undefined) break;
      bench.time.now = Math.max(again, bench.time.now + 500);
    }
    expect(bench.time.now - started).toBeLessThan(backoff(1));
    expect(await attemptsOf(taskIds)).toEqual([1, 1]);
    expect(bench.deletionsDlq.sent).toEqual([]);
  });

  test('is not tried before its time however often its message was sent', async () => {
    const taskId = await bench.createTask(bench.addLostDeal());
    bench.portal.faults.add({ when: { method: 'batch' }, times: always, give: { type: 'html', status: 502 } });
    for (let copy = 0; copy < 10; copy += 1) expect(await bench.work([taskId])).toBeUndefined();
    expect(await attemptsOf([taskId])).toEqual([1]);
    expect(bench.portal.requests).toHaveLength(1);
    bench.time.now += backoff(1) - skewMs - 1;
    await bench.work([taskId]);
    expect(await attemptsOf([taskId])).toEqual([1]);
    bench.time.now += 1;
    await bench.work([taskId]);
    expect(await attemptsOf([taskId])).toEqual([2]);
  });

  test('is given up after all the waits between its tries, and dead-lettered once', async () => {
    const taskId = await bench.createTask(bench.addLostDeal());
    refuse(deletion, 'CONNECTION_ERROR');
    const started = bench.time.now;
    await bench.workFor(120);
    const task = await bench.task(taskId);
    expect(task).toMatchObject({ status: 'failed', attempts: maxAttempts });
    const waits = Array.from({ length: maxAttempts - 1 }, (_, index) => backoff(index + 1));
    expect((task.endedAt ?? 0) - started).toBeGreaterThanOrEqual(waits.reduce((sum, wait) => sum + wait));
    expect(bench.deletionsDlq.sent).toHaveLength(1);
  });

  test('is tried at once when the portal is resumed', async () => {
    const taskId = await bench.createTask(bench.addLostDeal());
    refuse(deletion, 'CONNECTION_ERROR', 1);
    await bench.work([taskId]);
    await bench.resume();
    await bench.work([taskId]);
    expect((await bench.task(taskId)).status).toBe('done');
  });

  test('keeps its time when the message was received too often for the sake of others', async () => {
    const dealId = bench.addLostDeal();
    const taskIds = [await bench.createTask(dealId, 'one'), await bench.createTask(dealId, 'two')];
    refuse(deletion, 'INTERNAL_SERVER_ERROR', 1);
    expect(await bench.work(taskIds, { receives: 40 })).toBeUndefined();
    const tried = (await bench.tasks()).filter(({ attempts }) => attempts === 1);
    expect(tried.map(({ nextAt }) => nextAt)).toEqual([bench.time.now + backoff(1)]);
  });
});

describe('a limit', () => {
  test.each([
    ['of the operating time, in the list of deals', 'crm.item.list', 'OPERATION_TIME_LIMIT'],
    ['of the operating time, in the links of a deal', 'crm.deal.contact.items.get', 'OPERATION_TIME_LIMIT'],
    ['of the operating time, in the profile', 'profile', 'OPERATION_TIME_LIMIT'],
    ['of the rate, in the list of deals', 'crm.item.list', 'QUERY_LIMIT_EXCEEDED'],
    ['of the operating time, in the deletion', deletion, 'OPERATION_TIME_LIMIT'],
    ['of the rate, in the deletion', deletion, 'QUERY_LIMIT_EXCEEDED'],
  ])('%s, costs no attempt, however long it lasts', async (_name, method, error) => {
    const taskId = await bench.createTask(bench.addLostDeal());
    const fault = refuse(method, error);
    for (let round = 0; round < 2 * maxAttempts; round += 1) {
      // Its message waits, or what waits for one method alone stands in line.
      const again = (await bench.work([taskId])) ?? (await bench.task(taskId)).nextAt;
      expect(again).toBeGreaterThan(bench.time.now);
      bench.time.now = again ?? 0;
    }
    expect(await bench.task(taskId)).toMatchObject({ status: 'open', attempts: 0 });
    fault.remove();
    await bench.work([taskId]);
    expect((await bench.task(taskId)).status).toBe('done');
  });

  test('whose end the portal names wrongly does not stop a method for good', async () => {
    const [first, second] = [bench.addLostDeal(), bench.addLostDeal()];
    const taskIds = [await bench.createTask(first), await bench.createTask(second)];
    // Milliseconds where the documentation says seconds: the year 58,000.
    const rest = through(bench, {
      after: (_asked, answer) =>
        JSON.parse(
          JSON.stringify(answer, (key: string, value: unknown) =>
            key === 'operating_reset_at' ? bench.time.now + 600_000 : value,
          ),
        ),
    });
    await bench.work(taskIds.slice(0, 1), { rest });
    refuse(deletion, 'OPERATION_TIME_LIMIT', 1);
    await bench.work(taskIds.slice(1), { rest });
    const again = (await bench.task(taskIds[1] ?? '')).nextAt;
    expect(again).toBeGreaterThan(bench.time.now);
    bench.time.now += 10 * minute;
    await bench.work(taskIds.slice(1), { rest });
    expect((await bench.task(taskIds[1] ?? '')).status).toBe('done');
    for (const { resetAt } of (await bench.parts.budgets.operating(bench.memberId)).values()) {
      expect(resetAt).toBeLessThan(bench.time.now + day);
    }
  });
});

test('a portal whose rate is used up is left alone, and its task costs no attempt', async () => {
  const taskId = await bench.createTask(bench.addLostDeal());
  await bench.parts.budgets.blockRequests(bench.memberId, bench.time.now + 40_000);
  expect(await bench.work([taskId])).toBe(bench.time.now + 40_000);
  expect(bench.portal.requests).toEqual([]);
  expect(await bench.task(taskId)).toMatchObject({ status: 'open', attempts: 0 });
});
