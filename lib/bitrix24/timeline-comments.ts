import * as z from 'zod';
import type { Command } from './batch.ts';
import { EntityType } from './entity-types.ts';

/** Which record of a portal. */
interface Owner {
  readonly entityTypeId: number;
  readonly id: number;
}

const names: Readonly<Record<number, string>> = {
  [EntityType.lead]: 'lead',
  [EntityType.deal]: 'deal',
  [EntityType.smartInvoice]: 'SMART_INVOICE',
};

/** What crm.timeline.comment.* calls a type of records (data-types.md#object_type, how-to-add-comment-to-spa.md). */
export function timelineType(entityTypeId: number): string {
  return names[entityTypeId] ?? `DYNAMIC_${entityTypeId}`;
}

/** Writes a comment as the user of the credentials (crm-timeline-comment-add.md). Its result is the comment's id. */
export function addComment({ entityTypeId, id }: Owner, text: string): Command {
  const fields = { ENTITY_ID: id, ENTITY_TYPE: timelineType(entityTypeId), COMMENT: text };
  return { method: 'crm.timeline.comment.add', params: { fields } };
}

/** The newest 50 comments of a record (crm-timeline-comment-list.md). */
export function listComments({ entityTypeId, id }: Owner): Command {
  return {
    method: 'crm.timeline.comment.list',
    params: {
      filter: { ENTITY_ID: id, ENTITY_TYPE: timelineType(entityTypeId) },
      select: ['ID', 'COMMENT'],
      order: { ID: 'DESC' },
    },
  };
}

const idSchema = z.union([
  z.int().positive(),
  z
    .string()
    .regex(/^[1-9]\d{0,14}$/)
    .transform(Number),
]);

const listSchema = z.array(z.object({ ID: idSchema, COMMENT: z.string().nullish() }));

/** The id of a comment that was written; undefined when the answer does not say that it was. */
export function readAdded(result: unknown): number | undefined {
  return idSchema.safeParse(result).data;
}

/** The comment with that text in it: its id, or `none`; undefined when the answer is no list of comments. */
export function findComment(result: unknown, text: string): number | 'none' | undefined {
  const comments = listSchema.safeParse(result).data;
  if (comments === undefined) return undefined;
  return comments.find(({ COMMENT }) => COMMENT?.includes(text))?.ID ?? 'none';
}
