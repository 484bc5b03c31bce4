import { beforeEach, describe, expect, test } from '@jest/globals';
import type { EventMessage } from '../../../lib/tasks/messages.ts';
import { type Bench, day, eachTestHas, hour, minute } from './bench.ts';

let bench: Bench;
const smart = 1044;
const rules = (wait: string, { type = 'deal', from = 'loss' } = {}) => `
version: 1
rules:
  - id: patient
    when: { type: ${type}, stages: all-lost }
    wait: { for: ${wait}, from: ${from} }
    delete: [${type === 'deal' ? 'deal-contacts' : 'contacts'}]
`;

eachTestHas((fresh) => {
  bench = fresh;
});
beforeEach(async () => {
  bench.portal.addType({ entityTypeId: smart, title: 'Projects' });
  await bench.pushFile(rules('30d'));
});

const look = (leftMs?: number) => bench.reconcile({ chore: 'long-waits', ...(leftMs !== undefined && { leftMs }) });
const found = () => bench.events.bodies<EventMessage>().map(({ id }) => id);
const lose = (count = 1) => Array.from({ length: count }, () => bench.addLostDeal());
/** What the queue brings to plan, as it stands. */
async function planFound(): Promise<void> {
  await bench.plan(bench.events.bodies<EventMessage>());
  bench.events.sent.length = 0;
}
/** Nights, one after the other. Gives, of each night that made tasks, how many days had passed. */
async function nights(count: number): Promise<Map<number, number>> {
  const began = bench.time.now;
  const made = new Map<number, number>();
  for (let night = 0; night < count; night += 1) {
    bench.time.now += day;
    const before = (await bench.tasks()).length;
    await look();
    await planFound();
    const after = (await bench.tasks()).length;
    if (after > before) made.set(Math.round((bench.time.now - began) / day), after - before);
  }
  return made;
}

describe('a wait of more than a week', () => {
  test.each([
    ['a week', '1w', 1],
    ['a week and a minute', '10081m', 0],
  ])('makes a task at once or not: %s', async (_name, wait, tasks) => {
    await bench.pushFile(rules(wait));
    await bench.plan([bench.event(bench.addLostDeal())]);
    expect(await bench.tasks()).toHaveLength(tasks);
  });

  test('is over for a record when a night finds it, and its task is due at that very moment', async () => {
    const [id = 0] = lose();
    const lostAt = Date.parse(String(bench.portal.deal(id)?.['movedTime']));
    await bench.plan([bench.event(id)]);
    expect(await bench.tasks()).toEqual([]);

    const made = await nights(32);

    expect([...made]).toEqual([[29, 1]]);
    const [task] = await bench.tasks();
    expect(task).toMatchObject({ record: { id }, source: 'reconcile', transition: { movedTime: lostAt } });
    expect(bench.deletions.sent).toEqual([]);
    expect(task?.nextAt).toBe(lostAt + 30 * day);
  });

  test('from the last activity is over that long after it, however often there was one', async () => {
    await bench.pushFile(rules('30d', { from: 'last-activity' }));
    const [quiet = 0, busy = 0] = lose(2);
    for (let week = 0; week < 4; week += 1) {
      await nights(7);
      bench.portal.touchActivity(2, busy);
    }
    const [task, ...others] = await nights(3).then(() => bench.tasks());
    expect(others).toEqual([]);
    expect(task?.record.id).toBe(quiet);
    const lastActivity = bench.time.now - 3 * day;

    const made = await nights(30);

    expect([...made]).toEqual([[26, 1]]);
    const busyTask = (await bench.tasks()).find(({ record }) => record.id === busy);
    expect(Math.abs((busyTask?.nextAt ?? 0) - (lastActivity + 30 * day))).toBeLessThan(1_000);
  });

  test('is over for a record that is old enough for its condition only then', async () => {
    const older = 'where: { createdTime: { older-than: 30d } }\n    wait:';
    await bench.pushFile(rules('30d').replace('wait:', older));
    bench.time.now += hour;
    const [id = 0] = lose();
    await bench.plan([bench.event(id)]);
    expect([...(await nights(40)).keys()]).toEqual([29]);
    await bench.workFor(5);
    expect(bench.portal.contactsOf(id)).toEqual([]);
  });

  test('of smart-process items goes by their lost stages', async () => {
    await bench.pushFile(rules('30d', { type: String(smart) }));
    const pipeline = Array.from({ length: 60 }, (_, id) => id).find((id) => bench.portal.stages(id, smart).length > 0);
    const id = bench.portal.addItem(smart, { stageId: `DT${smart}_${pipeline}:FAIL`, silent: true });
    bench.portal.addItem(smart, { stageId: `DT${smart}_${pipeline}:NEW`, silent: true });
    await nights(31);
    expect((await bench.tasks()).map(({ record }) => record)).toEqual([{ entityTypeId: smart, id }]);
  });
});

