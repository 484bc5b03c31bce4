import { describe, expect, test } from '@jest/globals';
import { type Bench, deletion, eachTestHas } from './bench.ts';

describe.each([
  ['its methods', 'nested', { [deletion]: 20 + 65 }],
  ['itself', 'outer', { [deletion]: 65, batch: 20 + 65 }],
  ['both, by half to itself', 'both', { [deletion]: 20 + 65, batch: 10 + 65 }],
] as const)('a batch without an answer, at a portal that bills batches to %s', (_whom, batchBilling, charged) => {
  let bench: Bench;
  eachTestHas(
    (fresh) => {
      bench = fresh;
    },
    { portal: { batchBilling, timePerCall: { [deletion]: 20 } } },
  );

  test('is charged the time that was waited wherever the portal may bill it', async () => {
    await bench.work([await bench.createTask(bench.addLostDeal())]);
    const dealId = bench.addLostDeal();
    bench.portal.faults.add({
      when: { method: deletion, inBatch: 'envelope' },
      give: {
        type: 'hook',
        run: () => {
          bench.time.now += 65_000;
          return { type: 'reset', work: 'after' };
        },
      },
    });

    await bench.work([await bench.createTask(dealId)]);

    expect(bench.portal.contactsOf(dealId)).toEqual([]);
    const uses = await bench.parts.budgets.operating(bench.memberId);
    // What was read besides took less than a second.
    const operating = [deletion, 'batch'].map((key) => [key, Math.round(uses.get(key)?.operating ?? 0)]);
    expect(Object.fromEntries(operating)).toEqual({ batch: 0, ...charged });
  });
});
