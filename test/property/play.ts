import type { Snapshot } from '../../lib/tasks/snapshots.ts';
import type { Entry, Fields, Key } from './log.ts';
import type { MemoryTables } from '../integration/support/memory-tables.ts';
import { ready } from './ready.ts';
import { determined, rulesFile } from './rules-file.ts';
import {
  answers,
  calls,
  company,
  contact,
  deal,
  type Deed,
  drawnPipeline,
  lead,
  type NewRecord,
  pipelinesOf,
  processes,
  type Rule,
  type RuleChange,
  type Scenario,
  type Stage,
  type StageChoice,
  type Told,
  type Trouble,
} from './scenario.ts';
import { fullSecond, type World } from './world.ts';

const second = 1_000;
const hour = 3_600_000;
const day = 24 * hour;

type Change = Omit<Parameters<World['portal']['updateItem']>[2], 'fields'> & { fields?: Record<string, unknown> };

/** Carries out a scenario on a portal that tidy24 looks after, and writes down what really happened. */
export class Play {
  readonly log: Entry[] = [];
  /** What was on the portal whenever tidy24 began to work, and when it had ended. */
  readonly before: ReturnType<World['portal']['snapshotState']>[] = [];
  readonly after: ReturnType<World['portal']['snapshotState']>[] = [];
  /** Every snapshot that tidy24 has stored: it forgets them after a month. */
  readonly stored: Snapshot[] = [];
  readonly #world: World;
  readonly #memory: MemoryTables | undefined;
  #stages: Stage[];
  #rules: readonly Rule[] = [];
  /** Whether tidy24 has had a reason to look at the stages of deals. */
  #knowsStages = false;

  constructor(world: World, scenario: Scenario, memory?: MemoryTables) {
    this.#world = world;
    this.#memory = memory;
    this.#stages = [...scenario.stages];
    world.heard = (record) => this.#note({ what: 'heard', ...record });
  }

  async run(scenario: Scenario): Promise<void> {
    this.#furnish(scenario);
    // Rules and mode are there before anything is lost, as far as anything is known.
    this.#tick();
    await this.#push(scenario.rules.map(determined));
    this.#tick();
    if (scenario.mode === 'enforce') await this.#switch('enforce');
    // tidy24 has come to know the portal.
    await this.#work(hour, []);
    for (let nth = 0; nth < scenario.companies; nth += 1) this.#add(company, {});
    for (const companies of scenario.contacts) this.#add(contact, { companies: this.#pick(company, companies) });
    for (const record of scenario.records) {
      this.#addRecord(record, 'once');
      await this.#world.simulator.settle();
    }
    for (const { deeds, passes, troubles } of scenario.phases) {
      for (const deed of deeds) await this.#act(deed);
      await this.#work(passes, troubles);
    }
    this.#world.portal.releaseEvents();
    // Longer than any wait from any activity.
    await this.#work(21 * day, []);
    await this.#work(2 * day, []);
  }

