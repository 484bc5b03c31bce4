import { describe, expect, test } from '@jest/globals';
import { type Bench, deletion, eachTestHas, through } from './bench.ts';

let bench: Bench;
eachTestHas((fresh) => {
  bench = fresh;
});

describe('one record that makes every command with it fail', () => {
  /** Whatever list has this deal in it is refused, within a batch that is answered. */
  const poisoned = (bad: number, error: string) =>
    through(bench, {
      after: (_, answer) => {
        const whole = answer as unknown as {
          result?: { result?: Record<string, { items?: { id: number }[] }>; result_error?: Record<string, object> };
        };
        const { result, result_error: errors } = whole.result ?? {};
        if (result?.['t2p0']?.items?.some(({ id }) => id === bad)) {
          delete result['t2p0'];
          if (whole.result) whole.result.result_error = { ...errors, t2p0: { error, error_description: '' } };
        }
        return answer;
      },
    });

  test.each(['INTERNAL_SERVER_ERROR', 'SOMETHING_NEW', 'ERROR_CORE'])(
    '%s: the others are done, it alone fails',
    async (code) => {
      const dealIds = Array.from({ length: 12 }, () => bench.addLostDeal());
      await Promise.all(dealIds.map((dealId) => bench.createTask(dealId)));
      await bench.workFor(300, { rest: poisoned(dealIds[7] ?? 0, code) });
      const failed = (await bench.tasks()).filter(({ status }) => status !== 'done');
      expect(failed.map(({ record, status }) => [record.id, status])).toEqual([[dealIds[7], 'failed']]);
      expect(bench.deletionsDlq.sent).toHaveLength(1);
    },
  );
});

test('a method without operating time holds up none of the others: they are done, what needs it stands in line', async () => {
  await bench.pushFile(`
version: 1
rules:
  - { id: links, when: { type: deal, stages: all-lost }, wait: 0m, delete: [deal-contacts] }
  - { id: people, when: { type: deal, stages: all-lost }, wait: 0m, delete: [contacts] }
`);
  const [one, two] = [bench.addLostDeal(), bench.addLostDeal()];
  const people = await bench.taskOf({ entityTypeId: 2, id: one }, 'people');
  const links = await bench.taskOf({ entityTypeId: 2, id: two }, 'links');
  const until = bench.time.now + 600_000;
  const use = { operating: 480, resetAt: until, perCall: 1, at: bench.time.now, blockedUntil: until };
  await bench.parts.budgets.setOperating(bench.memberId, new Map([['crm.item.delete', use]]));
  expect(await bench.work([people, links])).toBeUndefined();
  expect((await bench.task(links)).status).toBe('done');
  expect(await bench.task(people)).toMatchObject({ status: 'open', attempts: 0, nextAt: until });
  bench.time.now = until;
  await bench.workFor(5);
  expect((await bench.task(people)).status).toBe('done');
});

test('a batch of which nothing is known is read back however many commands that takes', async () => {
  const { portal } = bench;
  await bench.pushFile(`
version: 1
rules:
  - { id: links, when: { type: deal, stages: all-lost }, wait: 0m, delete: [deal-contacts, company-contacts] }
`);
  const taskIds: string[] = [];
  for (let made = 0; made < 24; made += 1) {
    const companyId = portal.addCompany({ silent: true });
    const contactIds = [portal.addContact({ silent: true, companyId })];
    const id = portal.addDeal({ stageId: 'LOSE', silent: true, companyId, contactIds });
    taskIds.push(await bench.taskOf({ entityTypeId: 2, id }, 'links'));
  }
  portal.faults.add({ when: { method: deletion, inBatch: 'envelope' }, give: { type: 'reset', work: 'after' } });
  await bench.work(taskIds);
  await bench.workFor(10);
  const tasks = await bench.tasks();
  expect(tasks.every(({ status }) => status === 'done')).toBe(true);
  expect(new Set(tasks.flatMap(({ deletions = [] }) => deletions.map(({ outcome }) => outcome?.result)))).toEqual(
    new Set(['deleted']),
  );
});

test('items that wait for their method are not joined by ever more of them', async () => {
  const { portal } = bench;
  portal.addType({ entityTypeId: 1044, title: 'Project' });
  const id = portal.addDeal({ stageId: 'LOSE', silent: true });
  for (let made = 0; made < 160; made += 1) portal.addItem(1044, { parents: { 2: id }, silent: true });
  await bench.pushFile(`
version: 1
rules:
  - { id: items, when: { type: deal, stages: all-lost }, wait: 0m, delete: [{ items: { type: 1044 } }] }
`);
  const taskId = await bench.taskOf({ entityTypeId: 2, id }, 'items');
  const give = { type: 'error', error: 'OPERATION_TIME_LIMIT' } as const;
  const fault = portal.faults.add({ when: { method: 'crm.item.delete', inBatch: 'command' }, times: 100_000, give });
  for (let rounds = 0; rounds < 6; rounds += 1) {
    await bench.work([taskId]);
    bench.time.now += 700_000;
  }
  expect((await bench.task(taskId)).deletions?.length).toBeLessThanOrEqual(50);
  fault.remove();
  await bench.workFor(60);
  expect((await bench.task(taskId)).status).toBe('done');
});
