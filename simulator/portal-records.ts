import { EntityType } from '../lib/bitrix24/entity-types.ts';
import { ItemView } from './crm/item-view.ts';
import type { RecordChange } from './crm/operations.ts';
import type { NewStage, Semantics } from './crm/stage-directory.ts';
import { Hit } from './events/hit.ts';
import type { PortalParts } from './portal-parts.ts';
import { type CrmRecord, nextId, type User } from './state.ts';

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

/** What people and robots do with users, records, pipelines and types of a portal. */
export class PortalRecords {
  readonly #parts: PortalParts;
  readonly #changed: () => void;

  constructor(parts: PortalParts, changed: () => void) {
    this.#parts = parts;
    this.#changed = changed;
  }

  get users(): readonly User[] {
    return this.#parts.state.users;
  }

  addUser(user: Partial<Omit<User, 'id'>> = {}): User {
    return this.change(() => {
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
    this.change(() => Object.assign(user, change));
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
    const { id, stageId } = record;
    const { crm } = this.#parts;
    const pipelines = crm.stages.pipelines(entityTypeId);
    const categoryId = record.categoryId ?? pipelines.find((pipeline) => pipeline.isDefault)?.id ?? 0;
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
    this.change(() => crm.stages.addPipeline(added, stages));
  }

  addStage(pipelineId: number, stage: NewStage, entityTypeId: number = EntityType.deal): string {
    return this.change(() => this.#parts.crm.stages.addStage(entityTypeId, pipelineId, stage).statusId);
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
    this.change(() => {
      this.#parts.state.vetoes[`${entityTypeId}:${id}`] = text;
    });
  }

  #act<T>(deed: Deed, work: (hit: Hit) => T): T {
    return this.change(() => {
      const hit = new Hit(deed.actor === 'robot' ? undefined : (deed.by ?? 1));
      const done = work(hit);
      if (!deed.silent) this.#parts.announcer.announce(hit);
      return done;
    });
  }

  /** Every change goes through here, so that it is saved. */
  protected change<T>(work: () => T): T {
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
