import { EntityType } from '../lib/bitrix24/entity-types.ts';
import type { NewField } from './crm/custom-fields.ts';
import type { NewStage } from './crm/default-stages.ts';
import { SMART_INVOICE } from './crm/record-types.ts';
import type { Semantics } from './crm/stage-directory.ts';
import type { PortalParts } from './portal-parts.ts';
import { nextId, type User } from './state.ts';

/** What administrators set up: users, types of records, pipelines, stages and custom fields. */
export class PortalSetup {
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

  /** Sorted past the success stage, an open stage means lost from then on; nothing moves and nobody is told. */
  sortStage(pipelineId: number, code: string, sort: number, entityTypeId: number = EntityType.deal): void {
    this.change(() => this.#parts.crm.stages.sortStage(entityTypeId, pipelineId, code, sort));
  }

  /** Records in it stay there: their stage is in no directory any more, and means P. */
  removeStage(pipelineId: number, code: string, entityTypeId: number = EntityType.deal): void {
    this.change(() => this.#parts.crm.stages.removeStage(entityTypeId, pipelineId, code));
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

  /** A smart process with one pipeline, whose id is returned, of default stages; `stages: false` is one without any. */
  addType(type: {
    readonly entityTypeId: number;
    readonly title: string;
    readonly stages?: boolean;
    /** Whether more pipelines may be added. Default true. */
    readonly categories?: boolean;
  }): number {
    const { state } = this.#parts;
    const { entityTypeId, title, stages = true, categories = true } = type;
    state.types.push({ id: nextId(state, 'type'), entityTypeId, title, stages, categories });
    return this.#addFirstPipeline(entityTypeId, stages ? undefined : []);
  }

  /** Whether deleted records of the type can be restored. Default: all but those of smart processes. */
  switchRecycleBin(entityTypeId: number, on: boolean): void {
    this.change(() => this.#parts.crm.bin.switch(entityTypeId, on));
  }

  /** Invoices are on every portal. Does nothing where they are already. */
  addInvoices(): void {
    if (this.#parts.crm.stages.pipelines(SMART_INVOICE).length === 0) this.#addFirstPipeline(SMART_INVOICE);
  }

  /** A custom field. Records take values for it in `fields`, under either of its names. */
  addField(entityTypeId: number, field: NewField): void {
    this.change(() => this.#parts.crm.fields.define(entityTypeId, field));
  }

  #addFirstPipeline(entityTypeId: number, stages?: readonly NewStage[]): number {
    const id = nextId(this.#parts.state, 'smart pipeline');
    this.addPipeline({ id, name: 'General', entityTypeId, ...(stages ? { stages } : {}) });
    return id;
  }

  /** Every change goes through here, so that it is saved. */
  protected change<T>(work: () => T): T {
    const done = work();
    this.#changed();
    return done;
  }
}
