import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Fault } from '../../../simulator/faults/fault.ts';
import { expectDone, expectStopped, mendOf } from './reactions.ts';
import { deletion, Stage } from './stage.ts';
import { answered } from './to-whole-batches.ts';

const minute = 60_000;
const always = Number.POSITIVE_INFINITY;
let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open();
});
afterAll(async () => {
  await stage.close();
});

/** Loses a deal whose deletion, as a whole batch, is answered like that until the fault is removed. */
async function struckBy(give: Fault) {
  await stage.fresh();
  const deal = stage.addDeal();
  const fault = stage.portal.faults.add(answered('deleting', deal, give));
  stage.lose(deal);
  await stage.deployment.run();
  return { deal, fault };
}

describe('a token that is refused', () => {
  test.each([
    { error: 'expired_token', row: 'expired-token', fact: 'answer/expired-token/again' },
    { error: 'invalid_token', row: 'invalid-token', fact: 'answer/invalid-token/again' },
    { error: 'NO_AUTH_FOUND', row: 'no-auth-found', fact: 'answer/no-auth-found/again' },
  ])('with $error again after a refresh stops the portal [$fact]', async ({ error, row }) => {
    await stage.fresh();
    const deal = stage.addDeal();
    const before = stage.portal.refreshes.length;
    const fault = stage.portal.faults.add(answered('deleting', deal, { type: 'error', status: 401, error }));
    stage.lose(deal);
    await stage.deployment.run();
    expect(stage.portal.refreshes.length).toBe(before + 1);
    expect(fault.hits).toBe(2);
    expect(await stage.task(deal)).toMatchObject({ status: 'open', attempts: 0 });
    await expectStopped(stage, row);
    fault.remove();
    await stage.resume();
    await stage.deployment.tick();
    await expectDone(stage, deal, 'none');
    await stage.expectNothingElseTouched();
  });
});

interface Stubborn {
  readonly fact: string;
  readonly says: string;
  readonly give: Fault;
  readonly tries: number;
}

describe('what does not mend itself', () => {
  test.each<Stubborn>([
    {
      fact: 'answer/internal-server-error/always',
      says: 'INTERNAL_SERVER_ERROR',
      tries: 5,
      give: { type: 'error', status: 500, error: 'INTERNAL_SERVER_ERROR' },
    },
    {
      fact: 'answer/undocumented/always',
      says: 'an undocumented code',
      tries: 3,
      give: { type: 'error', status: 418, error: 'SOMETHING_NEW' },
    },
    { fact: 'symptom/html-200/always', says: 'a page with 200', tries: 5, give: { type: 'html', status: 200 } },
    { fact: 'symptom/reset-before/always', says: 'a reset', tries: 8, give: { type: 'reset', work: 'before' } },
  ])(
    '$says is given up for the one record after $tries tries, and the portal works on [$fact]',
    async ({ give, tries }) => {
      const { deal, fault } = await struckBy(give);
      const task = await stage.untilEnded(deal, 150);
      expect(task).toMatchObject({ status: 'failed', attempts: tries });
      expect(fault.hits).toBe(tries);
      expect(stage.portal.contactsOf(deal.id)).toEqual(deal.contactIds);
      expect(await stage.takeLetters()).toEqual([expect.objectContaining({ taskId: task.taskId, attempts: tries })]);
      fault.remove();
      const next = stage.addDeal();
      stage.lose(next);
      await stage.deployment.run();
      await expectDone(stage, next, 'none');
      await stage.expectNothingElseTouched();
    },
  );

  test('a page with 403 stops the portal at the third try [symptom/html-403/always]', async () => {
    const { deal, fault } = await struckBy({ type: 'html', status: 403 });
    for (let passed = 0; passed < 30 && !(await stage.pause()); passed += 1) await stage.deployment.pass(minute);
    expect(fault.hits).toBe(3);
    await expectStopped(stage, 'page-403');
    fault.remove();
    await stage.resume();
    await stage.deployment.tick();
    await expectDone(stage, deal);
    await stage.expectNothingElseTouched();
  });
});

