import * as z from 'zod';

/** The state of a portal: plain data, so that it can be saved. Moments are ms since the epoch. */

const userSchema = z.object({
  id: z.number(),
  name: z.string(),
  lastName: z.string(),
  admin: z.boolean(),
  active: z.boolean(),
  /** Which records the user reads, changes and deletes; an administrator's are always `all`. `none` is no CRM access at all. */
  rights: z.enum(['all', 'own', 'none']),
  /** An extranet user is refused by the universal methods. */
  extranet: z.boolean(),
});
export type User = z.infer<typeof userSchema>;

const recordSchema = z.object({
  entityTypeId: z.number(),
  id: z.number(),
  title: z.string(),
  name: z.string(),
  lastName: z.string(),
  stageId: z.string(),
  previousStageId: z.string(),
  categoryId: z.number(),
  companyId: z.number(),
  leadId: z.number(),
  /** Ids of the records this one belongs to, by their entityTypeId: `parentId2` of a smart-process item is `parents['2']`. */
  parents: z.record(z.string(), z.number()),
  assignedById: z.number(),
  createdBy: z.number(),
  updatedBy: z.number(),
  movedBy: z.number(),
  createdAt: z.number(),
  updatedAt: z.number(),
  movedAt: z.number(),
  /** The last activity in the timeline. A state saved before there were any has none. */
  lastActivityAt: z.number().default(0),
  lastActivityBy: z.number().default(0),
  opened: z.boolean(),
  /** Every other field, user fields (`ufCrm…`) among them, under the name crm.item.get gives it. */
  custom: z.record(z.string(), z.unknown()),
});
export type CrmRecord = z.infer<typeof recordSchema>;

const linkSchema = z.object({ contactId: z.number(), sort: z.number(), primary: z.boolean() });
export type ContactLink = z.infer<typeof linkSchema>;

const pipelineSchema = z.object({
  entityTypeId: z.number(),
  id: z.number(),
  name: z.string(),
  sort: z.number(),
  isDefault: z.boolean(),
});
export type Pipeline = z.infer<typeof pipelineSchema>;

const stageSchema = z.object({
  id: z.number(),
  /** The directory the stage belongs to: DEAL_STAGE, DEAL_STAGE_5, STATUS, DYNAMIC_177_STAGE_3. */
  entityId: z.string(),
  statusId: z.string(),
  name: z.string(),
  sort: z.number(),
  system: z.boolean(),
  categoryId: z.number(),
});
export type Stage = z.infer<typeof stageSchema>;

const historySchema = z.object({
  id: z.number(),
  typeId: z.number(),
  entityTypeId: z.number(),
  ownerId: z.number(),
  createdAt: z.number(),
  categoryId: z.number(),
  stageId: z.string(),
  semantics: z.enum(['P', 'S', 'F']),
});
export type HistoryRow = z.infer<typeof historySchema>;

const appSchema = z.object({
  id: z.number(),
  clientId: z.string(),
  clientSecret: z.string(),
  installUrl: z.string(),
  userId: z.number(),
  scope: z.array(z.string()),
  version: z.number(),
  /** Present on the portal: false before the first installation and after removal. */
  present: z.boolean(),
  /** What app.info calls INSTALLED: without it no event is delivered. */
  installed: z.boolean(),
  applicationToken: z.string(),
  /** Opened in a frame. Such an app is told of nothing until its page has finished the installation. */
  hasInterface: z.boolean().default(false),
  paymentExpired: z.boolean().default(false),
});
export type App = z.infer<typeof appSchema>;

const grantSchema = z.object({
  accessToken: z.string(),
  accessUntil: z.number(),
  accessRevoked: z.boolean(),
  /** Whether the portal has seen the access token, and so may remember it. */
  seen: z.boolean(),
  refreshToken: z.string().optional(),
  refreshUntil: z.number(),
  refreshRevoked: z.boolean(),
  clientId: z.string(),
  userId: z.number(),
  scope: z.array(z.string()),
  /** Of a token that came inside an event: how many rounds of events it may still set off. */
  eventRounds: z.number().optional(),
});
export type Grant = z.infer<typeof grantSchema>;

const webhookSchema = z.object({ userId: z.number(), code: z.string(), scope: z.array(z.string()) });
export type IncomingWebhook = z.infer<typeof webhookSchema>;

const outgoingSchema = z.object({
  id: z.number(),
  url: z.string(),
  events: z.array(z.string()),
  applicationToken: z.string(),
});
export type OutgoingWebhook = z.infer<typeof outgoingSchema>;

const bindingSchema = z.object({
  id: z.number(),
  clientId: z.string(),
  event: z.string(),
  handler: z.string(),
  /** The user whose token the event carries; 0 is whoever acted. */
  authType: z.number(),
});
export type Binding = z.infer<typeof bindingSchema>;

