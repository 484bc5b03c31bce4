import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Task } from '../../../lib/tasks/task.ts';
import type { Fault } from '../../../simulator/faults/fault.ts';
import { lostStage, pushRules } from '../support/scenario.ts';
import { type AnswerRow, answerRows } from './answer-rows.ts';
import { expectStopped } from './reactions.ts';
import { Stage } from './stage.ts';

/** The three methods beside crm.deal.contact.items.delete: what each may answer to one deletion of a lost deal. */
let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open({ simulator: { portal: { contactDeleteFate: 'operation' } } });
});
afterAll(async () => {
  await stage.close();
});

/** The errors that the documentation lists for every method alike. */
const systemErrors = [
  'internal-server-error',
  'unexpected-answer',
  'query-limit-exceeded',
  'batch-method-not-allowed',
  'batch-too-long',
  'no-auth-found',
  'https-required',
  'overload-limit',
  'plan-without-rest',
  'invalid-credentials',
  'manifest-not-available',
  'insufficient-scope',
  'expired-token',
  'user-access-error',
  'portal-deleted',
];

interface Method {
  readonly method: string;
  /** What a rule deletes by it. */
  readonly entries: string;
  readonly type: 'company' | 'contact';
}

/** A lost deal with a company that has a contact, and a contact of its own. */
function loseDeal({ type }: Method) {
  const { portal } = stage;
  const companyId = portal.addCompany({ silent: true });
  const employee = portal.addContact({ companyId, silent: true });
  const contactId = portal.addContact({ silent: true });
  const id = portal.addDeal({ categoryId: 5, stageId: 'C5:NEW', companyId, contactIds: [contactId], silent: true });
  return {
    id,
    targetId: type === 'company' ? companyId : contactId,
    employee,
    lose: () => portal.moveDeal(id, lostStage),
    isDone: () =>
      type === 'company' ? portal.contactsOfCompany(companyId).length === 0 : portal.item(3, contactId) === undefined,
    /** What no answer may touch. */
    others: () => [
      portal.deal(id) !== undefined,
      portal.item(4, companyId) !== undefined,
      portal.item(3, employee) !== undefined,
      type === 'company' ? portal.contactsOf(id).length : portal.contactsOfCompany(companyId).length,
    ],
  };
}

async function taskOf(id: number): Promise<Task> {
  const task = await stage.task({ id, neighbour: 0, contactIds: [] });
  if (!task) throw new Error(`Deal ${id} has no task`);
  return task;
}

/** The one deletion that is to be done gets this answer, again and again. */
async function answer({ method }: Method, deal: ReturnType<typeof loseDeal>, give: Fault) {
  const fault = stage.portal.faults.add({
    when: { method, inBatch: 'command', id: deal.targetId },
    times: Number.POSITIVE_INFINITY,
    give,
  });
  deal.lose();
  await stage.deployment.run();
  expect(fault.hits).toBe(1);
  return fault;
}

async function expectDoneAfter(deal: ReturnType<typeof loseDeal>): Promise<void> {
  const task = await stage.untilEnded({ id: deal.id, neighbour: 0, contactIds: [] });
  expect(task).toMatchObject({ status: 'done' });
  expect(deal.isDone()).toBe(true);
}

async function checkAnswer(method: Method, { row, error, description, one }: AnswerRow): Promise<void> {
  await stage.fresh();
  const deal = loseDeal(method);
  const before = deal.others();
  const fault = await answer(method, deal, { type: 'error', error, description });
  expect(deal.isDone()).toBe(false);
  const task = await taskOf(deal.id);
  if (one === 'fails') {
    expect(task).toMatchObject({ status: 'failed', reason: row, deletions: [{ outcome: { result: 'refused' } }] });
    expect(await stage.takeLetters()).toEqual([expect.objectContaining({ taskId: task.taskId })]);
  } else {
    expect(task.status).toBe('open');
    if (one === 'stops') await expectStopped(stage, row);
    fault.remove();
    if (one === 'stops') await stage.resume();
    await expectDoneAfter(deal);
  }
  expect(deal.others()).toEqual(before);
  fault.remove();
  await stage.expectNothingElseTouched();
}

function rowOf(fact: string): AnswerRow {
  const row = answerRows.find((candidate) => candidate.fact === fact);
  if (!row) throw new Error(`No answer ${fact}`);
  return row;
}

function useRule({ entries }: Method): void {
  beforeAll(async () => {
    await pushRules(
      stage.deployment,
      `
version: 1
rules:
  - id: tidy
    when: { type: deal, stages: all-lost }
    wait: 0m
    delete: ${entries}
`,
    );
  });
}

describe('crm.company.contact.items.delete', () => {
  const method: Method = {
    method: 'crm.company.contact.items.delete',
    entries: '[company-contacts]',
    type: 'company',
  };
  useRule(method);

  test('with true for what somebody has unlinked meanwhile is done [method/crm.company.contact.items.delete/nothing-linked]', async () => {
    await stage.fresh();
    const deal = loseDeal(method);
    await answer(method, deal, {
      type: 'hook',
      run: () => stage.portal.updateItem(3, deal.employee, { companyId: 0, silent: true }),
    });
    await expectDoneAfter(deal);
    expect(stage.portal.calls(method.method).every(({ error }) => error === undefined)).toBe(true);
    await stage.expectNothingElseTouched();
  });

  test.each([
    { fact: 'method/crm.company.contact.items.delete/owner-id', answer: 'empty-owner-id' },
    { fact: 'method/crm.company.contact.items.delete/access-denied', answer: 'access-denied' },
  ])('refused ($answer) is dead-lettered, and nothing is touched [$fact]', async ({ answer: fact }) => {
    await checkAnswer(method, rowOf(fact));
  });

  test('answered with any of the system errors comes to the same as any other method [method/crm.company.contact.items.delete/system-errors]', async () => {
    for (const fact of systemErrors) await checkAnswer(method, rowOf(fact));
  });
});

