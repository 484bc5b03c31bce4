import { randomUUID } from 'node:crypto';
import { beforeEach, expect, test } from '@jest/globals';
import { ordinaryLimits } from '../../../lib/bitrix24/limits.ts';
import type { DeletionMessage, EventMessage } from '../../../lib/tasks/messages.ts';
import { releaseDue } from '../../../lib/tasks/release.ts';
import { MemoryQueue } from '../portals/parts.ts';
import { type Bench, eachTestHas, minute } from './bench.ts';

const second = 1_000;
const deals = 900;
/** An invocation of plan gets so many events, and there is one every five seconds: little more than the robot makes. */
const eventsAtOnce = 90;
const planEverySeconds = 5;

let bench: Bench;
let events: EventMessage[];
let lateFor: Map<number, number>;
eachTestHas(
  (fresh) => {
    bench = fresh;
  },
  { portal: { limits: { burst: 50 } }, changed: { limits: ordinaryLimits } },
);
beforeEach(() => {
  [events, lateFor] = [[], new Map()];
});

/** A minute of the deployment: the clock ticks, plan is fed from the head of its queue, the worker from its own. */
async function passMinute(): Promise<void> {
  const { time, parts, deletions } = bench;
  const line = { deletions, reconcile: new MemoryQueue(), newId: randomUUID };
  await releaseDue({ ...parts, deletions, events: bench.events, reconcile: new MemoryQueue() }, time.now + minute);
  events.push(...bench.events.bodies<EventMessage>());
  bench.events.sent.length = 0;
  const end = time.now + minute;
  while (time.now < end) {
    if (Math.floor(time.now / second) % planEverySeconds === 0) {
      expect(await bench.plan(events.splice(0, eventsAtOnce))).toEqual([]);
    }
    const [message] = deletions.bodies<DeletionMessage>();
    if (message) {
      const { taskIds, ...holding } = message;
      if ((await bench.work(taskIds, { line, ...holding })) === undefined) deletions.sent.shift();
    }
    time.now = Math.max(time.now, Math.floor(time.now / second + 1) * second);
  }
}

/** A robot changes every deal there is, and each change is an event. */
function touchAll(ids: readonly number[]): void {
  for (const id of ids)
    bench.portal.updateDeal(id, { title: `Touched ${bench.time.now}`, actor: 'robot', silent: true });
  events.push(...ids.map((id) => bench.event(id)));
}

function lose(id: number, lostAt: Map<number, number>): void {
  bench.portal.moveDeal(id, 'LOSE', { silent: true });
  lostAt.set(id, bench.time.now);
  events.push(bench.event(id));
}

test('a robot that touches every deal every minute does not starve the lost ones', async () => {
  await bench.pushFile(`
version: 1
rules:
  - { id: one, when: { type: deal, stages: all-lost }, wait: 2m, delete: [deal-contacts] }
`);
  bench.time.now += minute;
  const contact = () => ({ contactIds: [bench.portal.addContact({ silent: true })] });
  const all = bench.portal.importDeals(deals, { stageId: 'NEW', silent: true }, contact);
  const lostAt = new Map<number, number>();

  // Each minute ten more are lost, in the middle of the robot's round.
  for (let round = 0; round < 8; round += 1) {
    touchAll(all.slice(0, deals / 2));
    for (const id of all.filter((candidate) => candidate % (deals / 10) === round)) lose(id, lostAt);
    touchAll(all.slice(deals / 2));
    await passMinute();
    for (const id of lostAt.keys()) {
      if (!lateFor.has(id) && bench.portal.contactsOf(id).length === 0) {
        lateFor.set(id, bench.time.now - (lostAt.get(id) ?? 0));
      }
    }
  }

  // Those that were lost early enough to be due are all clean, no later than two minutes after their time.
  const due = [...lostAt].filter(([, at]) => at + 4 * minute <= bench.time.now).map(([id]) => id);
  expect(due.length).toBeGreaterThan(30);
  expect(due.filter((id) => !lateFor.has(id))).toEqual([]);
  expect(Math.max(...lateFor.values())).toBeLessThanOrEqual(4 * minute);
  expect(Math.min(...lateFor.values())).toBeGreaterThanOrEqual(2 * minute);
  // To be touched again, as each of them was every minute, made no second task and put none off.
  expect(await bench.tasks()).toHaveLength(lostAt.size);
  expect(all.filter((id) => !lostAt.has(id) && bench.portal.contactsOf(id).length === 0)).toEqual([]);
  expect(bench.portal.requests.filter(({ status }) => status !== 200)).toEqual([]);
}, 120_000);
