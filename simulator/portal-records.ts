import { EntityType } from '../lib/bitrix24/entity-types.ts';
import { ItemView } from './crm/item-view.ts';
import type { RecordChange } from './crm/operations.ts';
import { Hit } from './events/hit.ts';
import type { PortalParts } from './portal-parts.ts';
import { PortalSetup } from './portal-setup.ts';
import { type PortalSnapshot, snapshotOf } from './portal-snapshot.ts';
import type { CrmRecord } from './state.ts';

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
  /** Of a contact, the primary one first. */
  readonly companyIds?: readonly number[];
  readonly leadId?: number;
  readonly assignedById?: number;
  readonly parents?: Readonly<Record<string, number>>;
  /** Custom fields under either name: `ufCrmLossReason`, `UF_CRM_LOSS_REASON`. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** One thing that happened in a record's timeline. */
export interface Activity {
  /** Whose it is. Default 1. */
  readonly by?: number;
  /** Ms since the epoch. Default: now. */
  readonly at?: number;
}

/** What people and robots do with the records of a portal. */
export class PortalRecords extends PortalSetup {
  readonly #parts: PortalParts;

  constructor(parts: PortalParts, changed: () => void) {
    super(parts, changed);
    this.#parts = parts;
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

  /** What a person does in the recycle bin; the record's new id. Throws when the bin does not have it. */
  restoreFromBin(entityTypeId: number, id: number, deed: Deed = {}): number {
    const restored = this.#act(deed, (hit) => this.#parts.crm.restore(hit, entityTypeId, id));
    if (!restored) throw new Error(`Record ${id} of type ${entityTypeId} is not in the recycle bin`);
    return restored.id;
  }

  /** Of a contact or a company; `fields` as crm.requisite.list names them. Its id. */
  addRequisite(entityTypeId: number, id: number, fields: Readonly<Record<string, unknown>> = {}): number {
    const given = { NAME: 'Requisite', PRESET_ID: 1, ...fields };
    return this.change(() => this.#parts.crm.belongings.addRequisite(entityTypeId, id, given));
  }

  addBankDetail(requisiteId: number, fields: Readonly<Record<string, unknown>> = {}): number {
    return this.change(() => this.#parts.crm.belongings.addBankDetail(requisiteId, { NAME: 'Account', ...fields }));
  }

  /** Of a requisite; there is one of each type. */
  addAddress(requisiteId: number, typeId: number, fields: Readonly<Record<string, unknown>> = {}): void {
    this.change(() => this.#parts.crm.belongings.addAddress(requisiteId, typeId, fields));
  }

  setProductRows(entityTypeId: number, id: number, rows: readonly Readonly<Record<string, unknown>>[]): void {
    const given = rows.map((fields) => ({ fields }));
    this.change(() => this.#parts.crm.belongings.setProductRows(entityTypeId, id, given));
  }

  /** The deal as crm.item.get shows it, or undefined. */
  deal(id: number): Readonly<Record<string, unknown>> | undefined {
    return this.item(EntityType.deal, id);
  }

  item(entityTypeId: number, id: number): Readonly<Record<string, unknown>> | undefined {
    const { crm, config } = this.#parts;
    const record = crm.records.get(entityTypeId, id);
    return record && new ItemView(crm, config, entityTypeId).render(record);
  }

  contactsOf(dealId: number): number[] {
    return this.#parts.crm.links.ids(EntityType.deal, dealId);
  }

  /** What stands in the record's timeline as comments, the oldest first. */
  commentsOf(entityTypeId: number, id: number): string[] {
    return this.#parts.crm.comments.of(entityTypeId, id).map(({ text }) => text);
  }

  contactsOfCompany(companyId: number): number[] {
    return this.#parts.crm.links.ids(EntityType.company, companyId);
  }

  /** The record's last activity is now, or then: no update, no event. */
  touchActivity(entityTypeId: number, id: number, at?: number): void {
    this.addActivity(entityTypeId, id, at === undefined ? {} : { at });
  }

  /** A call, a letter, a comment: what moves `lastActivityTime` and `lastActivityBy` and nothing else. */
  addActivity(entityTypeId: number, id: number, { by = 1, at }: Activity = {}): void {
    const record = this.#require(entityTypeId, id);
    this.change(() => this.#parts.crm.touch(record, by, at));
  }

  /**
   * As many deals at once, already in their stage, moved there now by whoever imports; their ids. One event each, unless
   * silent. `record` gives what a deal has of its own.
   */
  importDeals(count: number, common: NewRecord, record: (index: number) => NewRecord = () => ({})): number[] {
    return Array.from({ length: count }, (_, index) => this.addDeal({ ...common, ...record(index) }));
  }

  /** Every record with its links, to compare with another time's. */
  snapshotState(): PortalSnapshot {
    return snapshotOf(this.#parts.state);
  }

  /** Takes every record, link and history row away in silence; ids go on growing. For tests that begin anew many times. */
  clearRecords(): void {
    this.change(() => this.#parts.crm.clear());
  }

  /** From now on a handler forbids deleting the record, with that text. */
  forbidDeletion(entityTypeId: number, id: number, text: string): void {
    this.change(() => {
      this.#parts.state.vetoes[`${entityTypeId}:${id}`] = text;
    });
  }

  allowDeletion(entityTypeId: number, id: number): void {
    this.change(() => {
      delete this.#parts.state.vetoes[`${entityTypeId}:${id}`];
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