  #furnish({ stages }: Scenario): void {
    const { portal } = this.#world;
    for (const type of processes) {
      const id = portal.addType({ entityTypeId: type, title: `Process ${type}` });
      portal.addStage(id, { id: 'LATE', name: 'Too late', sort: 60 }, type);
      if (pipelinesOf(type, stages)[0]?.id !== id) throw new Error(`Type ${type} has pipeline ${id}`);
    }
    const named = [...stages, { code: 'WON', sort: 50 }].map(({ code, sort }) => ({ id: code, name: code, sort }));
    portal.addPipeline({ id: drawnPipeline, name: 'Drawn', stages: named });
    for (const type of [lead, deal, ...processes]) {
      portal.addField(type, { name: 'UF_CRM_REASON', type: 'string' });
      portal.addField(type, { name: 'UF_CRM_AMOUNT', type: 'double' });
    }
  }

  async #work(ms: number, troubles: readonly Trouble[]): Promise<void> {
    const { portal, time, simulator } = this.#world;
    await simulator.settle();
    for (const trouble of troubles) this.#trouble(trouble);
    const at = time.now;
    this.before.push(portal.snapshotState());
    await this.#world.pass(ms);
    this.after.push(portal.snapshotState());
    for (const { taskId } of await this.#world.tasks()) {
      this.stored.push(...(await this.#world.stores.snapshots.get(taskId)));
    }
    this.log.push({ at, what: 'worked', until: time.now });
    this.#knowsStages = this.#rules.some(({ enabled, type }) => enabled && type === deal);
    portal.faults.clear();
    if (this.#memory) this.#memory.fault = undefined;
    for (const queue of Object.values(this.#world.queues)) queue.loses = 0;
    // Portals keep whole seconds, so people act in them.
    time.now = fullSecond(time.now) + second;
  }

  #trouble(trouble: Trouble): void {
    const { portal, queues } = this.#world;
    if (trouble.at === 'queue') queues[trouble.queue].loses = trouble.nth;
    else if (trouble.at === 'portal') {
      const { nth, call, gives } = trouble;
      portal.faults.add({ when: { ...calls[call], nth }, give: answers[gives] });
    } else if (this.#memory) this.#memory.fault = { nth: trouble.nth, when: trouble.when };
  }

  /** A second passes, so that the order of what people do can be told by their times. */
  #tick(): void {
    this.#world.time.now += second;
  }

  #note(entry: DistributiveOmit<Entry, 'at'>): void {
    this.log.push({ at: this.#world.time.now, ...entry });
  }

  async #act(deed: Deed): Promise<void> {
    this.#tick();
    const { portal, simulator, queues } = this.#world;
    switch (deed.do) {
      case 'add':
        this.#addRecord(deed.record, deed.told);
        break;
      case 'move':
        this.#change(this.#records(), deed.on, deed.told, ({ type }) => ({ stage: this.#stage(type, deed.to) }));
        break;
      case 'lose-again':
        this.#loseAgain(deed.on, deed.told);
        break;
      case 'edit':
        this.#change(this.#records(), deed.on, deed.told, () => ({ reason: deed.reason, amount: deed.amount }));
        break;
      case 'link':
        this.#change(this.#records(), deed.on, deed.told, () => ({ contacts: this.#pick(contact, deed.contacts) }));
        break;
      case 'company':
        this.#change(this.#records(), deed.on, deed.told, () => ({ company: this.#one(company, deed.company) }));
        break;
      case 'employ':
        this.#change(this.#of(contact), deed.contact, 'once', () => ({
          companies: this.#pick(company, deed.companies),
        }));
        break;
      case 'remove':
        this.#each(deed, (key) => {
          portal.removeItem(key.type, key.id);
          this.#note({ what: 'removed', ...key });
        });
        break;
      case 'activity':
        this.#touch(deed.on);
        break;
      case 'veto':
        this.#each(deed, (key) => {
          portal.forbidDeletion(key.type, key.id, 'Still needed');
          this.#note({ what: 'forbidden', ...key });
        });
        break;
      case 'rules':
        await this.#push(changedRules(this.#rules, deed.nth, deed.change));
        break;
      case 'mode':
        await this.#switch(deed.mode);
        break;
      case 'sort':
        this.#sort(deed.nth, deed.touch);
        break;
      case 'hold':
        portal.holdEvents();
        break;
      case 'release':
        portal.releaseEvents('reversed');
        break;
      case 'lose-events':
        await simulator.settle();
        queues.events.messages = [];
        this.#note({ what: 'events-lost' });
        break;
      case 'expire-token':
        portal.expireAccessTokens();
        break;
    }
    await simulator.settle();
  }

  /** Of a lost record, if there is one: that is where it counts. */
  #touch(nth: number): void {
    const lost = this.#lostOnes();
    const all = lost.length > 0 ? lost : this.#records();
    const key = all[nth % all.length];
    if (!key) return;
    this.#world.portal.touchActivity(key.type, key.id);
    this.#note({ what: 'activity', ...key });
  }

  #loseAgain(nth: number, told: Told): void {
    const lost = this.#lostOnes();
    const key = lost[nth % lost.length];
    if (!key) return;
    const stage = this.#stageOf(key);
    this.#change([key], 0, told, ({ type }) => ({ stage: this.#stage(type, { lost: false, nth }) }));
    this.#tick();
    this.#change([key], 0, told, () => ({ stage }));
  }

  #lostOnes(): Key[] {
    return this.#records().filter((key) =>
      pipelinesOf(key.type, this.#stages).some(({ stages }) =>
        stages.some(({ code, lost }) => lost && code === this.#stageOf(key)),
      ),
    );
  }

  #stageOf({ type, id }: Key): string {
    return String(this.#world.portal.item(type, id)?.['stageId']);
  }

  /** To the other side of the success stage; where there are records, if there are any. */
  #sort(nth: number, touch: boolean): void {
    if (!(this.#knowsStages || ready.stagesOfTheFirstLook)) return;
    const { portal } = this.#world;
    const inStage = (code: string) =>
      this.#of(deal).filter((key) => this.#stageOf(key) === `C${drawnPipeline}:${code}`);
    // Once each: of a stage that was lost before, and is so again, nobody promises what its older records come to.
    const fresh = this.#stages.filter(
      ({ code }) => !this.log.some((one) => one.what === 'sorted' && one.code === code),
    );
    const peopled = fresh.filter(({ code }) => inStage(code).length > 0);
    const stage = (peopled.length > 0 ? peopled : fresh)[nth % Math.max(1, peopled.length || fresh.length)];
    if (!stage) return;
    const sort = stage.sort > 50 ? 45 : 95;
    portal.sortStage(drawnPipeline, stage.code, sort);
    this.#stages = this.#stages.map((one) => (one === stage ? { ...one, sort } : one));
    this.#note({ what: 'sorted', code: stage.code, sort });
    this.#tick();
    if (touch) this.#change(inStage(stage.code), nth, 'once', () => ({ reason: 'sorted', amount: 200 }));
  }

  async #push(rules: readonly Rule[]): Promise<void> {
    this.#rules = rules;
    await this.#world.pushRules(rulesFile(rules));
    this.#note({ what: 'rules', rules });
  }

  async #switch(mode: 'observe' | 'enforce'): Promise<void> {
    await this.#world.setMode(mode);
    this.#note({ what: 'mode', mode });
  }

  /** The records that are there now, in the order of their making. */
  #of(...types: number[]): Key[] {
    const { records } = this.#world.portal.snapshotState();
    return this.log.flatMap((entry) =>
      entry.what === 'added' && types.includes(entry.type) && records[`${entry.type}:${entry.id}`]
        ? [{ type: entry.type, id: entry.id }]
        : [],
    );
  }

  #records(): Key[] {
    return this.#of(lead, deal, ...processes);
  }

  #pick(type: number, numbers: readonly number[]): number[] {
    return [...new Set(numbers.map((nth) => this.#one(type, nth)).filter((id) => id > 0))];
  }

  #one(type: number, nth: number): number {
    const all = this.#of(type);
    return nth < 0 ? 0 : (all[nth % all.length]?.id ?? 0);
  }

  #stage(type: number, { lost, nth }: StageChoice): string {
    const all = pipelinesOf(type, this.#stages).flatMap(({ stages }) => stages);
    const fitting = all.filter((stage) => stage.lost === lost);
    return fitting[nth % fitting.length]?.code ?? '';
  }

  #each({ on, what }: { on: number; what: 'record' | 'contact' | 'company' }, work: (key: Key) => void): void {
    const all = what === 'record' ? this.#records() : this.#of(what === 'contact' ? contact : company);
    const key = all[on % all.length];
    if (key) work(key);
  }

  #addRecord({ type, stage, parent, reason, amount, ...links }: NewRecord, told: Told): void {
    const parents = this.#records().filter((one) => one.type !== type);
    const chosen = parent < 0 || type < 1_000 ? undefined : parents[parent % parents.length];
    this.#tick();
    this.#add(
      type,
      {
        stage: this.#stage(type, stage),
        company: this.#one(company, links.company),
        contacts: this.#pick(contact, links.contacts),
        ...(chosen && { parents: { [chosen.type]: chosen.id } }),
        reason,
        amount,
      },
      told,
    );
  }

  #add(type: number, set: Partial<Fields>, told: Told = 'once'): void {
    const { portal } = this.#world;
    const pipeline = pipelinesOf(type, this.#stages).find(({ stages }) =>
      stages.some(({ code }) => code === set.stage),
    );
    this.#tell(told);
    const categoryId = pipeline && { categoryId: pipeline.id };
    const id = portal.addItem(type, { ...this.#asChange(set), ...categoryId, silent: told === 'never' });
    this.#note({ what: 'added', type, id, set });
  }

  #change(all: readonly Key[], nth: number, told: Told, change: (key: Key) => Partial<Fields>): void {
    const key = all[nth % all.length];
    if (!key) return;
    const set = change(key);
    this.#tell(told);
    this.#world.portal.updateItem(key.type, key.id, { ...this.#asChange(set), silent: told === 'never' });
    this.#note({ what: 'changed', ...key, set });
  }

  #tell(told: Told): void {
    if (told === 'twice') this.#world.portal.duplicateEvents(1);
  }

  #asChange({ stage, company: companyId, contacts, companies, parents, reason, amount }: Partial<Fields>): Change {
    return {
      ...(stage !== undefined && { stageId: stage }),
      ...(companyId !== undefined && { companyId }),
      ...(contacts && { contactIds: contacts }),
      ...(companies && { companyIds: companies }),
      ...(parents && { parents: Object.fromEntries(Object.entries(parents)) }),
      ...(reason !== undefined && { fields: { UF_CRM_REASON: reason, UF_CRM_AMOUNT: amount } }),
    };
  }
}

type DistributiveOmit<T, K extends keyof T> = T extends unknown ? Omit<T, K> : never;

function changedRules(rules: readonly Rule[], nth: number, change: RuleChange): Rule[] {
  const index = nth % Math.max(1, rules.length);
  if (change === 'again') return [...rules];
  if (change === 'dropped') return rules.filter((_, place) => place !== index);
  return rules.map((rule, place) => (place === index ? determined({ ...rule, ...change }) : rule));
}
