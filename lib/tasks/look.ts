import { type ContactLink, contactLinksSchema, type Profile, profileSchema } from '../bitrix24/answers.ts';
import type { Command } from '../bitrix24/batch.ts';
import type { Verdict } from '../bitrix24/reactions.ts';
import type { JudgedAnswer } from '../portals/judge.ts';
import type { PresentRecord } from './decide.ts';
import { dealCommands, readDeals } from './read-records.ts';

/** What is linked to a deal now. `gone`: the portal has no such deal. `unknown`: no usable answer. */
export type Links =
  { kind: 'links'; links: ContactLink[] } | { kind: 'gone' } | { kind: 'unknown'; row: Verdict | undefined };

/** The deals as they are now, what is linked to them, and who we are: all from one request. */
export interface Look {
  /** ms since the epoch, taken before the request was sent. */
  at: number;
  profile: Profile | undefined;
  records: ReadonlyMap<number, PresentRecord>;
  links: ReadonlyMap<number, Links>;
}

/** Asks who we are: a user who is no administrator is silently shown less than there is. */
export const profileCommand: readonly [string, Command] = ['profile', { method: 'profile', params: {} }];

const linksKey = (dealId: number) => `links${dealId}`;

/** Commands that read the contacts linked to each deal. */
export function linkCommands(dealIds: readonly number[]): Map<string, Command> {
  return new Map(
    dealIds.map((id) => [linksKey(id), { method: 'crm.deal.contact.items.get', params: { id } }] as const),
  );
}

/** Commands that read everything a decision about these deals rests on. At most 48 deals. */
export function lookCommands(dealIds: readonly number[]): Map<string, Command> {
  return new Map([['profile', { method: 'profile', params: {} }], ...dealCommands(dealIds), ...linkCommands(dealIds)]);
}

export function readLinks(
  dealIds: readonly number[],
  answers: ReadonlyMap<string, JudgedAnswer>,
): ReadonlyMap<number, Links> {
  return new Map(dealIds.map((id) => [id, linksIn(answers.get(linksKey(id)))] as const));
}

function linksIn(answer: JudgedAnswer | undefined): Links {
  if (answer?.kind === 'error') {
    return answer.row.reaction === 'already-gone' ? { kind: 'gone' } : { kind: 'unknown', row: answer.row };
  }
  const parsed = contactLinksSchema.safeParse(answer?.kind === 'result' ? answer.result : undefined);
  return parsed.success ? { kind: 'links', links: parsed.data } : { kind: 'unknown', row: undefined };
}

export function readLook(dealIds: readonly number[], answers: ReadonlyMap<string, JudgedAnswer>, at: number): Look {
  return {
    at,
    profile: readProfile(answers),
    records: readDeals(dealIds, answers).records,
    links: readLinks(dealIds, answers),
  };
}

/** The limit that one of the commands ran into, if one did: what was not read for that is no trouble of the record. */
export function limitAmong(answers: Iterable<JudgedAnswer>): Verdict | undefined {
  for (const answer of answers) {
    if (answer.kind === 'error' && answer.row.reaction === 'wait-for-limit') return answer.row;
  }
  return undefined;
}

/** Who we are, by the answer to `profileCommand`; undefined when it cannot be read. */
export function readProfile(answers: ReadonlyMap<string, JudgedAnswer>): Profile | undefined {
  const answer = answers.get('profile');
  return profileSchema.safeParse(answer?.kind === 'result' ? answer.result : undefined).data;
}
