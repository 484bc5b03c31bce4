import * as z from 'zod';
import { profileSchema } from '../lib/bitrix24/answers.ts';
import { CommandError } from './command-error.ts';

const namedProfileSchema = profileSchema.extend({
  NAME: z.string().nullish().catch(undefined),
  LAST_NAME: z.string().nullish().catch(undefined),
});

/** Whom credentials act for. */
export interface ActingUser {
  readonly id: number;
  readonly name: string;
  readonly admin: boolean;
}

/** @param answer the result of `profile` */
export function readActingUser(answer: unknown): ActingUser {
  const profile = namedProfileSchema.safeParse(answer);
  if (!profile.success) throw new CommandError('The portal does not say for whom the credentials act');
  const { ID: id, ADMIN: admin, NAME, LAST_NAME } = profile.data;
  return { id, admin, name: [NAME, LAST_NAME].filter(Boolean).join(' ') };
}

/** `user 1 (Ada Admin), an administrator` */
export function describeUser({ id, name, admin }: ActingUser): string {
  return `user ${id}${name === '' ? '' : ` (${name})`}, ${admin ? 'an administrator' : 'who is NO administrator'}`;
}
