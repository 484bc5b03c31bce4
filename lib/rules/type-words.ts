import { EntityType } from '../bitrix24/entity-types.ts';
import type { Directory } from './directory.ts';

/** Why a rule cannot be about records of the type, or delete them; undefined when it can. */
export function typeProblem(
  type: number,
  { types, pipelines }: Directory,
  { withStages = true } = {},
): { message: string; hint?: string } | undefined {
  const known = types.find(({ entityTypeId }) => entityTypeId === type);
  if (isDynamic(type) && known === undefined) {
    const list = types
      .filter(({ entityTypeId }) => isDynamic(entityTypeId))
      .map(({ entityTypeId, title }) => `${entityTypeId} ${title}`);
    return {
      message: `the portal has no smart process ${type}`,
      hint: list.length === 0 ? 'it has none that its user may see' : `it has ${list.slice(0, 20).join(', ')}`,
    };
  }
  if (!withStages) return undefined;
  if (known?.hasStages === false) {
    return {
      message: `items of type ${type} (${known.title}) have no stages, so that none of them is ever lost`,
      hint: 'stages are switched on in the settings of the smart process',
    };
  }
  if ((pipelines.get(type) ?? []).every(({ stages }) => stages.length === 0)) {
    return {
      message: `the portal shows no stages of ${typeText(type, { types })}`,
      hint: 'the user of its credentials may not see them: connect the portal as an administrator',
    };
  }
  return undefined;
}

/** deals, leads, contacts, companies, or `items of type 1044 (Projects)`. */
export function typeText(type: number, { types }: Pick<Directory, 'types'>): string {
  if (type === EntityType.deal) return 'deals';
  if (type === EntityType.lead) return 'leads';
  if (type === EntityType.contact) return 'contacts';
  if (type === EntityType.company) return 'companies';
  const title = types.find(({ entityTypeId }) => entityTypeId === type)?.title;
  return `items of type ${type}${title === undefined ? '' : ` (${title})`}`;
}

/** Which types of this kind there are differs from portal to portal. */
function isDynamic(type: number): boolean {
  return type >= EntityType.smartInvoice;
}
