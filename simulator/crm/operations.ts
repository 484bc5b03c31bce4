import { EntityType } from '../../lib/bitrix24/entity-types.ts';
import type { Hit } from '../events/hit.ts';
import { type CrmRecord, nextId, type PortalState } from '../state.ts';
import { ContactLinks } from './contact-links.ts';
import { RecordStore } from './record-store.ts';
import { StageDirectory } from './stage-directory.ts';

/** What an operation may set. Whoever calls has checked rights and values. */
export interface RecordChange {
  title?: string;
  name?: string;
  lastName?: string;
  stageId?: string;
  companyId?: number;
  leadId?: number;
  assignedById?: number;
  opened?: boolean;
  contactIds?: readonly number[];
  parents?: Readonly<Record<string, number>>;
  custom?: Readonly<Record<string, unknown>>;
}

export interface OperationSettings {
  readonly now: () => number;
  readonly pipelineMoveAlsoUpdates: boolean;
}

const HISTORY_CREATED = 1;
const HISTORY_STAGE = 2;
const HISTORY_FINAL = 3;
const HISTORY_PIPELINE = 5;

/** Everything that changes records, with the events and the stage history that follow from it. */
export class Operations {
  readonly records: RecordStore;
  readonly links: ContactLinks;
  readonly stages: StageDirectory;
  readonly #state: PortalState;
  readonly #settings: OperationSettings;

  constructor(state: PortalState, settings: OperationSettings) {
    this.#state = state;
    this.#settings = settings;
    this.records = new RecordStore(state);
    this.links = new ContactLinks(state);
    this.stages = new StageDirectory(state);
  }

  /** `stageId` undefined means the first stage of the pipeline. */
  add(hit: Hit, entityTypeId: number, categoryId: number, change: RecordChange, id?: number): CrmRecord {
    const now = this.#now();
    const actor = hit.actor ?? 1;
    const stageId = change.stageId ?? this.stages.stages(entityTypeId, categoryId)[0]?.statusId ?? '';
    const record = this.records.insert(
      {
        entityTypeId,
        title: change.title ?? '',
        name: change.name ?? '',
        lastName: change.lastName ?? '',
        stageId: StageDirectory.hasStages(entityTypeId) ? stageId : '',
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
        opened: change.opened ?? false,
        custom: { ...change.custom },
      },
      id,
    );
    if (entityTypeId === EntityType.contact) this.#linkCompany(record.id, record.companyId);
    else if (change.contactIds) this.links.replaceIds(entityTypeId, record.id, change.contactIds);
    this.#remember(record, HISTORY_CREATED);
    this.#emit(hit, record, 'ADD');
    return record;
  }

  /** Answers whether anything changed: without a change nothing is saved and no event sent. */
  update(hit: Hit, record: CrmRecord, change: RecordChange): boolean {
    const before = this.#print(record);
    const { contactIds, stageId, parents, custom, ...plain } = change;
    Object.assign(record, Object.fromEntries(Object.entries(plain).filter(([, value]) => value !== undefined)));
    Object.assign(record.parents, parents);
    Object.assign(record.custom, custom);
    if (record.entityTypeId === EntityType.contact && change.companyId !== undefined) {
      this.#linkCompany(record.id, change.companyId);
    } else if (contactIds) {
      this.links.replaceIds(record.entityTypeId, record.id, contactIds);
    }
    const edited = before !== this.#print(record);
    const moved = stageId !== undefined && stageId !== record.stageId && this.#move(hit, record, stageId);
    if (!edited && moved === false) return false;
    record.updatedAt = this.#now();
    record.updatedBy = hit.actor ?? 1;
    const onlyChangedPipeline = moved === 'pipeline' && !edited && !this.#settings.pipelineMoveAlsoUpdates;
    if (!onlyChangedPipeline || record.entityTypeId !== EntityType.deal) this.#emit(hit, record, 'UPDATE');
    return true;
  }

  remove(hit: Hit, record: CrmRecord): void {
    const { entityTypeId, id } = record;
    this.records.remove(entityTypeId, id);
    this.links.replace(entityTypeId, id, []);
    if (entityTypeId === EntityType.contact) this.links.forget(id);
    if (entityTypeId === EntityType.company) this.#forgetCompany(id);
    this.#state.history = this.#state.history.filter((row) => row.entityTypeId !== entityTypeId || row.ownerId !== id);
    this.#emit(hit, record, 'DELETE');
  }

