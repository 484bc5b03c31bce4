import { EntityType } from '../lib/bitrix24/entity-types.ts';
import { ItemView } from './crm/item-view.ts';
import type { RecordChange } from './crm/operations.ts';
import type { NewStage, Semantics } from './crm/stage-directory.ts';
import { Hit } from './events/hit.ts';
import type { PostedEvent } from './events/outbox.ts';
import type { FaultPlan } from './faults/fault-plan.ts';
import { type RefreshRecord, TokenService } from './oauth/token-service.ts';
import { type IssuedTokens, type NewApp, PortalApps, type SimulatedApp } from './portal-apps.ts';
import type { PortalParts } from './portal-parts.ts';
import type { RequestRecord } from './request-log.ts';
import type { Reply } from './rest/reply.ts';
import type { WireRequest } from './rest/wire-request.ts';
import { type CrmRecord, nextId, type OutgoingWebhook, type User } from './state.ts';

/** Who does something on the portal, and whether handlers hear of it. */
export interface Deed {
  /** The acting user. Default 1. */
  readonly by?: number;
  /** A robot acts for no user: events then carry no tokens. Default `user`. */
  readonly actor?: 'user' | 'robot';
  /** No events. */
  readonly silent?: boolean;
}

/** A new record. Fields without a name of their own stand in `fields`, as crm.item.get names them. */
export interface NewRecord extends Deed {
  readonly id?: number;
  readonly title?: string;
  readonly name?: string;
  readonly lastName?: string;
  readonly categoryId?: number;
  readonly stageId?: string;
  readonly contactIds?: readonly number[];
  readonly companyId?: number;
  readonly leadId?: number;
  readonly assignedById?: number;
  readonly parents?: Readonly<Record<string, number>>;
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** One Bitrix24 portal: what its users and administrators can do, what it was asked and told, and how it may go wrong. */
export class SimulatedPortal {
  readonly faults: FaultPlan;
  readonly #parts: PortalParts;
  readonly #apps: PortalApps;
  readonly #tokenService: TokenService;
  readonly #changed: () => void;

  constructor(parts: PortalParts, changed: () => void) {
    this.#parts = parts;
    this.#apps = new PortalApps(parts);
    this.#tokenService = new TokenService(parts);
    this.#changed = changed;
    this.faults = parts.faults;
  }

  get memberId(): string {
    return this.#parts.state.memberId;
  }

  /** 127.0.0.1:PORT. */
  get domain(): string {
    return this.#parts.identity.domain;
  }

  /** `http://127.0.0.1:PORT/rest/`, of the portal and of its authorization server. */
  get endpoint(): string {
    return this.#parts.identity.endpoint;
  }

  get tokenUrl(): string {
    return `http://${this.domain}/oauth/token/`;
  }

  /** The newest last; without tokens, secrets and webhook codes. */
  get requests(): readonly RequestRecord[] {
    return this.#parts.log.records;
  }

  get refreshes(): readonly RefreshRecord[] {
    return this.#tokenService.records;
  }

  get postedEvents(): readonly PostedEvent[] {
    return this.#parts.outbox.posted;
  }

  get users(): readonly User[] {
    return this.#parts.state.users;
  }

  addUser(user: Partial<Omit<User, 'id'>> = {}): User {
    return this.#do(() => {
      const admin = user.admin ?? false;
      const added: User = {
        id: nextId(this.#parts.state, 'user'),
        name: user.name ?? 'User',
        lastName: user.lastName ?? '',
        admin,
        active: user.active ?? true,
        rights: user.rights ?? (admin ? 'all' : 'own'),
        extranet: user.extranet ?? false,
      };
      this.#parts.state.users.push(added);
      return added;
    });
  }

  /** Dismisses, promotes or restricts a user. */
  changeUser(id: number, change: Partial<Omit<User, 'id'>>): void {
    const user = this.users.find((candidate) => candidate.id === id);
    if (!user) throw new Error(`No user ${id}`);
    this.#do(() => Object.assign(user, change));
  }

  addContact(record: NewRecord = {}): number {
    return this.addItem(EntityType.contact, record);
  }

  addCompany(record: NewRecord = {}): number {
    return this.addItem(EntityType.company, record);
  }

  addDeal(record: NewRecord = {}): number {
    return this.addItem(EntityType.deal, record);
  }

  addLead(record: NewRecord = {}): number {
    return this.addItem(EntityType.lead, record);
  }

