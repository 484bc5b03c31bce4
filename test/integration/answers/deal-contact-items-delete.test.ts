import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Fault } from '../../../simulator/faults/fault.ts';
import { expectDone } from './reactions.ts';
import { type Deal, deletion, Stage } from './stage.ts';

/** What the portal itself answers to this method, in each state that its deal and its user can be in. */
let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open();
});
beforeEach(async () => {
  await stage.fresh();
});
afterAll(async () => {
  await stage.close();
});

/** Right before the deletion that was decided on, something changes on the portal. Gives what it answers. */
async function loseWhile(deal: Deal, happens: () => void) {
  const { portal, deployment } = stage;
  portal.faults.add({
    when: { method: deletion, inBatch: 'command', id: deal.id },
    give: { type: 'hook', run: () => happens() },
  });
  stage.lose(deal);
  await deployment.run();
  const calls = portal.calls(deletion).filter(({ params }) => Number(params['id']) === deal.id);
  expect(calls).toHaveLength(1);
  return calls[0];
}

describe(deletion, () => {
  test('with true unlinks the contacts and leaves them [method/crm.deal.contact.items.delete/success]', async () => {
    const deal = stage.addDeal();
    expect(await loseWhile(deal, () => {})).not.toHaveProperty('error');
    expect(await stage.task(deal)).toMatchObject({
      status: 'done',
      deletions: [{ method: deletion, contactIds: deal.contactIds, outcome: { result: 'deleted', proof: 'answer' } }],
    });
    await expectDone(stage, deal, 'none');
    await stage.expectNothingElseTouched();
  });

  test('with true for what somebody has unlinked meanwhile is done [method/crm.deal.contact.items.delete/nothing-linked]', async () => {
    const deal = stage.addDeal();
    const call = await loseWhile(deal, () => stage.portal.updateDeal(deal.id, { contactIds: [], silent: true }));
    expect(call).not.toHaveProperty('error');
    await expectDone(stage, deal, 'none');
    await stage.expectNothingElseTouched();
  });

  test('that was done although nobody heard of it is found to be done, and not sent again [method/crm.deal.contact.items.delete/repeated]', async () => {
    const deal = stage.addDeal();
    const cut: Fault = { type: 'reset', work: 'after' };
    const { faults } = stage.portal;
    faults.add({ when: { method: deletion, inBatch: 'envelope', id: deal.id }, give: cut });
    // The first reading is the look; the second, right after, is to tell what became of it.
    faults.add({ when: { method: 'crm.deal.contact.items.get', inBatch: 'envelope', id: deal.id, nth: 2 }, give: cut });
    stage.lose(deal);
    await stage.deployment.run();
    expect(await stage.task(deal)).toMatchObject({ status: 'open', attempts: 1 });
    await expectDone(stage, deal, 'some');
    expect(await stage.task(deal)).toMatchObject({
      deletions: [{ outcome: { result: 'already-gone', proof: 'read' } }],
    });
    expect(stage.portal.calls(deletion).filter(({ params }) => Number(params['id']) === deal.id)).toHaveLength(1);
    await stage.expectNothingElseTouched();
  });

  test('with "Not found" has nothing left to do [method/crm.deal.contact.items.delete/missing]', async () => {
    const deal = stage.addDeal();
    const call = await loseWhile(deal, () => stage.portal.removeDeal(deal.id, { silent: true }));
    expect(call).toMatchObject({ error: '' });
    expect(await stage.task(deal)).toMatchObject({
      status: 'done',
      deletions: [{ outcome: { result: 'already-gone' } }],
    });
    await stage.expectNothingElseTouched();
  });

  test('that complains of its id is a mistake of ours: dead-lettered [method/crm.deal.contact.items.delete/owner-id]', async () => {
    const deal = stage.addDeal();
    const description = 'The parameter ownerEntityID is invalid or not defined.';
    stage.portal.faults.add({
      when: { method: deletion, inBatch: 'command', id: deal.id },
      give: { type: 'error', error: '', description },
    });
    stage.lose(deal);
    await stage.deployment.run();
    expect(await stage.task(deal)).toMatchObject({ status: 'failed', reason: 'owner-id-invalid' });
    expect(await stage.takeLetters()).toEqual([expect.objectContaining({ description })]);
    await stage.expectNothingElseTouched();
  });

  test.each([
    {
      what: 'refused for this deal',
      rights: 'own',
      error: 'ACCESS_DENIED',
      row: 'access-denied',
      fact: 'method/crm.deal.contact.items.delete/access-denied',
    },
    {
      what: 'refused for want of any access',
      rights: 'none',
      error: '',
      row: 'access-denied-without-code',
      fact: 'method/crm.deal.contact.items.delete/no-crm-access',
    },
  ] as const)('that is $what is dead-lettered, and nothing is touched [$fact]', async ({ rights, error, row }) => {
    const { portal } = stage;
    const deal = stage.addDeal();
    const other = portal.addUser();
    portal.updateDeal(deal.id, { assignedById: other.id, silent: true });
    const call = await loseWhile(deal, () => portal.changeUser(1, { admin: false, rights }));
    portal.changeUser(1, { admin: true, rights: 'all' });
    expect(call).toMatchObject({ error });
    expect(await stage.task(deal)).toMatchObject({ status: 'failed', reason: row });
    expect(portal.contactsOf(deal.id)).toEqual(deal.contactIds);
    expect(await stage.takeLetters()).toHaveLength(1);
    await stage.expectNothingElseTouched();
  });
});
