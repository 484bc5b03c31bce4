import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createUndo } from '../../../lib/tasks/undo/begin-undo.ts';
import { Deployment } from '../support/deployment.ts';
import { addDeal, enforce, furnish, installApp, lostStage, pushRules } from '../support/scenario.ts';
import { comparable, idsOf } from './undo-bench.ts';

let deployment: Deployment;

beforeEach(async () => {
  deployment = await Deployment.start();
  furnish(deployment);
  await installApp(deployment);
});
afterEach(async () => {
  await deployment.close();
});

const contactsToo = `
version: 1
rules:
  - id: tidy
    when: { type: deal, stages: all-lost }
    wait: 0m
    delete: [deal-contacts, contacts, deal]
`;

test('a lost deal is tidied up by its event and taken back by a person, and no rule takes it again', async () => {
  const { portal, tasks } = deployment;
  await pushRules(deployment, contactsToo);
  await enforce(deployment);
  // The portal's bucket of requests runs dry again of what connecting it has cost.
  await deployment.pass(60_000);
  const deal = addDeal(deployment);
  await deployment.run();
  portal.moveDeal(deal, lostStage);
  const lost = comparable(portal.snapshotState());
  await deployment.run();
  const task = await deployment.taskOf(deal);
  expect(task).toMatchObject({ status: 'done' });
  expect(portal.deal(deal)).toBeUndefined();

  const undoId = await createUndo({ tasks, clock: Date.now }, task, { recreate: true, by: 'test' });
  await deployment.tick();
  const undone = await tasks.get(undoId);
  expect(undone).toMatchObject({ status: 'done' });
  const ids = undone ? idsOf(undone) : new Map<string, number>();
  expect(comparable(portal.snapshotState(), ids)).toEqual(lost);
  const restored = undone?.undo?.restored ?? [];
  const records = restored.map(({ entityTypeId, newId }) => ({ entityTypeId, id: newId }));
  expect((await deployment.portals.holds.among(portal.memberId, records)).size).toBe(4);
  expect(deployment.crashes).toEqual([]);
});
