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

/**
 * Two deals are lost and the portal answers like that until it is mended. Meanwhile somebody takes the second one up
 * again: what waits must be looked at again before anything is deleted.
 */
export async function checkWholeBatch(
  stage: Stage,
  { position, give, reaction, row }: { position: Position; give: Fault; reaction: Reaction; row: string },
): Promise<void> {
  const { deployment, portal } = stage;
  await stage.fresh();
  const [lost, reopened] = [stage.addDeal(), stage.addDeal()];
  const refreshes = portal.refreshes.length;
  let hits = 0;
  const once: Fault = { type: 'hook', run: () => ((hits += 1) === 1 ? give : undefined) };
  const fault = portal.faults.add(answered(position, lost, reaction === 'refreshes' ? once : give));

  if (position === 'single') {
    // Nothing tells of it, so that the round of reconciliation has to find it.
    portal.dropEvents(2);
    stage.lose(lost, reopened);
    await deployment.pass(16 * 60_000);
  } else {
    stage.lose(lost, reopened);
    await deployment.run();
  }
  expect(fault.hits).toBeGreaterThan(0);

  if (reaction === 'refreshes') {
    await expectDone(stage, lost, 'none');
    await expectDone(stage, reopened, 'none');
    expect(portal.refreshes.length - refreshes).toBe(1);
    fault.remove();
    await stage.expectNothingElseTouched();
    return;
  }

  expect(portal.refreshes.length).toBe(refreshes);
  expect([lost, reopened].map((deal) => portal.contactsOf(deal.id).length)).toEqual([3, 3]);
  for (const deal of [lost, reopened]) expect((await stage.task(deal))?.status ?? 'open').toBe('open');
  stage.reopen(reopened);
  if (reaction === 'stops') {
    await expectStopped(stage, row);
    fault.remove();
    await stage.resume();
    await deployment.tick();
    if (position === 'single') await deployment.pass(16 * 60_000);
  } else {
    expect(await stage.pause()).toBeUndefined();
    fault.remove();
  }
  const counted = position === 'deleting' || position === 'looking';
  await expectDone(stage, lost, counted ? (reaction === 'retries' ? 'some' : 'none') : 'any');
  await expectKept(stage, reopened);
  await stage.expectNothingElseTouched();
}
