import { describe, expect, test } from '@jest/globals';
import { type Bench, eachTestHas } from '../tasks/bench.ts';
import { comparable, furnish, idsOf, project, tidy, undo } from './undo-bench.ts';

let bench: Bench;
eachTestHas((fresh) => {
  bench = fresh;
});

const state = (ids?: ReadonlyMap<string, number>) => comparable(bench.portal.snapshotState(), ids);
const holds = async () =>
  (await bench.parts.portals.holds.list(bench.memberId)).map(({ entityTypeId, id }) => `${entityTypeId}:${id}`);

/** Smart processes have no recycle bin at first; here all have one. */
function withBins() {
  const records = furnish(bench);
  bench.portal.switchRecycleBin(project, true);
  return records;
}

describe('do and undo', () => {
  test.each(['[deal-contacts]', '[company-contacts]', '[deal-contacts, company-contacts]'])(
    'of %s leaves the portal as it was, without making anything anew',
    async (deletions) => {
      const { deal, company } = withBins();
      const before = state();
      const task = await tidy(bench, { entityTypeId: 2, id: deal }, deletions);
      expect(state()).not.toEqual(before);
      const undone = await undo(bench, task);
      expect(undone).toMatchObject({ status: 'done' });
      expect(state()).toEqual(before);
      expect(await holds()).toContain(`2:${deal}`);
      if (deletions.includes('company')) expect(await holds()).toContain(`4:${company}`);
    },
  );

  test.each([
    '[contacts]',
    '[{ contacts: { via: crm.contact.delete } }]',
    '[company]',
    '[deal]',
    `[{ items: { type: ${project} } }]`,
    `[deal-contacts, company-contacts, { items: { type: ${project} } }, contacts, company, deal]`,
  ])('of %s makes everything anew, and the portal is as it was but for ids', async (deletions) => {
    const { deal } = withBins();
    const before = state();
    const task = await tidy(bench, { entityTypeId: 2, id: deal }, deletions);
    const undone = await undo(bench, task, { recreate: true });
    expect(undone).toMatchObject({ status: 'done' });
    expect(state(idsOf(undone))).toEqual(before);
    for (const { entityTypeId, newId } of undone.undo?.restored ?? []) {
      expect(await holds()).toContain(`${entityTypeId}:${newId}`);
    }
  });

  test('of a lead brings back its contacts, and the deals that named it name it again', async () => {
    const { portal } = bench;
    const { anna, boris, company, second } = withBins();
    const contactIds = [boris, anna];
    const lead = portal.addLead({ title: 'Call', stageId: 'JUNK', silent: true, contactIds, companyId: company });
    portal.updateDeal(second, { leadId: lead, silent: true });
    const before = state();
    const task = await tidy(bench, { entityTypeId: 1, id: lead }, '[lead]');
    const undone = await undo(bench, task, { recreate: true });
    expect(undone.status).toBe('done');
    expect(state(idsOf(undone))).toEqual(before);
  });

  test('of an item of a smart process brings back its parent, its contacts and its company', async () => {
    const { portal } = bench;
    const { anna, boris, other, second } = withBins();
    const pipeline = Number(portal.item(project, 1)?.['categoryId']);
    const stage = portal.stages(pipeline, project).find(({ semantics }) => semantics === 'F');
    const id = portal.addItem(project, {
      title: 'Move',
      stageId: stage?.id ?? '',
      silent: true,
      contactIds: [boris, anna],
      companyId: other,
      parents: { 2: second },
    });
    const before = state();
    const task = await tidy(bench, { entityTypeId: project, id }, '[item]');
    const undone = await undo(bench, task, { recreate: true });
    expect(undone.status).toBe('done');
    expect(state(idsOf(undone))).toEqual(before);
  });

  test('with the recycle bin: what a person has restored there is found and linked again, and nothing is made anew', async () => {
    const { deal, anna, boris, company, items } = withBins();
    const before = state();
    const deletions = `[deal-contacts, company-contacts, { items: { type: ${project} } }, contacts, company, deal]`;
    const task = await tidy(bench, { entityTypeId: 2, id: deal }, deletions);

    const waiting = await undo(bench, task);
    expect(waiting).toMatchObject({ status: 'skipped', reason: 'records-missing' });
    expect(waiting.history.at(-1)?.text).toContain(`Not there: 4/${company}, 3/${anna}, 3/${boris}, 2/${deal}`);
    expect(waiting.history.at(-1)?.text).toContain('Recycle Bin');

    bench.time.now += 60_000;
    for (const [type, id] of [
      [4, company],
      [3, anna],
      [3, boris],
      [2, deal],
      [project, items[0]],
      [project, items[1]],
    ] as const) {
      bench.portal.restoreFromBin(type, id ?? 0, { silent: true });
    }
    const undone = await undo(bench, task);
    expect(undone).toMatchObject({ status: 'done' });
    expect(undone.undo?.restored.every(({ how }) => how === 'found')).toBe(true);
    expect(bench.sent('crm.item.add')).toBe(0);
    expect(state(idsOf(undone))).toEqual(before);
  });
});