describe('crm.contact.delete', () => {
  const method: Method = {
    method: 'crm.contact.delete',
    entries: '[{ contacts: { via: crm.contact.delete } }]',
    type: 'contact',
  };
  useRule(method);

  test('cut off by the gateway after a minute goes on without us, and reading shows that it is done [method/crm.contact.delete/slow]', async () => {
    await stage.fresh();
    const deal = loseDeal(method);
    await answer(method, deal, { type: 'html', status: 504, work: 'after' });
    await expectDoneAfter(deal);
    expect((await taskOf(deal.id)).deletions).toMatchObject([{ outcome: { proof: 'read' } }]);
    await stage.expectNothingElseTouched();
  });

  test('with ERROR_CORE for a contact that is gone is done [answer/error-core-contact-gone/deletion]', async () => {
    await stage.fresh();
    const deal = loseDeal(method);
    await answer(method, deal, {
      type: 'hook',
      run: () => stage.portal.removeItem(3, deal.targetId, { silent: true }),
    });
    await expectDoneAfter(deal);
    expect(stage.portal.calls(method.method)).toMatchObject([{ error: 'ERROR_CORE' }]);
    await stage.expectNothingElseTouched();
  });

  test('with no code and no text, as older portals say of a contact that is gone, is done [method/crm.contact.delete/missing-legacy]', async () => {
    await stage.fresh();
    const deal = loseDeal(method);
    await answer(method, deal, {
      type: 'hook',
      run: () => {
        stage.portal.removeItem(3, deal.targetId, { silent: true });
        return { type: 'error', error: '', description: '' };
      },
    });
    await expectDoneAfter(deal);
    expect((await taskOf(deal.id)).deletions).toMatchObject([{ outcome: { result: 'already-gone', proof: 'read' } }]);
    await stage.expectNothingElseTouched();
  });

  test('with ERROR_CORE for a contact that is still there is refused [answer/error-core-contact-vetoed/deletion]', async () => {
    await stage.fresh();
    const deal = loseDeal(method);
    stage.portal.forbidDeletion(3, deal.targetId, 'Still needed');
    deal.lose();
    await stage.deployment.run();
    const task = await taskOf(deal.id);
    expect(task).toMatchObject({ status: 'failed', deletions: [{ outcome: { result: 'refused' } }] });
    expect(await stage.takeLetters()).toEqual([expect.objectContaining({ code: 'ERROR_CORE' })]);
    expect(deal.isDone()).toBe(false);
    await stage.expectNothingElseTouched();
  });

  test.each([
    { fact: 'method/crm.contact.delete/id-invalid', answer: 'empty-id' },
    { fact: 'method/crm.contact.delete/access-denied', answer: 'empty-access-denied' },
  ])('refused ($answer) is dead-lettered, and nothing is touched [$fact]', async ({ answer: fact }) => {
    await checkAnswer(method, rowOf(fact));
  });

  test('answered with any of the system errors comes to the same as any other method [method/crm.contact.delete/system-errors]', async () => {
    for (const fact of systemErrors) await checkAnswer(method, rowOf(fact));
  });
});

describe('crm.item.delete', () => {
  const method: Method = { method: 'crm.item.delete', entries: '[contacts]', type: 'contact' };
  useRule(method);

  test('with NOT_FOUND for a contact that is gone is done [answer/not-found/deletion]', async () => {
    await stage.fresh();
    const deal = loseDeal(method);
    await answer(method, deal, {
      type: 'hook',
      run: () => stage.portal.removeItem(3, deal.targetId, { silent: true }),
    });
    await expectDoneAfter(deal);
    expect(stage.portal.calls(method.method)).toMatchObject([{ error: 'NOT_FOUND' }]);
    await stage.expectNothingElseTouched();
  });

  test.each([
    { fact: 'method/crm.item.delete/access-denied', answer: 'access-denied' },
    { fact: 'method/crm.item.delete/delete-denied', answer: 'item-delete-denied' },
    { fact: 'method/crm.item.delete/vetoed', answer: 'terminated-by-event' },
    { fact: 'method/crm.item.delete/parameter-missing', answer: '100' },
  ])('refused ($answer) is dead-lettered, and nothing is touched [$fact]', async ({ answer: fact }) => {
    await checkAnswer(method, rowOf(fact));
  });

  test('refused to a user who is no employee stops the portal [method/crm.item.delete/intranet-users-only]', async () => {
    await checkAnswer(method, rowOf('intranet-users-only'));
  });

  test('answered with any of the system errors comes to the same as any other method [method/crm.item.delete/system-errors]', async () => {
    for (const fact of systemErrors) await checkAnswer(method, rowOf(fact));
  });
});
