import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type AnswerRow, answerRows, reactionWords } from './answer-rows.ts';
import { expectDone, expectStopped } from './reactions.ts';
import { deletion, Stage } from './stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open();
});
afterAll(async () => {
  await stage.close();
});

/** Two deals are deleted for by one batch; one of them gets this answer, and goes on getting it until it is mended. */
async function checkOneCommand(
  { row, error, description }: AnswerRow,
  reaction: NonNullable<AnswerRow['one']>,
): Promise<void> {
  const { deployment, portal } = stage;
  await stage.fresh();
  const [struck, other] = [stage.addDeal(), stage.addDeal()];
  const fault = portal.faults.add({
    when: { method: deletion, inBatch: 'command', id: struck.id },
    times: Number.POSITIVE_INFINITY,
    // That a deal is gone the portal says itself, when somebody removes it right before.
    give:
      reaction === 'gone'
        ? { type: 'hook', run: () => portal.removeDeal(struck.id, { silent: true }) }
        : { type: 'error', error, description },
  });
  stage.lose(struck, other);
  await deployment.run();

  expect(fault.hits).toBe(1);
  await expectDone(stage, other, 'none');
  const task = await stage.task(struck);
  switch (reaction) {
    case 'gone':
      expect(task).toMatchObject({ status: 'done', deletions: [{ outcome: { result: 'already-gone' } }] });
      expect(portal.calls(deletion).find(({ params }) => Number(params['id']) === struck.id)).toMatchObject({ error });
      break;
    case 'fails':
      expect(task).toMatchObject({ status: 'failed', reason: row, deletions: [{ outcome: { result: 'refused' } }] });
      expect(await stage.takeLetters()).toEqual([
        expect.objectContaining({
          taskId: task?.taskId,
          code: error === '' ? row : String(error),
          record: { entityTypeId: 2, id: struck.id },
        }),
      ]);
      expect(portal.contactsOf(struck.id)).toEqual(struck.contactIds);
      break;
    case 'stops':
      await expectStopped(stage, row);
      fault.remove();
      await stage.resume();
      await deployment.tick();
      await expectDone(stage, struck);
      break;
    case 'waits':
    case 'retries':
      expect(task).toMatchObject({ status: 'open', attempts: reaction === 'waits' ? 0 : 1 });
      expect(await stage.pause()).toBeUndefined();
      fault.remove();
      await expectDone(stage, struck, reaction === 'waits' ? 'none' : 'some');
      break;
  }
  fault.remove();
  await stage.expectNothingElseTouched();
}

const cases = answerRows.flatMap((row) => {
  const { error, description, one } = row;
  const named = `${JSON.stringify(error)} ${JSON.stringify(description)}`;
  return one === undefined ? [] : [{ ...row, named, reaction: one, words: reactionWords[one] }];
});

describe('an error to one deletion of a batch', () => {
  test.each(cases)('$named: $words [answer/$fact/deletion]', async ({ reaction, ...row }) => {
    await checkOneCommand(row, reaction);
  });
});
