import { expect, test } from '@jest/globals';
import { type Bench, eachTestHas, hour } from '../tasks/bench.ts';
import { tidy, undo } from './undo-bench.ts';

let bench: Bench;
eachTestHas((fresh) => {
  bench = fresh;
});

/** The hold on a lost deal after its undo, where there was one with this end before. */
async function holdAfterUndo(until?: number) {
  const record = { entityTypeId: 2, id: bench.addLostDeal() };
  const task = await tidy(bench, record, '[deal-contacts]');
  const end = until === undefined ? {} : { until };
  await bench.parts.portals.holds.put(bench.memberId, {
    ...record,
    by: 'ada',
    at: bench.time.now,
    why: 'Lawsuit',
    ...end,
  });
  await undo(bench, task);
  const holds = await bench.parts.portals.holds.list(bench.memberId);
  return holds.find(({ id }) => id === record.id);
}

test('the hold of a person stays theirs when an undo holds the same record', async () => {
  expect(await holdAfterUndo()).toMatchObject({ by: 'ada', why: 'Lawsuit' });
});

test('the hold of a person that would end has no end any more, and says why', async () => {
  const hold = await holdAfterUndo(bench.time.now + hour);
  expect(hold).toMatchObject({ by: 'ada', why: expect.stringMatching(/^Lawsuit; Put back by the undo of task/) });
  expect(hold).not.toHaveProperty('until');
});

test('a hold that is over gives way to that of the undo', async () => {
  const hold = await holdAfterUndo(bench.time.now - hour);
  expect(hold).toMatchObject({ by: 'undo' });
  expect(hold).not.toHaveProperty('until');
});