  /** A record of any type; its id. */
  addItem(entityTypeId: number, record: NewRecord = {}): number {
    const { id, categoryId = 0, stageId } = record;
    const { crm } = this.#parts;
    if (stageId !== undefined && crm.stages.find(entityTypeId, stageId)?.categoryId !== categoryId) {
      throw new Error(`Pipeline ${categoryId} of type ${entityTypeId} has no stage ${stageId}`);
    }
    return this.#act(record, (hit) => crm.add(hit, entityTypeId, categoryId, changeOf(record), id).id);
  }

  moveDeal(id: number, stageId: string, deed: Deed = {}): void {
    this.updateItem(EntityType.deal, id, { ...deed, stageId });
  }

  updateDeal(id: number, change: Omit<NewRecord, 'id' | 'categoryId'>): void {
    this.updateItem(EntityType.deal, id, change);
  }

  removeDeal(id: number, deed: Deed = {}): void {
    this.removeItem(EntityType.deal, id, deed);
  }

  updateItem(entityTypeId: number, id: number, change: Omit<NewRecord, 'id' | 'categoryId'>): void {
    const record = this.#require(entityTypeId, id);
    this.#act(change, (hit) => this.#parts.crm.update(hit, record, changeOf(change)));
  }

  removeItem(entityTypeId: number, id: number, deed: Deed = {}): void {
    const record = this.#require(entityTypeId, id);
    this.#act(deed, (hit) => this.#parts.crm.remove(hit, record));
  }

  /** The deal as crm.item.get shows it, or undefined. */
  deal(id: number): Readonly<Record<string, unknown>> | undefined {
    return this.item(EntityType.deal, id);
  }

  item(entityTypeId: number, id: number): Readonly<Record<string, unknown>> | undefined {
    const { crm, config } = this.#parts;
    const record = crm.records.get(entityTypeId, id);
    return record && new ItemView(crm, config).render(record);
  }

  contactsOf(dealId: number): number[] {
    return this.#parts.crm.links.ids(EntityType.deal, dealId);
  }

  contactsOfCompany(companyId: number): number[] {
    return this.#parts.crm.links.ids(EntityType.company, companyId);
  }

  /** With the default stages when none are given. */
  addPipeline(pipeline: {
    readonly id: number;
    readonly name: string;
    readonly entityTypeId?: number;
    readonly stages?: readonly NewStage[];
  }): void {
    const { id, name, stages, entityTypeId = EntityType.deal } = pipeline;
    const { crm } = this.#parts;
    const known = crm.stages.pipelines(entityTypeId);
    const added = { entityTypeId, id, name, sort: (known.length + 1) * 100, isDefault: known.length === 0 };
    this.#do(() => crm.stages.addPipeline(added, stages));
  }

  addStage(pipelineId: number, stage: NewStage, entityTypeId: number = EntityType.deal): string {
    return this.#do(() => this.#parts.crm.stages.addStage(entityTypeId, pipelineId, stage).statusId);
  }

  /** In their order, with what they mean. */
  stages(
    pipelineId: number,
    entityTypeId: number = EntityType.deal,
  ): { readonly id: string; readonly name: string; readonly sort: number; readonly semantics: Semantics }[] {
    const { stages } = this.#parts.crm;
    return stages.stages(entityTypeId, pipelineId).map((stage) => ({
      id: stage.statusId,
      name: stage.name,
      sort: stage.sort,
      semantics: stages.semantics(stage),
    }));
  }

  /** A smart process with one pipeline of default stages, whose id is returned. */
  addType(type: { readonly entityTypeId: number; readonly title: string }): number {
    const { state } = this.#parts;
    state.types.push({ id: nextId(state, 'type'), ...type });
    const id = nextId(state, 'smart pipeline');
    this.addPipeline({ id, name: 'General', entityTypeId: type.entityTypeId });
    return id;
  }

