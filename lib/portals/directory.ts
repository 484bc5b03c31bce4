import { EntityType } from '../bitrix24/entity-types.ts';
import type { Directory, DirectoryNeeds } from '../rules/directory.ts';
import { askAll } from './ask.ts';
import { pipelineCommands, readPipelines, stageCommands, withStages } from './pipelines.ts';
import { fieldCommands, readFields, valueCommands, withValues } from './portal-fields.ts';
import { readTypes, typeCommands } from './record-types.ts';
import type { PortalSession } from './session.ts';

/**
 * What a portal has of what rules need, in two questions: first types, pipelines and fields, then the stages of the
 * pipelines and the values of the fields. A type that the portal does not have is in none of the maps.
 *
 * @throws DirectoryUnreadable, and what a PortalSession throws
 */
export async function readDirectory(
  session: Pick<PortalSession, 'batch'>,
  { pipelines: staged, fields: wanted }: DirectoryNeeds,
): Promise<Directory> {
  const dynamic = [...new Set([...staged, ...wanted.keys()])].filter((type) => type >= EntityType.smartInvoice);
  const first = await askAll(
    session,
    new Map([
      ...(dynamic.length > 0 ? typeCommands(dynamic) : []),
      ...pipelineCommands(staged),
      ...fieldCommands(wanted.keys()),
    ]),
  );
  const types = dynamic.length > 0 ? readTypes(dynamic, first) : [];
  const exists = (type: number) => !dynamic.includes(type) || types.some(({ entityTypeId }) => entityTypeId === type);
  const hasStages = (type: number) => types.find(({ entityTypeId }) => entityTypeId === type)?.hasStages !== false;

  const rows = new Map([...wanted.keys()].filter(exists).map((type) => [type, readFields(type, first)] as const));
  const pipelines = [...staged]
    .filter((type) => exists(type) && hasStages(type))
    .flatMap((type) => readPipelines(type, first));
  const directories = [...rows].flatMap(([type, fields]) =>
    fields.filter(({ name }) => wanted.get(type)?.has(name)).flatMap(({ directory }) => directory ?? []),
  );
  const second = await askAll(session, new Map([...stageCommands(pipelines), ...valueCommands(directories)]));

  const full = (type: number) =>
    pipelines.filter(({ entityTypeId }) => entityTypeId === type).map((pipeline) => withStages(pipeline, second));
  return {
    types,
    pipelines: new Map([...staged].map((type) => [type, full(type)])),
    fields: new Map([...rows].map(([type, fields]) => [type, fields.map((field) => withValues(field, second))])),
  };
}
