import { expect } from '@jest/globals';
import type { Fault, FaultRule } from '../../../simulator/faults/fault.ts';
import type { Reaction } from './answer-rows.ts';
import { expectDone, expectKept, expectStopped } from './reactions.ts';
import { type Deal, deletion, type Stage } from './stage.ts';

/** Which request of the system gets the answer: the first says it in words for titles. */
export type Position = 'deleting' | 'looking' | 'planning' | 'single';
export const positionWords: Readonly<Record<Position, string>> = {
  deleting: 'to the batch that deletes',
  looking: 'to the batch that looks again',
  planning: 'to the batch that reads what events tell of',
  single: 'to a single call',
};

/** Gives the answer to exactly the requests of that position. */
export function answered(position: Position, { id }: Deal, give: Fault): FaultRule {
  const byPosition: Readonly<Record<Position, Omit<FaultRule, 'times'>>> = {
    deleting: { when: { method: deletion, inBatch: 'envelope', id }, give },
    looking: { when: { method: 'crm.deal.contact.items.get', inBatch: 'envelope', id }, give },
    planning: { when: { method: 'crm.item.list', inBatch: 'envelope' }, give },
    single: {
      when: { method: 'crm.item.list' },
      give: { type: 'hook', run: ({ command }) => (command === undefined ? give : undefined) },
    },
  };
  return { ...byPosition[position], times: Number.POSITIVE_INFINITY };
}

export interface WholeBatchCase {
  readonly position: Position;
  readonly give: Fault;
  readonly reaction: Exclude<Reaction, 'fails' | 'gone'> | 'done' | 'read-back';
  /** Of the table: the code of a pause. */
  readonly row: string;
  /** Of the pause and what it says, where they are not the row's. */
  readonly pause?: { readonly code: string; readonly says: string };
}

/**
 * Two deals are lost and the portal answers like that until it is mended. Meanwhile somebody takes the second one up
 * again: what waits must be looked at again before anything is deleted.
 */
export async function checkWholeBatch(
  stage: Stage,
  { position, give, reaction, row, pause }: WholeBatchCase,
): Promise<void> {
  const { deployment, portal } = stage;
  await stage.fresh();
  const [lost, reopened] = [stage.addDeal(), stage.addDeal()];
  const refreshes = portal.refreshes.length;
  let asked = 0;
  const counted: Fault = {
    type: 'hook',
    run: () => {
      asked += 1;
      return reaction === 'refreshes' && asked > 1 ? undefined : give;
    },
  };
  const fault = portal.faults.add(answered(position, lost, counted));

  if (position === 'single') {
    // Nothing tells of it, so that the round of reconciliation has to find it.
    portal.dropEvents(2);
    stage.lose(lost, reopened);
    await deployment.pass(16 * 60_000);
  } else {
    stage.lose(lost, reopened);
    await deployment.run();
  }
  expect(asked).toBeGreaterThan(0);

  if (reaction === 'refreshes' || reaction === 'done' || reaction === 'read-back') {
    for (const deal of [lost, reopened]) await expectDone(stage, deal, 'none');
    const proof = reaction === 'read-back' ? 'read' : 'answer';
    expect(await stage.task(lost)).toMatchObject({ deletions: [{ outcome: { result: 'deleted', proof } }] });
    expect(portal.refreshes.length - refreshes).toBe(reaction === 'refreshes' ? 1 : 0);
    fault.remove();
    await stage.expectNothingElseTouched();
    return;
  }

  // Nobody is asked twice at once, and no token is refreshed for it: only where a renamed portal is, may be asked so.
  const mayAsk = row === 'redirect-elsewhere' ? 1 : 0;
  expect(asked).toBeLessThanOrEqual(1 + mayAsk);
  expect(portal.refreshes.length).toBeLessThanOrEqual(refreshes + mayAsk);
  expect([lost, reopened].map((deal) => portal.contactsOf(deal.id).length)).toEqual([3, 3]);
  for (const deal of [lost, reopened]) expect((await stage.task(deal))?.status ?? 'open').toBe('open');
  stage.reopen(reopened);
  if (reaction === 'stops') {
    await expectStopped(stage, pause?.code ?? row, pause?.says);
    fault.remove();
    await stage.resume();
    await deployment.tick();
  } else {
    expect(await stage.pause()).toBeUndefined();
    fault.remove();
  }
  if (position === 'single') await deployment.pass(16 * 60_000);
  const counts = position === 'deleting' || position === 'looking';
  await expectDone(stage, lost, counts ? (reaction === 'retries' ? 'some' : 'none') : 'any');
  await expectKept(stage, reopened);
  await stage.expectNothingElseTouched();
}
