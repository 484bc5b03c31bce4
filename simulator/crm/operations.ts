import { EntityType } from '../../lib/bitrix24/entity-types.ts';
import type { Hit } from '../events/hit.ts';
import type { CrmRecord, PortalState } from '../state.ts';
import { Belongings } from './belongings.ts';
import { CompanyLinks } from './company-links.ts';
import { ContactLinks } from './contact-links.ts';
import { CustomFields } from './custom-fields.ts';
import { emitChange, emitPipelineMove } from './record-events.ts';
import { RecordStore } from './record-store.ts';
import { RecycleBin } from './recycle-bin.ts';
import { parentTypes } from './record-types.ts';
import { References } from './references.ts';
import { StageDirectory } from './stage-directory.ts';
import { StageHistory } from './stage-history.ts';
import { TimelineComments } from './timeline-comments.ts';

/** What an operation may set. Whoever calls has checked rights and values. */
export interface RecordChange {
  title?: string;
  name?: string;
  lastName?: string;
  stageId?: string;
  companyId?: number;
  /** Of a contact: all its companies, the first the primary one. */
  companyIds?: readonly number[];
  leadId?: number;
  assignedById?: number;
  opened?: boolean;
  lastActivityAt?: number;
  lastActivityBy?: number;
  contactIds?: readonly number[];
  parents?: Readonly<Record<string, number>>;
  /** Under either name of a custom field. */
  custom?: Readonly<Record<string, unknown>>;
}

export interface OperationSettings {
  readonly now: () => number;
  readonly pipelineMoveAlsoUpdates: boolean;
}

/** Everything that changes records, with the events and the stage history that follow from it. */
export class Operations {
  readonly records: RecordStore;
  readonly links: ContactLinks;
  readonly stages: StageDirectory;
  readonly fields: CustomFields;
  readonly history: StageHistory;
  readonly belongings: Belongings;
  readonly comments: TimelineComments;
  readonly bin: RecycleBin;
  readonly companies: CompanyLinks;
  readonly #references: References;
  readonly #state: PortalState;
  readonly #settings: OperationSettings;

  constructor(state: PortalState, settings: OperationSettings) {
    this.#state = state;
    this.#settings = settings;
    this.records = new RecordStore(state);
    this.links = new ContactLinks(state);
    this.stages = new StageDirectory(state);
    this.fields = new CustomFields(state);
    this.history = new StageHistory(state, this.stages);
    this.companies = new CompanyLinks(this.links);
    this.belongings = new Belongings(state);
    this.comments = new TimelineComments(state);
    this.bin = new RecycleBin(state, this.links, this.belongings);
    this.#references = new References(state);
  }

