import { type Profile, profileSchema } from '../bitrix24/answers.ts';
import type { Command } from '../bitrix24/batch.ts';
import type { JudgedAnswer } from './judge.ts';

/** Asks who we are: a user who is no administrator is silently shown less than there is. */
export const profileCommand: readonly [string, Command] = ['profile', { method: 'profile', params: {} }];

/** Who we are, by the answer to `profileCommand`; undefined when it cannot be read. */
export function readProfile(answers: ReadonlyMap<string, JudgedAnswer>): Profile | undefined {
  const answer = answers.get('profile');
  return profileSchema.safeParse(answer?.kind === 'result' ? answer.result : undefined).data;
}
