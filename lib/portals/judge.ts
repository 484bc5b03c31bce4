import type { CommandAnswer } from '../bitrix24/batch.ts';
import type { Row } from '../bitrix24/error-rows.ts';
import { classify } from '../bitrix24/errors.ts';
import { withoutRefresh } from '../bitrix24/reactions.ts';
import { redact } from '../bitrix24/redact.ts';
import { type Credentials, secretsOf } from './credentials.ts';

/** The answer to one command; an error with what it means. */
export type JudgedAnswer =
  Exclude<CommandAnswer, { kind: 'error' }> | (Extract<CommandAnswer, { kind: 'error' }> & { row: Row });

/** What a refused command means. What the portal says about it goes into the task, so it is cleaned first. */
export function judge(
  { error, description }: Extract<CommandAnswer, { kind: 'error' }>,
  method: string,
  credentials: Credentials | undefined,
): JudgedAnswer {
  const secrets = secretsOf(credentials);
  // The status is that of the batch around it.
  const found = classify({ error, description, method, status: 200 });
  // A token that the batch itself was taken with is not refreshed for one of its commands: tried again, and counted.
  const row =
    credentials?.kind === 'oauth'
      ? { ...found, countsAttempt: found.countsAttempt || found.reaction === 'refresh' }
      : withoutRefresh(found);
  return { kind: 'error', error: redact(error, secrets), description: redact(description, secrets), row };
}
