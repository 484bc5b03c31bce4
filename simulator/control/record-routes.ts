import * as z from 'zod';
import { EntityType } from '../../lib/bitrix24/entity-types.ts';
import type { SimulatedPortal } from '../portal.ts';
import type { NewRecord } from '../portal-records.ts';
import { given, type Route } from './route.ts';

const id = z.coerce.number().int().positive();
const ids = z.preprocess((value) => (typeof value === 'string' ? value.split(',') : value), z.array(id));
const actor = z.enum(['user', 'robot']).optional();

const moveSchema = z.object({ stage: z.string().min(1), actor, by: id.optional() });
const recordSchema = z.looseObject({
  title: z.string().optional(),
  name: z.string().optional(),
  categoryId: z.coerce.number().int().nonnegative().optional(),
  stageId: z.string().optional(),
  /** `1,2,3` or a list. */
  contactIds: ids.optional(),
  companyId: z.coerce.number().int().nonnegative().optional(),
  by: id.optional(),
});
const importSchema = z.object({
  count: z.coerce.number().int().min(1).max(50_000),
  stage: z.string().default('LOSE'),
  categoryId: z.coerce.number().int().nonnegative().default(0),
  by: id.optional(),
});

/** `parentId2=7` is a parent; every other field without a place of its own is kept under its name. */
function recordOf(params: unknown): NewRecord {
  const { title, name, categoryId, stageId, contactIds, companyId, by, ...rest } = recordSchema.parse(params);
  const parents: Record<string, number> = {};
  const fields: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(rest)) {
    const parent = /^parentId(\d+)$/.exec(key)?.[1];
    if (parent === undefined) fields[key] = value;
    else parents[parent] = Number(value);
  }
  return given({ title, name, categoryId, stageId, contactIds, companyId, by, parents, fields });
}

export const recordRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: 'stages/:id',
    does: 'the stages of a deal pipeline and what they mean; the main pipeline is 0',
    run: (portal, _params, [pipelineId = 0]) => ({ stages: portal.stages(pipelineId) }),
  },
  {
    method: 'GET',
    path: 'stages/:id/:id',
    does: 'the same of any type: stages/TYPE/PIPELINE; leads are type 1, pipeline 0',
    run: (portal, _params, [type = 0, pipelineId = 0]) => ({ stages: portal.stages(pipelineId, type) }),
  },
  {
    method: 'POST',
    path: 'deals',
    does: 'a new deal: title, categoryId, stageId, contactIds=1,2, companyId, by=USER, UF_CRM_…',
    run: (portal, params) => brief(portal, EntityType.deal, portal.addDeal(recordOf(params))),
  },
  {
    method: 'GET',
    path: 'deals/:id',
    does: 'a deal and its contacts',
    run: (portal, _params, [dealId = 0]) => describe(portal, EntityType.deal, dealId),
  },
  {
    method: 'POST',
    path: 'deals/:id/move',
    does: 'moves a deal to another stage: stage=C5:UC_7K2M, actor=user|robot, by=USER',
    run: (portal, params, [dealId = 0]) => move(portal, EntityType.deal, dealId, params),
  },
  {
    method: 'POST',
    path: 'deals/import',
    does: 'many deals straight into a lost stage: count, stage=LOSE, categoryId=0, by=USER',
    run: (portal, params) => {
      const { count, stage, categoryId, by } = importSchema.parse(params);
      const added = portal.importDeals(count, given({ stageId: stage, categoryId, by }));
      return { added: added.length, first: added[0], last: added.at(-1) };
    },
  },
  {
    method: 'POST',
    path: 'contacts',
    does: 'a new contact: name, companyId; the answer is its id',
    run: (portal, params) => ({ id: portal.addContact(recordOf(params)) }),
  },
  {
    method: 'POST',
    path: 'items/:id',
    does: 'a new record of any type: items/TYPE with title, stageId, companyId, contactIds, parentId2=DEAL, …',
    run: (portal, params, [type = 0]) => brief(portal, type, portal.addItem(type, recordOf(params))),
  },
  {
    method: 'GET',
    path: 'items/:id/:id',
    does: 'a record of any type: items/TYPE/ID',
    run: (portal, _params, [type = 0, recordId = 0]) => describe(portal, type, recordId),
  },
  {
    method: 'POST',
    path: 'items/:id/:id',
    does: 'edits a record of any type: items/TYPE/ID with the fields to change',
    run: (portal, params, [type = 0, recordId = 0]) => {
      const { categoryId: _, ...change } = recordOf(params);
      portal.updateItem(type, recordId, change);
      return brief(portal, type, recordId);
    },
  },
  {
    method: 'POST',
    path: 'items/:id/:id/move',
    does: 'moves a record of any type to another stage: items/TYPE/ID/move with stage, actor, by',
    run: (portal, params, [type = 0, recordId = 0]) => move(portal, type, recordId, params),
  },
  {
    method: 'POST',
    path: 'items/:id/:id/forbid',
    does: 'a handler on the portal refuses to delete the record from now on: text',
    run: (portal, params, [type = 0, recordId = 0]) => {
      const { text } = z.object({ text: z.string().default('A handler refuses') }).parse(params);
      portal.forbidDeletion(type, recordId, text);
      return { forbidden: `${type}:${recordId}` };
    },
  },
  {
    method: 'POST',
    path: 'items/:id/:id/allow',
    does: 'the handler lets the record be deleted again',
    run: (portal, _params, [type = 0, recordId = 0]) => {
      portal.allowDeletion(type, recordId);
      return { allowed: `${type}:${recordId}` };
    },
  },
];

function move(portal: SimulatedPortal, type: number, recordId: number, params: unknown) {
  const { stage, actor: who, by } = moveSchema.parse(params);
  portal.updateItem(type, recordId, { stageId: stage, ...given({ actor: who, by }) });
  return brief(portal, type, recordId);
}

const briefly = ['id', 'title', 'name', 'categoryId', 'stageId', 'companyId', 'contactIds'];

/** What was made or changed, on one line of a terminal; GET has all of it. */
function brief(portal: SimulatedPortal, type: number, recordId: number): Readonly<Record<string, unknown>> {
  const item = portal.item(type, recordId) ?? {};
  return Object.fromEntries(Object.entries(item).filter(([field]) => briefly.includes(field)));
}

function describe(portal: SimulatedPortal, type: number, recordId: number): Readonly<Record<string, unknown>> {
  const item = portal.item(type, recordId);
  if (!item) throw new Error(`No record ${recordId} of type ${type}`);
  if (type === EntityType.deal) return { deal: item, contacts: portal.contactsOf(recordId) };
  return { item, ...(type === EntityType.company && { contacts: portal.contactsOfCompany(recordId) }) };
}