describe('a look', () => {
  test('names each record in one night and in no other', async () => {
    lose(60);
    bench.time.now += 3 * day;
    await look();
    lose(5);
    for (let night = 0; night < 40; night += 1) {
      bench.time.now += day;
      await look();
    }
    expect(found()).toHaveLength(65);
    expect(new Set(found()).size).toBe(65);
    expect(await bench.choreAt('long-waits')).toBe(bench.time.now + day);
  });

  test('goes on where it had to stop, and moves no watermark before all is on the queue', async () => {
    const ids = lose(120);
    bench.time.now += 29 * day;
    bench.portal.faults.add({
      when: { method: 'crm.item.list', nth: 2 },
      give: { type: 'error', status: 503, error: 'QUERY_LIMIT_EXCEEDED' },
    });
    await look();
    const mark = () => bench.parts.portals.waitMarks.get(bench.memberId, 'patient');
    expect(await mark()).toMatchObject({ pass: { afterId: ids[49] } });
    expect((await mark())?.upTo).toBeUndefined();
    bench.time.now += minute;
    await look();
    expect(found()).toEqual(ids);
    expect((await mark())?.pass).toBeUndefined();
  });

  test('that has no time goes on at once', async () => {
    lose(2);
    bench.time.now += 30 * day;
    await look(10_000);
    expect(found()).toEqual([]);
    expect(await bench.choreAt('long-waits')).toBe(bench.time.now);
  });

  test('begins again when the wait was changed, also when it is a short one now', async () => {
    const ids = lose(3);
    await look();
    bench.time.now += 10 * day;
    await bench.pushFile(rules('3d'));
    await bench.reconcile(); // Sees that there are new rules.
    expect(await bench.choreAt('long-waits')).toBe(bench.time.now);
    bench.events.sent.length = 0;
    await look();
    expect(found()).toEqual(ids);
    await planFound();
    expect(await bench.tasks()).toHaveLength(3);
    bench.time.now += day;
    await look();
    expect(found()).toEqual([]);
  });

  test('leaves a task alone that is open with a longer wait', async () => {
    await bench.pushFile(rules('3d'));
    const [id = 0] = lose();
    await bench.plan([bench.event(id)]);
    await bench.pushFile(rules('30d'));
    const [before] = await bench.tasks();
    bench.time.now += hour;
    await look();
    expect(await bench.tasks()).toEqual([before]);
  });

  test('is asked for once, and ends with the portal', async () => {
    await bench.reconcile();
    expect(await bench.choreAt('long-waits')).toBe(bench.time.now);
    await bench.parts.portals.change(bench.memberId, { state: 'disconnected' });
    await look();
    expect(await bench.choreAt('long-waits')).toBeUndefined();
  });
});

