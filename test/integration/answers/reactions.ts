import { expect } from '@jest/globals';
import { oauthReactionTable } from '../../../lib/bitrix24/oauth-errors.ts';
import { reactionTable } from '../../../lib/bitrix24/errors.ts';
import type { Verdict } from '../../../lib/bitrix24/reactions.ts';
import { symptomTable } from '../../../lib/bitrix24/symptoms.ts';
import type { Deal, Stage } from './stage.ts';

const hour = 60 * 60_000;

const advised = (table: readonly Verdict[], row: string): string => {
  const mend = table.find(({ name }) => name === row)?.mend;
  expect(mend).toMatch(/^[A-Z].*\.$/);
  return mend ?? '';
};
/** What a person is told to do about an answer of the portal, and of the authorization server. */
export const mendOf = (row: string) => advised([...reactionTable, ...symptomTable], row);
export const mendOfRefresh = (row: string) => advised(oauthReactionTable, row);

/** The portal is paused for that, says what a person must do, and is asked nothing more. */
export async function expectStopped(stage: Stage, code: string, mend = mendOf(code)): Promise<void> {
  const pause = await stage.pause();
  expect(pause?.code).toBe(code);
  expect(pause?.reason).toContain(mend);
  const asked = stage.portal.requests.length;
  await stage.deployment.pass(2 * hour);
  expect(stage.portal.requests.length).toBe(asked);
  expect(await stage.pause()).toEqual(pause);
}

/** It was done once, by one task, and only where it should be. */
export async function expectDone(stage: Stage, deal: Deal, attempts: 'none' | 'some' | 'any' = 'any'): Promise<void> {
  const task = await stage.untilEnded(deal);
  expect(task).toMatchObject({ status: 'done' });
  if (attempts !== 'any') expect(task.attempts > 0).toBe(attempts === 'some');
  expect(stage.isUnlinked(deal)).toBe(true);
}

/** What was taken up again in the meantime has kept its contacts, because it was looked at again. */
export async function expectKept(stage: Stage, deal: Deal): Promise<void> {
  const task = await stage.task(deal);
  if (task) expect(task).toMatchObject({ status: 'cancelled', reason: 'no-longer-lost' });
  expect(stage.portal.contactsOf(deal.id)).toEqual(deal.contactIds);
}
