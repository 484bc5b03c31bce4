import { describe, expect, test } from '@jest/globals';
import { createUndo } from '../../../lib/tasks/undo/begin-undo.ts';
import { type Bench, eachTestHas, through } from '../tasks/bench.ts';
import { tidy } from './undo-bench.ts';

let bench: Bench;
eachTestHas((fresh) => {
  bench = fresh;
});

describe('an undo that is at work writes nothing more once', () => {
  let isStopped = false;
  const ways: Readonly<Record<string, (undoId: string) => Promise<unknown> | void>> = {
    'tidy24 is stopped': () => {
      isStopped = true;
    },
    'its portal is paused': () => bench.parts.portals.pause(bench.memberId, { code: 'by-hand', reason: 'looking' }),
    'it is cancelled': (undoId) =>
      bench.parts.tasks.end(undoId, { status: 'cancelled', reason: 'by-hand', history: [] }),
  };

  test.each(Object.keys(ways))('%s', async (how) => {
    isStopped = false;
    const contact = bench.portal.addContact({ name: 'Anna', silent: true });
    const contactIds = [contact];
    const lost = bench.portal.addDeal({ stageId: 'LOSE', silent: true, contactIds });
    for (let count = 0; count < 25; count += 1) bench.portal.addDeal({ silent: true, contactIds });
    const task = await tidy(bench, { entityTypeId: 2, id: lost }, '[contacts]');
    const stores = { tasks: bench.parts.tasks, clock: bench.time.clock };
    const undoId = await createUndo(stores, task, { recreate: true, by: 'test' });
    let writes = 0;
    const rest = through(bench, {
      before: async ({ commands }) => {
        if (!commands.has('crm.item.add') && !commands.has('crm.deal.contact.items.set')) return undefined;
        writes += 1;
        await ways[how]?.(undoId);
        return undefined;
      },
    });
    const killSwitch = Object.create(bench.parts.killSwitch) as typeof bench.parts.killSwitch;
    killSwitch.stopped = () => Promise.resolve(isStopped ? { stoppedAt: 1, by: 'ada', reason: 'looking' } : undefined);
    await bench.work([undoId], { rest, killSwitch });
    expect(writes).toBe(1);
    expect(bench.sent('crm.deal.contact.items.set')).toBe(0);
  });
});