describe('a record that is found for the sake of one rule', () => {
  const two = (prompt: string) =>
    `${rules('30d')}  - id: prompt
    when: { type: deal, stages: all-lost }
    where: { UF_CRM_AMOUNT: { at-least: 100 } }
    wait: ${prompt}
    delete: [company]
`;
  const planned = async () => (await bench.tasks()).map(({ rule, source }) => `${rule.id} ${source}`).toSorted();
  const setAmount = (id: number) => bench.portal.updateDeal(id, { fields: { UF_CRM_AMOUNT: 200 }, silent: true });
  const failsOnce = () =>
    bench.portal.faults.add({
      when: { method: 'batch' },
      times: 1,
      give: { type: 'error', status: 500, error: 'INTERNAL_SERVER_ERROR' },
    });

  beforeEach(async () => {
    bench.portal.addField(2, { name: 'UF_CRM_AMOUNT', type: 'double' });
    await bench.pushFile(two('0m'));
  });

  test('is named for that rule, and history for another that an event told of too late', async () => {
    const [id = 0] = lose();
    await bench.plan([bench.event(id)]);
    bench.time.now += 13 * day;
    setAmount(id);
    await bench.plan([bench.event(id)]);
    expect(await planned()).toEqual([]);
    bench.time.now += 16 * day;
    await look();
    expect(bench.events.bodies<EventMessage>()).toMatchObject([{ id, source: 'reconcile', rules: ['patient'] }]);
    await planFound();
    expect(await planned()).toEqual(['patient reconcile']);
  });

  test('is found for both when the waits of both end', async () => {
    await bench.pushFile(two('30d'));
    const [id = 0] = lose();
    setAmount(id);
    bench.time.now += 29 * day;
    await look();
    expect(bench.events.bodies<EventMessage>().map((message) => message.rules)).toEqual([['patient'], ['prompt']]);
    await planFound();
    expect(await planned()).toEqual(['patient reconcile', 'prompt reconcile']);
  });

  test('stays named for it when it cannot be read, found again for another rule or told of by an event', async () => {
    const [id = 0] = lose();
    setAmount(id);
    bench.time.now += 29 * day;
    await look();
    failsOnce();
    await planFound();
    expect(await bench.wish(id)).toMatchObject({ source: 'reconcile', rules: ['patient'] });
    failsOnce();
    await bench.plan([bench.event(id)]);
    expect(await bench.wish(id)).toMatchObject({ source: 'reconcile', rules: ['patient'] });
    failsOnce();
    await bench.plan([bench.event(id, { source: 'reconcile', rules: ['gone'] })]);
    const wish = await bench.wish(id);
    expect(wish).toMatchObject({ source: 'reconcile', rules: ['patient', 'gone'] });
    await bench.plan(wish ? [wish] : []);
    expect(await planned()).toEqual(['patient reconcile']);
    expect(await bench.wish(id)).toBeUndefined();
  });

  test('is news for the others as long as the first event that told of it made it news', async () => {
    const [id = 0] = lose();
    setAmount(id);
    bench.time.now += 6 * day;
    const early = bench.event(id);
    bench.time.now += 23 * day;
    await look();
    await bench.plan([...bench.events.bodies<EventMessage>(), early]);
    expect(await planned()).toEqual(['patient reconcile', 'prompt reconcile']);
  });

  test('is found for all rules by a message that names none, as one in flight may', async () => {
    const [id = 0] = lose();
    setAmount(id);
    bench.time.now += 29 * day;
    await bench.plan([
      bench.event(id, { source: 'reconcile', rules: ['patient'] }),
      bench.event(id, { source: 'reconcile' }),
    ]);
    expect(await planned()).toEqual(['patient reconcile', 'prompt reconcile']);
  });
});

test('a person’s wish makes a task at once where no night would find the record', async () => {
  const [old = 0] = lose();
  bench.time.now += day;
  await bench.pushFile(rules('30d', { from: 'last-activity' }));
  bench.time.now += minute;
  const [fresh = 0] = lose();
  await bench.plan([bench.event(old, { source: 'operator' }), bench.event(fresh, { source: 'operator' })]);
  expect((await bench.tasks()).map(({ record }) => record.id)).toEqual([old]);
});
