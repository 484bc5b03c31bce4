import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { lineOf } from '../../../lib/tasks/line.ts';
import type { DeletionMessage } from '../../../lib/tasks/messages.ts';
import { MemoryQueue } from '../portals/parts.ts';
import { type Bench, deletion, eachTestHas, hour, minute, through } from './bench.ts';

const perCall = 10;
/** Of such deletions 45 s hold no more. */
const aBatch = 4;

let bench: Bench;
eachTestHas(
  (fresh) => {
    bench = fresh;
  },
  { portal: { timePerCall: { [deletion]: perCall, '*': 0.001 } } },
);

test('what was prepared when a method ran out of operating time is not looked at again before it has some', async () => {
  const unlinking = { when: { type: 'deal', stages: 'all-lost' }, delete: [{ what: 'deal-contacts' }] } as const;
  const lineName = lineOf(bench.memberId, { when: unlinking.when, delete: [...unlinking.delete] });
  for (let nth = 0; nth < 300; nth += 1) {
    const slotAt = bench.time.now + 100 * hour + nth;
    const id = bench.addLostDeal();
    await bench.taskOf({ entityTypeId: 2, id }, 'one', { line: lineName, slotAt, nextAt: slotAt });
  }
  const use = { operating: 0, resetAt: bench.time.now, perCall, at: bench.time.now };
  await bench.parts.budgets.setOperating(bench.memberId, new Map([[deletion, use]]));
  const reconcile = new MemoryQueue();
  const line = { deletions: bench.deletions, reconcile, newId: randomUUID };
  const rest = through(bench, {
    before: ({ commands }) => {
      bench.time.now += (commands.get(deletion) ?? 0) * perCall * 1000;
      return Promise.resolve(undefined);
    },
  });

  // The portal's operating time comes back in parts, and of each some deletions are left over that were prepared.
  let message: DeletionMessage | undefined = {
    v: 1,
    memberId: bench.memberId,
    taskIds: [await bench.createTask(bench.addLostDeal())],
  };
  for (let step = 0; step < 200 && bench.sent(deletion) < 280; step += 1) {
    if (message) {
      const { taskIds, ...others } = message;
      const again = await bench.work(taskIds, { line, rest, ...others });
      if (again !== undefined) {
        bench.time.now = Math.max(bench.time.now, again);
        continue;
      }
    } else {
      bench.time.now += minute;
      await bench.reconcile({ chore: 'go-on' });
    }
    message = bench.deletions.bodies<DeletionMessage>().at(-1);
    bench.deletions.sent.length = 0;
  }
  const [looks, batches] = [bench.sent('profile'), bench.sizes(deletion)];
  expect(bench.sent(deletion)).toBeGreaterThan(270);
  expect(Math.max(...batches)).toBe(aBatch);
  // One for each batch, and a few more whenever the method closes.
  expect(looks - batches.length).toBeLessThanOrEqual(16);
});