const typeSchema = z.object({
  id: z.number(),
  entityTypeId: z.number(),
  title: z.string(),
  stages: z.boolean().default(true),
  categories: z.boolean().default(true),
});
export type DynamicType = z.infer<typeof typeSchema>;

const fieldSchema = z.object({
  entityTypeId: z.number(),
  /** UF_CRM_LOSS_REASON, and the same as crm.item.* writes it: ufCrmLossReason. */
  name: z.string(),
  camel: z.string(),
  type: z.string(),
  multiple: z.boolean(),
  required: z.boolean(),
  title: z.string(),
  items: z.array(z.object({ id: z.number(), value: z.string() })),
});
export type CustomField = z.infer<typeof fieldSchema>;

const fieldsSchema = z.record(z.string(), z.unknown());
const requisiteSchema = z.object({
  id: z.number(),
  /** Of a contact (3) or a company (4). */
  entityTypeId: z.number(),
  entityId: z.number(),
  fields: fieldsSchema,
});
export type Requisite = z.infer<typeof requisiteSchema>;

const bankDetailSchema = z.object({ id: z.number(), requisiteId: z.number(), fields: fieldsSchema });
export type BankDetail = z.infer<typeof bankDetailSchema>;

/** One of each type for a requisite. */
const addressSchema = z.object({ requisiteId: z.number(), typeId: z.number(), fields: fieldsSchema });
export type Address = z.infer<typeof addressSchema>;

const productRowSchema = z.object({ id: z.number(), fields: fieldsSchema });
export type ProductRow = z.infer<typeof productRowSchema>;

const belongingsSchema = z.object({
  requisites: z.array(requisiteSchema),
  bankDetails: z.array(bankDetailSchema),
  addresses: z.array(addressSchema),
  productRows: z.array(productRowSchema),
});
export type BelongingsOfRecord = z.infer<typeof belongingsSchema>;

const commentSchema = z.object({
  id: z.number(),
  entityTypeId: z.number(),
  entityId: z.number(),
  text: z.string(),
  authorId: z.number(),
  createdAt: z.number(),
});
export type TimelineComment = z.infer<typeof commentSchema>;

/** A record in the recycle bin, with what belonged to it and what it named itself. */
const binnedSchema = z.object({
  record: recordSchema,
  contacts: z.array(linkSchema),
  companyIds: z.array(z.number()),
  belongings: belongingsSchema,
});
export type Binned = z.infer<typeof binnedSchema>;

export const portalStateSchema = z.object({
  memberId: z.string(),
  random: z.number(),
  lastIds: z.record(z.string(), z.number()),
  users: z.array(userSchema),
  records: z.record(z.string(), z.record(z.string(), recordSchema)),
  /** Linked contacts in their order, by owner: `2:101` is deal 101. */
  links: z.record(z.string(), z.array(linkSchema)),
  pipelines: z.array(pipelineSchema),
  stages: z.array(stageSchema),
  types: z.array(typeSchema),
  fields: z.array(fieldSchema).default([]),
  history: z.array(historySchema),
  webhooks: z.array(webhookSchema),
  outgoing: z.array(outgoingSchema),
  apps: z.array(appSchema),
  grants: z.array(grantSchema),
  bindings: z.array(bindingSchema),
  /** Texts of handlers that forbid the deletion of a record, by `3:50`. */
  vetoes: z.record(z.string(), z.string()),
  requisites: z.array(requisiteSchema).default([]),
  bankDetails: z.array(bankDetailSchema).default([]),
  addresses: z.array(addressSchema).default([]),
  /** By owner: `2:101` is deal 101. */
  productRows: z.record(z.string(), z.array(productRowSchema)).default({}),
  /** Of timelines, the oldest first. */
  comments: z.array(commentSchema).default([]),
  /** What was deleted and can be restored. */
  bin: z.array(binnedSchema).default([]),
  /** Whether a type's recycle bin is on, where an administrator has said so. */
  binSwitches: z.record(z.string(), z.boolean()).default({}),
});
export type PortalState = z.infer<typeof portalStateSchema>;

export function emptyState(memberId: string, random: number): PortalState {
  return {
    memberId,
    random,
    lastIds: {},
    users: [],
    records: {},
    links: {},
    pipelines: [],
    stages: [],
    types: [],
    fields: [],
    history: [],
    webhooks: [],
    outgoing: [],
    apps: [],
    grants: [],
    bindings: [],
    vetoes: {},
    requisites: [],
    bankDetails: [],
    addresses: [],
    productRows: {},
    comments: [],
    bin: [],
    binSwitches: {},
  };
}

/** The next id of a kind of thing: ids grow and are never given twice, also after a deletion. */
export function nextId(state: PortalState, kind: string): number {
  const id = (state.lastIds[kind] ?? 0) + 1;
  state.lastIds[kind] = id;
  return id;
}
