import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { DeletionMessage } from '../../../lib/tasks/messages.ts';
import { releaseDue } from '../../../lib/tasks/release.ts';
import type { WorkOptions } from '../../../lib/tasks/run.ts';
import type { Task } from '../../../lib/tasks/task.ts';
import { MemoryQueue } from '../portals/parts.ts';
import { type Bench, eachTestHas, minute, through } from './bench.ts';

let bench: Bench;
eachTestHas((fresh) => {
  bench = fresh;
});
beforeEach(async () => {
  // The clock sees every row there is, whatever test it is of.
  for (const key of await bench.openRows()) await bench.database.tables.tasks.delete(key);
  await bench.pushFile(`
version: 1
rules:
  - { id: one, when: { type: deal, stages: all-lost }, wait: 0m, comment: true, delete: [deal-contacts] }
`);
});

async function lose(count: number): Promise<void> {
  const deals = Array.from({ length: count }, () => bench.addLostDeal());
  await bench.plan(deals.map((id) => bench.event(id)));
}

/** Works off what is on the queue, and what follows. */
async function workOff(changed: Partial<WorkOptions> = {}): Promise<void> {
  const line = { deletions: bench.deletions, reconcile: new MemoryQueue(), newId: randomUUID };
  for (let next = bench.deletions.sent.shift(); next; next = bench.deletions.sent.shift()) {
    const { taskIds, ...rest } = next.body as DeletionMessage;
    for (let receives = 1; receives < 20; receives += 1) {
      const again = await bench.work(taskIds, { line, ...rest, receives, ...changed });
      if (again === undefined) break;
      bench.time.now = Math.max(again, bench.time.now + 1);
    }
  }
}

async function clockFor(minutes: number): Promise<void> {
  const { parts, deletions, events, time } = bench;
  for (let passed = 0; passed < minutes; passed += 1) {
    time.now += minute;
    await releaseDue({ ...parts, deletions, events, reconcile: new MemoryQueue() }, time.now + minute);
    await workOff();
  }
}

const ends = (tasks: readonly Task[]) => new Set(tasks.map(({ status, report }) => `${status}, ${report?.state}`));

describe('what has ended', () => {
  test('is told of however many tasks one message has ended, a batch at a time', async () => {
    await lose(80);
    await workOff();
    expect(ends(await bench.tasks())).toEqual(new Set(['done, written']));
    expect(Math.max(...bench.portal.requests.map(({ commands }) => commands.length))).toBeLessThanOrEqual(50);
  });

  test('stands in no line while its report waits, nor afterwards', async () => {
    await lose(40);
    const rest = through(bench, {
      before: async ({ commands }) => {
        if (![...commands.keys()].some((method) => method.startsWith('crm.timeline.comment'))) return undefined;
        await bench.parts.portals.pause(bench.memberId, { code: 'by-hand', reason: 'Somebody has paused it' });
        return new Response('', { status: 502 });
      },
    });
    await workOff({ rest });
    expect(ends(await bench.tasks())).not.toContain('open, promised');
    bench.time.now += 20 * minute;
    await bench.resume();
    const waiting = () => bench.parts.tasks.line.first(bench.memberId, 100);
    await clockFor(1);
    expect(await waiting()).toEqual([]);
    await clockFor(30);
    expect(ends(await bench.tasks())).toEqual(new Set(['done, written']));
    expect(await waiting()).toEqual([]);
  });
});
