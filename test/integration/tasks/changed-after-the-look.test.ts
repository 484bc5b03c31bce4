import { describe, expect, test } from '@jest/globals';
import { type Bench, eachTestHas, through } from './bench.ts';

let bench: Bench;
eachTestHas((fresh) => {
  bench = fresh;
});

/** Somebody acts right after the worker has looked at the records, and before it reads anything else. */
function afterTheLook(act: () => unknown) {
  let requests = 0;
  return through(bench, {
    before: async () => {
      requests += 1;
      if (requests === 2) await act();
      return undefined;
    },
  });
}

const file = (entries: string): string =>
  `version: 1\nrules:\n  - { id: tidy, when: { type: deal, stages: all-lost }, wait: 0m, delete: ${entries} }\n`;

async function taskFor(dealId: number, entries: string): Promise<string> {
  await bench.pushFile(file(entries));
  return bench.taskOf({ entityTypeId: 2, id: dealId }, 'tidy');
}

const deletions = () =>
  bench.portal.requests.flatMap(({ commands }) => commands.filter(({ method }) => method.endsWith('.delete')));

/** Lost, of a contact that is the second one of a colleague's open deal as well, which only an administrator sees. */
function sharedContact() {
  const { portal } = bench;
  const colleague = portal.addUser().id;
  const contact = portal.addContact({ silent: true, assignedById: colleague });
  const first = portal.addContact({ silent: true, assignedById: colleague });
  portal.addDeal({ stageId: 'NEW', silent: true, assignedById: colleague, contactIds: [first, contact] });
  return { contact, deal: portal.addDeal({ stageId: 'LOSE', silent: true, contactIds: [contact] }) };
}

describe('after the worker has looked', () => {
  test('rights that are taken away pause the portal: what is hidden now counts neither as gone nor as unguarded', async () => {
    const { contact, deal } = sharedContact();
    const taskId = await taskFor(deal, '[contacts]');
    // The contact is still shown, and the deal that keeps it is not.
    bench.portal.updateItem(3, contact, { assignedById: 1, silent: true });
    const rest = afterTheLook(() => bench.portal.changeUser(1, { admin: false, rights: 'own' }));

    await bench.work([taskId], { rest });

    expect(deletions()).toEqual([]);
    expect((await bench.row()).pause?.code).toBe('not-administrator');
    expect(await bench.task(taskId)).toMatchObject({ status: 'open', attempts: 0 });

    bench.portal.changeUser(1, { admin: true, rights: 'all' });
    await bench.resume();
    await bench.work([taskId]);
    expect(await bench.task(taskId)).toMatchObject({ status: 'skipped', reason: 'guarded' });
  });

  test.each(['[contacts]', '[company-contacts, deal-contacts]', '[deal]'])(
    'a deal that is open again loses nothing, as soon as any answer shows it: %s',
    async (entries) => {
      const { portal } = bench;
      const companyId = portal.addCompany({ silent: true });
      const contact = portal.addContact({ silent: true, companyIds: [companyId] });
      const deal = portal.addDeal({ stageId: 'LOSE', silent: true, contactIds: [contact], companyId });
      const taskId = await taskFor(deal, entries);
      const rest = afterTheLook(() => portal.moveDeal(deal, 'NEW', { silent: true }));

      await bench.work([taskId], { rest });
      await bench.workFor(60, { rest });

      expect(deletions()).toEqual([]);
      expect(await bench.task(taskId)).toMatchObject({ status: 'cancelled', reason: 'no-longer-lost' });
    },
  );

  test('a cap that is lowered counts for the very next batch', async () => {
    await bench.pushFile(file('[contacts]'));
    const record = () => ({ entityTypeId: 2, id: bench.addLostDeal() });
    for (let count = 0; count < 3; count += 1) await bench.taskOf(record(), 'tidy');
    const caps = { hour: 1, day: 100, spike: null };
    const rest = afterTheLook(() => bench.parts.portals.change(bench.memberId, { caps }));

    await bench.workFor(5, { rest });

    expect(deletions()).toHaveLength(1);
    expect((await bench.row()).pause?.code).toBe('cap-hour');
  });
});
