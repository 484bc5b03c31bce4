import { EntityType, quoteTypeId } from '../../lib/bitrix24/entity-types.ts';
import { filterRows, type ListSource, orderRows } from '../crm/list-filter.ts';
import { isKnownType, SMART_INVOICE } from '../crm/record-types.ts';
import { mayAccess } from '../crm/record-store.ts';
import { type Call, type MethodAnswer, type MethodTable, page } from '../rest/method.ts';
import { toInt, toText } from '../rest/params.ts';
import { RestError, unnamedError } from '../rest-error.ts';
import type { TimelineComment } from '../state.ts';
import { renderMoment } from '../zoned-time.ts';
import { hasCrm, requireItem } from './access.ts';

/** crm.timeline.comment.*: comments in the timelines of records (timeline/comments/*.md). */
export const timelineMethods: MethodTable = {
  'crm.timeline.comment.add': { scope: 'crm', run: addComment },
  'crm.timeline.comment.list': { scope: 'crm', run: listComments },
};

const TYPES: Readonly<Record<string, number>> = {
  LEAD: EntityType.lead,
  DEAL: EntityType.deal,
  CONTACT: EntityType.contact,
  COMPANY: EntityType.company,
  QUOTE: quoteTypeId,
  SMART_INVOICE,
};

/** Only `fields` in lower case is taken. What is written counts as activity of the record: neither update nor event. */
function addComment(call: Call): MethodAnswer {
  const { portal, caller, params } = call;
  const fields = params.exactMap('fields');
  for (const name of ['ENTITY_ID', 'ENTITY_TYPE']) {
    if (toText(fields[name]) === '') throw new RestError(400, '100', `Could not find value for parameter {${name}}`);
  }
  const text = toText(fields['COMMENT']);
  if (text.trim() === '') throw new RestError(400, 'INVALID_ARG_VALUE', 'Empty comment message.');
  const entityTypeId = typeOf(call, toText(fields['ENTITY_TYPE']));
  if (entityTypeId === undefined) throw new RestError(400, 'OWNER_NOT_FOUND', 'Owner was not found.');
  const record = requireItem(call, entityTypeId, toInt(fields['ENTITY_ID']));
  // Only an administrator may write in another's name.
  const author = caller.user.admin ? toInt(fields['AUTHOR_ID']) : 0;
  const authorId = author > 0 ? author : caller.user.id;
  const at = portal.now();
  portal.crm.touch(record, authorId, at);
  const comment = { entityTypeId, entityId: record.id, text, authorId, createdAt: at };
  return { result: portal.crm.comments.add(comment) };
}

const ORDERED = ['ID', 'CREATED', 'AUTHOR_ID'];

/** The comments of one record, which has to be named. Of a record that is gone there are none. */
function listComments(call: Call): MethodAnswer {
  const { portal, caller, params } = call;
  const { ENTITY_ID: id, ENTITY_TYPE: type, ...filter } = params.optionalMap('filter');
  if (id === undefined || type === undefined) throw unnamedError('Access denied.');
  const entityTypeId = typeOf(call, toText(type));
  const record = entityTypeId === undefined ? undefined : portal.crm.records.get(entityTypeId, toInt(id));
  if (!hasCrm(call) || (record && !mayAccess(caller.user, record))) throw unnamedError('Access denied.');
  const all = record ? portal.crm.comments.of(record.entityTypeId, record.id) : [];
  const source: ListSource<Readonly<Record<string, unknown>>> = {
    listField: (name) => (ORDERED.includes(name) ? { read: (row) => row[name], moment: false } : undefined),
    zoneMinutes: portal.config.zoneMinutes,
    overlooksUnknown: true,
  };
  const rows = all.map((comment) => rendered(comment, toText(type), portal.config.zoneMinutes));
  const sorted = orderRows(filterRows(rows, filter, source), params.optionalMap('order'), source);
  const select = params.optionalList('select');
  const shown = (row: Readonly<Record<string, unknown>>) =>
    Object.fromEntries(Object.entries(row).filter(([name]) => select.length === 0 || select.includes(name)));
  return page(sorted, params.start(), (row) =>
    shown({ ...row, ID: String(row['ID']), AUTHOR_ID: String(row['AUTHOR_ID']) }),
  );
}

function rendered(comment: TimelineComment, type: string, zoneMinutes: number): Record<string, unknown> {
  return {
    ID: comment.id,
    ENTITY_ID: String(comment.entityId),
    ENTITY_TYPE: type,
    CREATED: renderMoment(comment.createdAt, zoneMinutes),
    COMMENT: comment.text,
    AUTHOR_ID: comment.authorId,
    FILES: {},
  };
}

/** `deal`, `DYNAMIC_177`: in either case. */
function typeOf(call: Call, name: string): number | undefined {
  const upper = name.toUpperCase();
  const dynamic = /^DYNAMIC_(\d+)$/.exec(upper)?.[1];
  const entityTypeId = dynamic === undefined ? TYPES[upper] : Number(dynamic);
  return entityTypeId !== undefined && isKnownType(call.portal.state, entityTypeId) ? entityTypeId : undefined;
}
