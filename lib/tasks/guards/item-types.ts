import * as z from 'zod';
import type { Clock } from '../../bitrix24/clock.ts';
import { minute } from '../../bitrix24/reactions.ts';
import type { PortalSession } from '../../portals/session.ts';
import { type Ask, askOn, contentOf } from './asks.ts';
import type { Unread } from './guard-of.ts';

/** A smart process whose items may have a contact or company. */
export interface ItemType {
  readonly entityTypeId: number;
  readonly hasStages: boolean;
}

const typeSchema = z.object({
  entityTypeId: z.coerce.number().pipe(z.int().positive()),
  isStagesEnabled: z.unknown().optional(),
  isClientEnabled: z.unknown().optional(),
});
const typesSchema = z.object({ types: z.array(typeSchema) });

/** No older than what is deleted on the strength of it (promise P4). */
const freshMs = minute;
const mostPages = 20;

const known = new WeakMap<object, Map<string, { at: number; types: readonly ItemType[] }>>();

/**
 * The portal's smart processes, read at most once a minute.
 *
 * @param options where to remember them: the caller's own
 * @throws what a PortalSession throws
 */
export async function itemTypes({
  options,
  session,
  memberId,
}: {
  options: { clock: Clock };
  session: Pick<PortalSession, 'batch'>;
  memberId: string;
}): Promise<readonly ItemType[] | Unread> {
  const { clock } = options;
  const portals = known.get(options) ?? new Map<string, { at: number; types: readonly ItemType[] }>();
  known.set(options, portals);
  const at = clock();
  const before = portals.get(memberId);
  if (before && at - before.at < freshMs) return before.types;

  const types: ItemType[] = [];
  let unread: Unread | undefined;
  const page = (number: number): Ask => ({
    command: { method: 'crm.type.list', params: { order: { id: 'ASC' }, start: number * 50 } },
    read: (answer) => {
      const content = contentOf(answer);
      const parsed = typesSchema.safeParse(content.result).data;
      if (!parsed) {
        unread = content.unread ?? 'refused';
        return [];
      }
      for (const { entityTypeId, isStagesEnabled, isClientEnabled } of parsed.types) {
        // What the portal does not say counts as there.
        if (isClientEnabled !== 'N') types.push({ entityTypeId, hasStages: isStagesEnabled !== 'N' });
      }
      if (parsed.types.length < 50) return [];
      if (number + 1 < mostPages) return [page(number + 1)];
      unread = 'too-many';
      return [];
    },
  });
  await askOn({ session, clock }, [page(0)]);
  if (unread !== undefined) return unread;
  portals.set(memberId, { at, types });
  return types;
}