  parentTypes(entityTypeId: number): number[] {
    return parentTypes(this.#state, entityTypeId);
  }

  /** `stageId` undefined means the first stage of the pipeline. */
  add(hit: Hit, entityTypeId: number, categoryId: number, change: RecordChange, id?: number): CrmRecord {
    const now = this.#now();
    const actor = hit.actor ?? 1;
    const hasStages = this.stages.hasStages(entityTypeId);
    const firstStage = (): string => this.stages.stages(entityTypeId, categoryId)[0]?.statusId ?? '';
    const record = this.records.insert(
      {
        entityTypeId,
        title: change.title ?? '',
        name: change.name ?? '',
        lastName: change.lastName ?? '',
        stageId: hasStages ? (change.stageId ?? firstStage()) : '',
        previousStageId: '',
        categoryId,
        companyId: change.companyId ?? 0,
        leadId: change.leadId ?? 0,
        parents: { ...change.parents },
        assignedById: change.assignedById ?? actor,
        createdBy: actor,
        updatedBy: actor,
        movedBy: actor,
        createdAt: now,
        updatedAt: now,
        movedAt: now,
        lastActivityAt: change.lastActivityAt ?? now,
        lastActivityBy: change.lastActivityBy ?? actor,
        opened: change.opened ?? false,
        custom: this.fields.store(entityTypeId, change.custom ?? {}),
      },
      id,
    );
    this.#references.add(record);
    this.#link(record, change);
    this.history.remember(record, 'created', now);
    emitChange(hit, record, 'ADD');
    return record;
  }

  /** Answers whether anything changed: without a change nothing is saved and no event sent. */
  update(hit: Hit, record: CrmRecord, change: RecordChange): boolean {
    const before = this.#print(record);
    const { contactIds: _contacts, companyIds: _companies, stageId, parents, custom, ...plain } = change;
    this.#references.remove(record);
    Object.assign(record, Object.fromEntries(Object.entries(plain).filter(([, value]) => value !== undefined)));
    Object.assign(record.parents, parents);
    Object.assign(record.custom, this.fields.store(record.entityTypeId, custom ?? {}));
    this.#references.add(record);
    this.#link(record, change);
    const edited = before !== this.#print(record);
    const moved = stageId !== undefined && stageId !== record.stageId && this.#move(hit, record, stageId);
    if (!edited && moved === false) return false;
    record.updatedAt = this.#now();
    record.updatedBy = hit.actor ?? 1;
    const onlyChangedPipeline = moved === 'pipeline' && !edited && !this.#settings.pipelineMoveAlsoUpdates;
    if (!onlyChangedPipeline || record.entityTypeId !== EntityType.deal) emitChange(hit, record, 'UPDATE');
    return true;
  }

  /** What was linked to the record, belonged to it or named it is left, without it. */
  remove(hit: Hit, record: CrmRecord): void {
    const { entityTypeId, id } = record;
    this.bin.take(record);
    this.records.remove(entityTypeId, id);
    this.#references.remove(record);
    this.#references.forget(entityTypeId, id);
    this.links.replace(entityTypeId, id, []);
    if (entityTypeId === EntityType.contact) this.links.forget(id);
    this.history.forget(entityTypeId, id);
    this.comments.forget(entityTypeId, id);
    delete this.#state.vetoes[`${entityTypeId}:${id}`];
    emitChange(hit, record, 'DELETE');
  }

  /**
   * What a person does in the recycle bin: the record is there again, under a new id. Undefined when the bin does not
   * have it.
   */
  restore(hit: Hit, entityTypeId: number, id: number): CrmRecord | undefined {
    const binned = this.bin.remove(entityTypeId, id);
    if (!binned) return undefined;
    const { id: _former, companyId, leadId, parents, ...rest } = binned.record;
    const isThere = (type: number, other: number): boolean => this.records.get(type, other) !== undefined;
    const record = this.records.insert({
      ...rest,
      companyId: isThere(EntityType.company, companyId) ? companyId : 0,
      leadId: isThere(EntityType.lead, leadId) ? leadId : 0,
      parents: Object.fromEntries(Object.entries(parents).filter(([type, parent]) => isThere(Number(type), parent))),
    });
    this.#references.add(record);
    const contacts = binned.contacts.filter(({ contactId }) => isThere(EntityType.contact, contactId));
    this.links.replace(entityTypeId, record.id, contacts);
    const companies = binned.companyIds.filter((company) => isThere(EntityType.company, company));
    if (companies.length > 0) this.companies.replace(record.id, companies);
    this.belongings.give(entityTypeId, record.id, binned.belongings);
    this.history.remember(record, 'created', this.#now());
    emitChange(hit, record, 'ADD');
    return record;
  }

  /** Something in the record's timeline: neither an update nor an event. */
  touch(record: CrmRecord, by: number, at: number = this.#now()): void {
    record.lastActivityAt = Math.floor(at / 1000) * 1000;
    record.lastActivityBy = by;
  }

  /** Every record is gone, and nobody hears of it. */
  clear(): void {
    this.records.clear();
    this.links.clear();
    this.history.clear();
    this.#references.clear();
    this.belongings.clear();
    this.comments.clear();
    this.bin.clear();
    this.#state.vetoes = {};
  }

  #move(hit: Hit, record: CrmRecord, stageId: string): 'stage' | 'pipeline' {
    const stage = this.stages.find(record.entityTypeId, stageId);
    if (!stage) throw new Error(`Type ${record.entityTypeId} has no stage ${stageId}`);
    const changesPipeline = stage.categoryId !== record.categoryId;
    record.previousStageId = record.stageId;
    record.stageId = stageId;
    record.categoryId = stage.categoryId;
    record.movedAt = this.#now();
    record.movedBy = hit.actor ?? 1;
    this.history.remember(record, changesPipeline ? 'pipeline' : 'moved', record.movedAt);
    if (changesPipeline) emitPipelineMove(hit, record);
    return changesPipeline ? 'pipeline' : 'stage';
  }

  #link(record: CrmRecord, { companyId, companyIds, contactIds }: RecordChange): void {
    if (record.entityTypeId !== EntityType.contact) {
      if (contactIds) this.links.replaceIds(record.entityTypeId, record.id, contactIds);
    } else if (companyIds) this.companies.replace(record.id, companyIds);
    else if (companyId !== undefined) this.companies.choose(record.id, companyId);
  }

  /** Everything of a record that an edit can change, to tell whether it did. */
  #print(record: CrmRecord): string {
    const links = record.entityTypeId === EntityType.contact ? this.links.companiesOf(record.id) : [];
    return JSON.stringify([record, this.links.ids(record.entityTypeId, record.id), links]);
  }

  /** Portals keep whole seconds. */
  #now(): number {
    return Math.floor(this.#settings.now() / 1000) * 1000;
  }
}
