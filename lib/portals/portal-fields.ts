import * as z from 'zod';
import type { Command } from '../bitrix24/batch.ts';
import { readStages } from '../bitrix24/stages.ts';
import type { PortalField } from '../rules/directory.ts';
import { DirectoryUnreadable, resultOf } from './ask.ts';
import type { JudgedAnswer } from './judge.ts';

/** A field, with the directory that holds its values, if it has one (crm_rest_field_description). */
export interface FieldRow extends PortalField {
  readonly directory?: string | undefined;
}

const idText = z.union([z.string(), z.int().transform(String)]);

const fieldSchema = z.object({
  type: z.string(),
  title: z.string().optional().catch(undefined),
  /** User fields bear their label beside the code that may stand in `title`. */
  formLabel: z.string().optional().catch(undefined),
  items: z
    .array(z.object({ ID: idText, VALUE: z.string() }))
    .optional()
    .catch(undefined),
  statusType: z.string().optional().catch(undefined),
});
const fieldsSchema = z.object({ fields: z.record(z.string(), fieldSchema) });

const fieldsKey = (entityTypeId: number) => `fields${entityTypeId}`;
const valuesKey = (directory: string) => `values${directory}`;

/** The commands that ask for the fields of these types, user fields under their codes. */
export function fieldCommands(types: Iterable<number>): Map<string, Command> {
  return new Map(
    [...types].map((entityTypeId) => [
      fieldsKey(entityTypeId),
      { method: 'crm.item.fields', params: { entityTypeId, useOriginalUfNames: 'Y' } },
    ]),
  );
}

/**
 * The fields of a type, as far as the user of the credentials may see them.
 *
 * @throws DirectoryUnreadable
 */
export function readFields(entityTypeId: number, answers: ReadonlyMap<string, JudgedAnswer>): FieldRow[] {
  const answer = answers.get(fieldsKey(entityTypeId));
  const parsed = fieldsSchema.safeParse(resultOf(answer));
  if (!parsed.success) throw new DirectoryUnreadable(`The fields of type ${entityTypeId}`, answer);
  return Object.entries(parsed.data.fields).map(([name, { type, title, formLabel, items, statusType }]) => ({
    name,
    type,
    title: formLabel ?? title ?? name,
    ...(type === 'enumeration' && { items: items?.map(({ ID, VALUE }) => ({ id: ID, text: VALUE })) }),
    // That of the stages is one pipeline's alone.
    ...(!/stageid$/i.test(name) && { directory: statusType }),
  }));
}

/** The commands that ask for the values of these directories, SOURCE for example. */
export function valueCommands(directories: Iterable<string>): Map<string, Command> {
  return new Map(
    [...new Set(directories)].map((directory) => [
      valuesKey(directory),
      { method: 'crm.status.list', params: { filter: { ENTITY_ID: directory } } },
    ]),
  );
}

/** The field with the values of its directory. One that could not be read, or is empty, leaves them unknown. */
export function withValues({ directory, ...field }: FieldRow, answers: ReadonlyMap<string, JudgedAnswer>): PortalField {
  const values = directory === undefined ? undefined : readStages(resultOf(answers.get(valuesKey(directory))));
  if (values === undefined || values.length === 0) return field;
  return { ...field, items: values.map(({ code, name }) => ({ id: code, text: name })) };
}