  #move(hit: Hit, record: CrmRecord, stageId: string): 'stage' | 'pipeline' | false {
    const stage = this.stages.find(record.entityTypeId, stageId);
    if (!stage) throw new Error(`Type ${record.entityTypeId} has no stage ${stageId}`);
    const changesPipeline = stage.categoryId !== record.categoryId;
    record.previousStageId = record.stageId;
    record.stageId = stageId;
    record.categoryId = stage.categoryId;
    record.movedAt = this.#now();
    record.movedBy = hit.actor ?? 1;
    const isFinal = this.stages.semantics(stage) !== 'P';
    this.#remember(record, changesPipeline ? HISTORY_PIPELINE : isFinal ? HISTORY_FINAL : HISTORY_STAGE);
    if (changesPipeline && record.entityTypeId === EntityType.deal) {
      hit.add('ONCRMDEALMOVETOCATEGORY', {
        FIELDS: { ID: record.id, CATEGORY_ID: record.categoryId, STAGE_ID: record.stageId },
      });
    }
    return changesPipeline ? 'pipeline' : 'stage';
  }

  #remember(record: CrmRecord, typeId: number): void {
    if (!StageDirectory.hasStages(record.entityTypeId)) return;
    this.#state.history.push({
      id: nextId(this.#state, 'history'),
      typeId,
      entityTypeId: record.entityTypeId,
      ownerId: record.id,
      createdAt: this.#now(),
      categoryId: record.categoryId,
      stageId: record.stageId,
      semantics: this.stages.semanticsOf(record.entityTypeId, record.stageId),
    });
  }

  #emit(hit: Hit, record: CrmRecord, change: 'ADD' | 'UPDATE' | 'DELETE'): void {
    const kind = STATIC_KINDS[record.entityTypeId];
    if (kind) {
      hit.add(`ONCRM${kind}${change}`, { FIELDS: { ID: record.id } });
      return;
    }
    const data = { FIELDS: { ID: record.id, ENTITY_TYPE_ID: record.entityTypeId } };
    hit.add(`ONCRMDYNAMICITEM${change}`, data);
    hit.add(`ONCRMDYNAMICITEM${change}_${record.entityTypeId}`, data);
  }

  #linkCompany(contactId: number, companyId: number): void {
    if (companyId === 0) {
      for (const company of this.links.companiesOf(contactId)) this.#unlinkFromCompany(company.companyId, contactId);
      return;
    }
    const links = this.links.of(EntityType.company, companyId).filter((link) => link.contactId !== contactId);
    const sort = Math.max(0, ...links.map((link) => link.sort)) + 10;
    for (const company of this.links.companiesOf(contactId)) {
      const link = this.links.of(EntityType.company, company.companyId).find((known) => known.contactId === contactId);
      if (link) link.primary = false;
    }
    this.links.replace(EntityType.company, companyId, [...links, { contactId, sort, primary: true }]);
  }

  #unlinkFromCompany(companyId: number, contactId: number): void {
    const rest = this.links.of(EntityType.company, companyId).filter((link) => link.contactId !== contactId);
    this.links.replace(EntityType.company, companyId, rest);
  }

  #forgetCompany(companyId: number): void {
    for (const entityTypeId of Object.keys(this.#state.records).map(Number)) {
      for (const record of this.records.all(entityTypeId)) {
        if (record.companyId === companyId) record.companyId = 0;
      }
    }
  }

  /** Everything of a record that an edit can change, to tell whether it did. */
  #print(record: CrmRecord): string {
    return JSON.stringify([record, this.links.ids(record.entityTypeId, record.id)]);
  }

  /** Portals keep whole seconds. */
  #now(): number {
    return Math.floor(this.#settings.now() / 1000) * 1000;
  }
}

const STATIC_KINDS: Readonly<Record<number, string>> = {
  [EntityType.lead]: 'LEAD',
  [EntityType.deal]: 'DEAL',
  [EntityType.contact]: 'CONTACT',
  [EntityType.company]: 'COMPANY',
};
