import { expect, test } from '@jest/globals';
import { ordinaryLimits } from '../../../lib/bitrix24/limits.ts';
import { type Bench, eachTestHas } from '../tasks/bench.ts';
import { tidy, undo } from './undo-bench.ts';

let bench: Bench;
eachTestHas((fresh) => {
  bench = fresh;
});

test('an undo that needs more requests than the portal takes at once waits for each and comes to its end', async () => {
  const { portal } = bench;
  const contactIds = Array.from({ length: 60 }, (_, index) =>
    portal.addContact({ name: `Person ${index}`, silent: true }),
  );
  const lost = portal.addDeal({ stageId: 'LOSE', silent: true, contactIds });
  const task = await tidy(bench, { entityTypeId: 2, id: lost }, '[contacts]');
  expect(task.status).toBe('done');
  await bench.parts.portals.change(bench.memberId, { limits: { ...ordinaryLimits, burst: 4 } });
  const began = bench.time.now;

  const undone = await undo(bench, task, { recreate: true });

  expect(undone).toMatchObject({ status: 'done' });
  expect(portal.contactsOf(lost)).toHaveLength(60);
  expect(bench.time.now).toBeGreaterThan(began);
});