describe('an answer that says the contrary of what was done', () => {
  test.each<Omit<Stubborn, 'tries'>>([
    {
      fact: 'answer/internal-server-error/after-the-work',
      says: 'INTERNAL_SERVER_ERROR',
      give: { type: 'error', status: 500, error: 'INTERNAL_SERVER_ERROR', work: 'after' },
    },
    {
      fact: 'symptom/html-502/after-the-work',
      says: 'a page with 502',
      give: { type: 'html', status: 502, work: 'after' },
    },
    {
      fact: 'symptom/html-504/after-the-work',
      says: 'a page with 504',
      give: { type: 'html', status: 504, work: 'after' },
    },
  ])('$says is found out by reading, and nothing is sent again [$fact]', async ({ give }) => {
    const { deal, fault } = await struckBy(give);
    expect(await stage.task(deal)).toMatchObject({
      status: 'done',
      deletions: [{ outcome: { result: 'deleted', proof: 'read' } }],
    });
    expect(fault.hits).toBe(1);
    fault.remove();
    await expectDone(stage, deal);
    await stage.expectNothingElseTouched();
  });
});

describe('a right that is missing for every record', () => {
  test.each([
    {
      error: 'ACCESS_DENIED',
      description: 'Access denied!',
      row: 'access-denied',
      fact: 'answer/access-denied/every-record',
    },
    {
      error: '',
      description: 'Access denied.',
      row: 'access-denied-without-code',
      fact: 'answer/empty-access-denied/every-record',
    },
  ])('"$error" "$description" to each of them stops the portal [$fact]', async ({ error, description, row }) => {
    await stage.fresh();
    const deals = Array.from({ length: 6 }, () => stage.addDeal());
    const fault = stage.portal.faults.add({
      when: { method: deletion, inBatch: 'command' },
      times: always,
      give: { type: 'error', error, description },
    });
    stage.lose(...deals);
    await stage.deployment.run();
    await expectStopped(stage, 'every-record-refused', mendOf(row));
    for (const deal of deals) expect(stage.portal.contactsOf(deal.id)).toEqual(deal.contactIds);
    // Each was refused by itself, and is failed: whoever mends the right redrives them.
    const letters = await stage.takeLetters();
    const refused = letters.map((letter) => (letter.kind === 'task' ? letter.record?.id : undefined));
    expect(new Set(refused)).toEqual(new Set(deals.map(({ id }) => id)));
    fault.remove();
    await stage.resume();
    const next = stage.addDeal();
    stage.lose(next);
    await stage.deployment.run();
    await expectDone(stage, next, 'none');
    await stage.expectNothingElseTouched();
  });
});

test('an error in an answer of status 200 is taken by its code [symptom/error-in-200]', async () => {
  const { deal, fault } = await struckBy({ type: 'error', status: 200, error: 'OVERLOAD_LIMIT' });
  await expectStopped(stage, 'overload-block');
  fault.remove();
  await stage.resume();
  await stage.deployment.tick();
  await expectDone(stage, deal, 'none');
  await stage.expectNothingElseTouched();
});

test('each command of a batch that was answered with 200 is classified alone [symptom/result-error]', async () => {
  await stage.fresh();
  const { portal, deployment } = stage;
  const [done, gone, refused, limited, failing] = [1, 2, 3, 4, 5].map(() => stage.addDeal());
  if (!done || !gone || !refused || !limited || !failing) throw new Error('Too few deals');
  const gives: [number, Fault][] = [
    [gone.id, { type: 'hook', run: () => portal.removeDeal(gone.id, { silent: true }) }],
    [refused.id, { type: 'error', error: 'ACCESS_DENIED', description: 'Access denied!' }],
    [limited.id, { type: 'error', error: 'OPERATION_TIME_LIMIT' }],
    [failing.id, { type: 'error', error: 'INTERNAL_SERVER_ERROR' }],
  ];
  for (const [id, give] of gives) portal.faults.add({ when: { method: deletion, inBatch: 'command', id }, give });
  const batches = portal.requests.length;
  stage.lose(done, gone, refused, limited, failing);
  await deployment.run();
  expect(
    portal.requests.slice(batches).filter(({ commands }) => commands.some(({ method }) => method === deletion)),
  ).toHaveLength(1);
  expect(await stage.task(done)).toMatchObject({ status: 'done', deletions: [{ outcome: { result: 'deleted' } }] });
  expect(await stage.task(gone)).toMatchObject({
    status: 'done',
    deletions: [{ outcome: { result: 'already-gone' } }],
  });
  expect(await stage.task(refused)).toMatchObject({ status: 'failed', reason: 'access-denied' });
  expect(await stage.task(limited)).toMatchObject({ status: 'open', attempts: 0 });
  expect(await stage.task(failing)).toMatchObject({ status: 'open', attempts: 1 });
  await expectDone(stage, limited, 'none');
  await expectDone(stage, failing, 'some');
  expect(await stage.takeLetters()).toEqual([expect.objectContaining({ code: 'ACCESS_DENIED' })]);
  await stage.expectNothingElseTouched();
});