  /** From now on a handler forbids deleting the record, with that text. */
  forbidDeletion(entityTypeId: number, id: number, text: string): void {
    this.#do(() => {
      this.#parts.state.vetoes[`${entityTypeId}:${id}`] = text;
    });
  }

  /** The URL of a new incoming webhook, ending in a slash. */
  createWebhook(options: { readonly userId?: number; readonly scope?: readonly string[] } = {}): string {
    const { state, random } = this.#parts;
    const webhook = { userId: options.userId ?? 1, code: random.code(16), scope: [...(options.scope ?? ['crm'])] };
    this.#do(() => state.webhooks.push(webhook));
    return `${this.endpoint}${webhook.userId}/${webhook.code}/`;
  }

  revokeWebhooks(): void {
    this.#do(() => {
      this.#parts.state.webhooks = [];
    });
  }

  /** Events a webhook's form does not offer are refused: ONCRMDEALMOVETOCATEGORY is for apps alone. */
  addOutgoingWebhook(options: {
    readonly url: string;
    readonly events: readonly string[];
    readonly applicationToken?: string;
  }): OutgoingWebhook {
    const { state, random } = this.#parts;
    const events = options.events.map((event) => event.toUpperCase());
    if (events.some((event) => event === 'ONCRMDEALMOVETOCATEGORY' || event.startsWith('ONAPP'))) {
      throw new Error('An outgoing webhook cannot listen to that event');
    }
    const applicationToken = options.applicationToken ?? random.code(32);
    const webhook = { id: nextId(state, 'handler'), url: options.url, events, applicationToken };
    this.#do(() => state.outgoing.push(webhook));
    return webhook;
  }

  createApp(options: NewApp = {}): SimulatedApp {
    return this.#do(() => this.#apps.create(options));
  }

  /** Posts ONAPPINSTALL. `finished: false` is an app whose installation never ended: it hears of no event. */
  installApp(app: SimulatedApp, options: { readonly finished?: boolean } = {}): IssuedTokens {
    return this.#do(() => this.#apps.install(app, options));
  }

  /** Bindings are dropped, application token and tokens are new. */
  reinstall(app: SimulatedApp): IssuedTokens {
    return this.installApp(app);
  }

  uninstallApp(app: SimulatedApp, options: { readonly clean?: boolean } = {}): void {
    this.#do(() => this.#apps.uninstall(app, options.clean ?? false));
  }

  /** A further pair of tokens, without any event. Default user: the one who installed. */
  issueTokens(app: SimulatedApp, userId?: number): IssuedTokens {
    return this.#do(() => this.#apps.issue(app, userId));
  }

  expireAccessTokens(): void {
    this.#do(() => this.#parts.tokens.expireAccess());
  }

  /** Access and refresh tokens of the app are dead, the app stays. */
  revokeTokens(app: SimulatedApp): void {
    this.#do(() => this.#parts.tokens.revoke(this.#apps.find(app).clientId));
  }

  /** The built-in webhook robot of a stage posts to the URL as typed, secret and all. */
  fireRobot(url: string, dealId: number): void {
    this.#apps.fireWebhookRobot(url, dealId);
  }

  /** An app's own robot. */
  fireAppRobot(
    app: SimulatedApp,
    url: string,
    dealId: number,
    options: { readonly code?: string; readonly properties?: Readonly<Record<string, string>> } = {},
  ): void {
    this.#do(() => this.#apps.fireAppRobot(app, url, dealId, options));
  }

  /** The next events are lost between portal and handler. */
  dropEvents(count: number): void {
    this.#parts.outbox.dropNext(count);
  }

  /** The next events are posted twice. */
  duplicateEvents(count: number): void {
    this.#parts.outbox.doubleNext(count);
  }

  /** Every event waits that many ms from now on. */
  delayEvents(ms: number): void {
    this.#parts.outbox.delay(ms);
  }

  holdEvents(): void {
    this.#parts.outbox.hold();
  }

  releaseEvents(order?: 'kept' | 'reversed'): void {
    this.#parts.outbox.release(order);
  }

  /** Posts the very same body once more. */
  replayEvent(posted: PostedEvent): void {
    this.#parts.outbox.replay(posted);
  }

  clearRequests(): void {
    this.#parts.log.clear();
  }

  async settle(): Promise<void> {
    await this.#parts.outbox.settled();
  }

  /** For the server: a request under `/rest/` or `/oauth/token`. */
  async answer(kind: 'rest' | 'token', request: WireRequest): Promise<Reply> {
    try {
      return await (kind === 'rest' ? this.#parts.rest : this.#tokenService).answer(request);
    } finally {
      this.#changed();
    }
  }

  #act<T>(deed: Deed, work: (hit: Hit) => T): T {
    return this.#do(() => {
      const hit = new Hit(deed.actor === 'robot' ? undefined : (deed.by ?? 1));
      const done = work(hit);
      if (!deed.silent) this.#parts.announcer.announce(hit);
      return done;
    });
  }

  #do<T>(work: () => T): T {
    const done = work();
    this.#changed();
    return done;
  }

  #require(entityTypeId: number, id: number): CrmRecord {
    const record = this.#parts.crm.records.get(entityTypeId, id);
    if (!record) throw new Error(`No record ${id} of type ${entityTypeId}`);
    return record;
  }
}

function changeOf(record: NewRecord): RecordChange {
  const { by: _by, actor: _actor, silent: _silent, id: _id, categoryId: _categoryId, fields, ...change } = record;
  return { ...change, ...(fields ? { custom: fields } : {}) };
}
