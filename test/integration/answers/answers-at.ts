import { afterAll, beforeAll, describe, test } from '@jest/globals';
import { answerRows, reactionWords } from './answer-rows.ts';
import { Stage } from './stage.ts';
import { checkWholeBatch, type Position, positionWords } from './to-whole-batches.ts';

/** A test for every error of section 8 that the request of that position may be answered with. */
export function answersAt(position: Position): void {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
  });
  afterAll(async () => {
    await stage.close();
  });

  const cases = answerRows.flatMap(({ fact, error, statuses, whole, single, ...rest }) => {
    const reaction = position === 'single' ? single : whole;
    if (reaction === undefined) return [];
    const named = `${JSON.stringify(error)} ${JSON.stringify(rest.description)}`;
    // What the sources disagree about is the same wherever it is said.
    const some = position === 'deleting' ? statuses : statuses.slice(0, 1);
    return some.map((status) => ({ ...rest, fact, error, status, reaction, named, words: reactionWords[reaction] }));
  });

  describe(`an error ${positionWords[position]}`, () => {
    test.each(cases)(
      `$named with $status: $words [answer/$fact/${position}]`,
      async ({ error, description, status, reaction, row }) => {
        const give = { type: 'error', status, error, description } as const;
        await checkWholeBatch(stage, { position, give, reaction, row });
      },
    );
  });
}
