import * as z from 'zod';
import type { Command } from '../bitrix24/batch.ts';
import type { PortalType } from '../rules/directory.ts';
import { DirectoryUnreadable, resultOf } from './ask.ts';
import type { JudgedAnswer } from './judge.ts';

const number = z.coerce.number().pipe(z.int().positive());

/** Every type there is, for everybody who may see the CRM (crm-enum-owner-type.md). */
const ownerTypesSchema = z.array(z.object({ ID: number, NAME: z.string().catch('') }));

/** Smart processes with their settings, for administrators of the CRM only (crm-type-list.md). */
const typesSchema = z.object({
  types: z.array(z.object({ entityTypeId: number, isStagesEnabled: z.enum(['Y', 'N']).optional().catch(undefined) })),
});

/** A page of `crm.type.list`; types of which nothing is asked are not to push others off it. */
const mostTypes = 50;

/** The commands that ask for the types, with the settings of the given ones. */
export function typeCommands(asked: readonly number[]): Map<string, Command> {
  const commands = new Map<string, Command>([['ownertypes', { method: 'crm.enum.ownertype', params: {} }]]);
  for (let start = 0; start < asked.length; start += mostTypes) {
    const filter = { '@entityTypeId': asked.slice(start, start + mostTypes) };
    commands.set(`types${start / mostTypes}`, { method: 'crm.type.list', params: { filter } });
  }
  return commands;
}

/**
 * The types in the answers to `typeCommands`. Whether one has stages is not known to who is no administrator.
 *
 * @throws DirectoryUnreadable
 */
export function readTypes(asked: readonly number[], answers: ReadonlyMap<string, JudgedAnswer>): PortalType[] {
  const answer = answers.get('ownertypes');
  const owners = ownerTypesSchema.safeParse(resultOf(answer));
  if (!owners.success) throw new DirectoryUnreadable('The types of records', answer);
  const settings = [...typeCommands(asked).keys()].flatMap(
    (key) => typesSchema.safeParse(resultOf(answers.get(key))).data?.types ?? [],
  );
  return owners.data.map(({ ID, NAME }) => {
    const stages = settings.find(({ entityTypeId }) => entityTypeId === ID)?.isStagesEnabled;
    return { entityTypeId: ID, title: NAME, ...(stages !== undefined && { hasStages: stages === 'Y' }) };
  });
}
