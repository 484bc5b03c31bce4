import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Deployment } from './support/deployment.ts';
import { addDeal, enforce, furnish, installApp, lostStage, pushRules } from './support/scenario.ts';

const minute = 60_000;

/** One of each kind of event in one batch: each ends in exactly one place. */
describe('one mixed batch through plan and worker', () => {
  let deployment: Deployment;
  let deals: Record<'lost' | 'won' | 'deleted' | 'twice' | 'refused' | 'unanswered' | 'reopened', number>;

  beforeAll(async () => {
    deployment = await Deployment.start();
    const { portal } = deployment;
    furnish(deployment);
    await installApp(deployment);
    await pushRules(deployment);
    await enforce(deployment);
    deals = {
      lost: addDeal(deployment),
      won: addDeal(deployment),
      deleted: addDeal(deployment),
      twice: addDeal(deployment),
      refused: addDeal(deployment),
      unanswered: addDeal(deployment),
      reopened: addDeal(deployment),
    };
    await deployment.run();

    const deletion = 'crm.deal.contact.items.delete';
    portal.faults.add({
      when: { method: deletion, id: deals.refused },
      times: Number.POSITIVE_INFINITY,
      give: { type: 'error', error: 'ACCESS_DENIED', description: 'Access denied!' },
    });
    portal.faults.add({ when: { method: deletion, id: deals.unanswered }, give: { type: 'reset', work: 'after' } });

    portal.moveDeal(deals.lost, lostStage);
    portal.moveDeal(deals.won, 'C5:WON');
    portal.moveDeal(deals.deleted, lostStage);
    portal.duplicateEvents(1);
    portal.moveDeal(deals.twice, lostStage);
    portal.moveDeal(deals.refused, lostStage);
    portal.moveDeal(deals.unanswered, lostStage);
    portal.moveDeal(deals.reopened, lostStage);
    await deployment.simulator.settle();
    await deployment.send('events', '{"v":1,"memberId":');

    // Planned while lost; then one is reopened and one removed before the worker comes to them.
    while (await deployment.runOnce('events'));
    portal.moveDeal(deals.reopened, 'C5:NEW');
    portal.removeDeal(deals.deleted);
    await deployment.run();
    await deployment.pass(20 * minute);
    await deployment.pass(20 * minute);
  });
  afterAll(async () => {
    await deployment.close();
  });

  test('the lost deal is unlinked', async () => {
    expect(deployment.portal.contactsOf(deals.lost)).toEqual([]);
    expect(await deployment.taskOf(deals.lost)).toMatchObject({
      status: 'done',
      deletions: [{ outcome: { result: 'deleted' } }],
    });
  });

  test('the won deal has no task and keeps its contacts', async () => {
    expect(deployment.portal.contactsOf(deals.won)).toHaveLength(3);
    await expect(deployment.taskOf(deals.won)).rejects.toThrow('has 0 tasks');
  });

  test('the deal that was removed meanwhile is skipped', async () => {
    expect(await deployment.taskOf(deals.deleted)).toMatchObject({ status: 'skipped', reason: 'record-gone' });
  });

  test('the deal that was reopened meanwhile is cancelled and keeps its contacts', async () => {
    expect(await deployment.taskOf(deals.reopened)).toMatchObject({ status: 'cancelled', reason: 'no-longer-lost' });
    expect(deployment.portal.contactsOf(deals.reopened)).toHaveLength(3);
  });

  test('the event that came twice made one task and one deletion', async () => {
    expect(await deployment.taskOf(deals.twice)).toMatchObject({ status: 'done' });
    const deletions = deployment.portal.requests
      .flatMap(({ commands }) => commands)
      .filter(
        ({ method, params }) => method === 'crm.deal.contact.items.delete' && Number(params['id']) === deals.twice,
      );
    // Two at most: one more when the batch it was in had to be repeated.
    expect(deletions.length).toBeLessThanOrEqual(2);
    expect(deployment.portal.contactsOf(deals.twice)).toEqual([]);
  });

  test('the deal that the portal refuses is failed and dead-lettered once', async () => {
    const task = await deployment.taskOf(deals.refused);
    expect(task).toMatchObject({ status: 'failed', deletions: [{ outcome: { result: 'refused' } }] });
    const letters = await deployment.deadLetters('DELETIONS_DLQ_URL');
    expect(letters).toEqual([
      expect.objectContaining({
        kind: 'task',
        taskId: task.taskId,
        code: 'ACCESS_DENIED',
        description: 'Access denied!',
      }),
    ]);
    expect(deployment.portal.contactsOf(deals.refused)).toHaveLength(3);
  });

  test('the deal whose answer never came is done, because reading it again shows so', async () => {
    expect(deployment.portal.contactsOf(deals.unanswered)).toEqual([]);
    expect(await deployment.taskOf(deals.unanswered)).toMatchObject({
      status: 'done',
      deletions: [{ outcome: { result: 'deleted', proof: 'read' } }],
    });
  });

  test('the message that nobody can read is dead-lettered once', async () => {
    const letters = await deployment.deadLetters('EVENTS_DLQ_URL');
    expect(letters).toEqual([expect.objectContaining({ kind: 'unreadable-message', body: '{"v":1,"memberId":' })]);
  });

  test('nothing is open, due or crashed', async () => {
    const open = (await deployment.tasksOf()).filter(({ status }) => status === 'open');
    expect(open).toEqual([]);
    expect(await deployment.dueRows()).toEqual([]);
    expect(deployment.crashes).toEqual([]);
  });
});
