import { sharers } from './interference.ts';
import { type Entry, type Fields, type Key, keyOf } from './log.ts';
import {
  company,
  contact,
  type Deletion,
  type Pipeline,
  pipelinesOf,
  type Rule,
  type Stage,
  waits,
} from './scenario.ts';

/**
 * What a portal must look like after all that happened on it: an independent telling of what rules mean. It knows the
 * log and the drawn rules, and nothing of how tidy24 finds out.
 */

export interface Rec extends Key {
  stage: string;
  movedAt: number;
  /** Whether its stage was a lost one when it moved there. */
  isLoss: boolean;
  activeAt: number;
  company: number;
  parents: Record<number, number>;
  reason: string;
  amount: number;
}

/** One rule after one move of one record into a lost stage. */
export interface Job {
  readonly record: string;
  readonly rule: string;
  readonly stage: string;
  readonly movedAt: number;
  /** ms since the epoch: not before. */
  at: number;
  /** `turn`: it is being carried out; how far, the state of the portal says. */
  status: 'waits' | 'turn' | 'ended';
  /** What hung on the record when its turn came. */
  noted?: { contacts: number[]; company: number };
  begun?: boolean;
}

export interface State {
  records: Record<string, Rec>;
  /** Contacts by owner. */
  links: Record<string, number[]>;
  forbidden: Record<string, true>;
  jobs: Record<string, Job>;
}

/** A loss that is older than this when an event tells of it is history. */
const newsMs = 7 * 86_400_000;
/**
 * Troubles delay tidy24 by up to this, so of tasks that come due within it nobody promises which is first. The states
 * of every order are allowed then, but only for tasks that can be in each other's way: see interference.ts.
 */
const togetherMs = 90 * 60_000;

export class Oracle {
  #states: State[] = [{ records: {}, links: {}, forbidden: {}, jobs: {} }];
  #stages: Stage[];
  #rules: (Rule & { since: number })[] = [];
  #enforcedAt: number | undefined;
  readonly #heard = new Map<string, number>();
  #workedUntil = 0;
  /** Whether reconciliation looks for lost records of a type. */
  readonly #reconciles: (type: number) => boolean;

  constructor(stages: readonly Stage[], reconciles: (type: number) => boolean) {
    this.#stages = [...stages];
    this.#reconciles = reconciles;
  }

  /** The states that are allowed whenever tidy24 has worked: one, unless the order of tasks is free and matters. */
  judge(log: readonly Entry[]): State[][] {
    return log.flatMap((entry) => {
      this.#take(entry);
      return entry.what === 'worked' ? [structuredClone(this.#states)] : [];
    });
  }

  #take(entry: Entry): void {
    switch (entry.what) {
      case 'rules':
        this.#push(entry.rules, entry.at);
        return;
      case 'mode':
        this.#enforcedAt = entry.mode === 'enforce' ? entry.at : undefined;
        return;
      case 'sorted':
        this.#stages = this.#stages.map((one) => (one.code === entry.code ? { ...one, sort: entry.sort } : one));
        return;
      case 'heard':
        if (!this.#heard.has(keyOf(entry))) this.#heard.set(keyOf(entry), entry.at);
        return;
      case 'events-lost':
        this.#heard.clear();
        return;
      case 'worked':
        this.#states = unique(this.#states.flatMap((state) => this.#work(state, entry.at, entry.until)));
        this.#heard.clear();
        this.#workedUntil = entry.until;
        return;
      case 'added':
        for (const state of this.#states) {
          add(state, entry, entry.set, entry.at);
          this.#judgeMove(state.records[keyOf(entry)] as Rec, entry.at);
        }
        return;
      case 'changed':
      case 'removed':
      case 'activity':
      case 'forbidden':
        break;
    }
    // Where the record would be gone this did not happen: that order of tasks was not the one.
    this.#states = this.#states.filter(({ records }) => records[keyOf(entry)]);
    for (const state of this.#states) {
      const record = state.records[keyOf(entry)] as Rec;
      if (entry.what === 'changed') {
        change(state, record, entry.set, entry.at);
        this.#judgeMove(record, entry.at);
      } else if (entry.what === 'removed') remove(state, record);
      else if (entry.what === 'activity') record.activeAt = entry.at;
      else state.forbidden[keyOf(entry)] = true;
    }
  }

  #judgeMove(record: Rec, at: number): void {
    if (record.movedAt === at) record.isLoss = this.#lostPipeline(record) !== undefined;
  }

  #lostPipeline({ type, stage }: Rec): number | undefined {
    const isHere = ({ stages }: Pipeline) => stages.some(({ code, lost }) => code === stage && lost);
    return pipelinesOf(type, this.#stages).find(isHere)?.id;
  }

  /** A rule that is new or says something else is about later losses only; one that waits for less is due sooner. */
  #push(rules: readonly Rule[], at: number): void {
    let isShorter = false;
    this.#rules = rules.map((rule) => {
      const before = this.#rules.find(({ id }) => id === rule.id);
      const goesOn =
        before?.enabled === true &&
        reach(before) === reach(rule) &&
        (before.mode === rule.mode || rule.mode === 'observe');
      isShorter ||= goesOn && rule.enabled && waits[rule.wait] < waits[before.wait];
      return { ...rule, since: goesOn ? before.since : at };
    });
    if (!isShorter) return;
    for (const one of this.#states.flatMap(({ jobs }) => Object.values(jobs))) one.at = Math.min(one.at, at);
  }

  #work(before: State, from: number, until: number): State[] {
    for (const record of Object.values(before.records)) this.#look(before, record, from);
    let states = [before];
    for (;;) {
      const waiting = states.map((state) => due(state, until));
      if (waiting.every((jobs) => jobs.length === 0)) return states;
      states = unique(states.flatMap((state, index) => this.#together(state, waiting[index] ?? [])));
    }
  }

  /** Whoever is told of a record, or finds one that has moved since it last looked, plans what the rules ask for. */
  #look(state: State, record: Rec, now: number): void {
    const heardAt = this.#heard.get(keyOf(record));
    const found = record.movedAt > this.#workedUntil && this.#reconciles(record.type);
    if (!found && (heardAt === undefined || record.movedAt < heardAt - newsMs)) return;
    // A stage that becomes a lost one under its records is no loss of theirs.
    if (!record.isLoss || (this.#enforcedAt !== undefined && record.movedAt < this.#enforcedAt)) return;
    for (const rule of this.#rules) {
      if (record.movedAt < rule.since || !this.#matches(rule, record)) continue;
      const { stage, movedAt } = record;
      const key = `${keyOf(record)} ${rule.id} ${stage} ${movedAt}`;
      const at = Math.max(now, dueAt(rule, record));
      state.jobs[key] ??= { record: keyOf(record), rule: rule.id, stage, movedAt, at, status: 'waits' };
    }
  }

  /** The jobs that are due first, with those that are due soon after. */
  #together(state: State, jobs: readonly string[]): State[] {
    const times = jobs.map((key) => state.jobs[key]?.at ?? 0);
    const end = times.find((at, index) => (times[index + 1] ?? Number.POSITIVE_INFINITY) > at + togetherMs) ?? 0;
    const first = jobs.filter((_, index) => (times[index] ?? 0) <= end);
    const ruleOf = (key: string) => this.#rules.find(({ id }) => id === state.jobs[key]?.rule);
    return sharers(state, first, ruleOf).reduce<State[]>(
      (states, group) => unique(states.flatMap((one) => this.#inAnyOrder(one, group))),
      [state],
    );
  }

  #inAnyOrder(begin: State, group: readonly string[]): State[] {
    const state = structuredClone(begin);
    for (const key of group) job(state, key).status = 'turn';
    const ends: State[] = [];
    const seen = new Set<string>();
    for (const open = [state]; open.length > 0;) {
      const next = open.pop() as State;
      const turns = group.filter((key) => job(next, key).status === 'turn');
      if (turns.length === 0) ends.push(next);
      for (const key of turns) {
        const after = turns.length === 1 ? next : structuredClone(next);
        this.#step(after, job(after, key));
        const text = turns.length === 1 && group.length === 1 ? undefined : JSON.stringify(after);
        if (text === undefined || !seen.has(text)) open.push(after);
        if (text !== undefined) seen.add(text);
      }
    }
    return ends;
  }

  /** One step of one job: it ends, waits for longer, or removes what is next. */
  #step(state: State, one: Job): void {
    const record = state.records[one.record];
    const rule = this.#rules.find(({ id }) => id === one.rule);
    one.status = 'ended';
    if (!record || record.stage !== one.stage || record.movedAt !== one.movedAt) return;
    if (!rule || record.movedAt < rule.since || !this.#matches(rule, record, one.begun)) return;
    if (one.noted === undefined && dueAt(rule, record) > one.at) {
      Object.assign(one, { at: dueAt(rule, record), status: 'waits' });
      return;
    }
    if (rule.mode === 'observe' || this.#enforcedAt === undefined || record.movedAt < this.#enforcedAt) return;
    one.noted ??= { contacts: linked(state, one.record), company: record.company };
    const targets = nextTargets(state, record, rule, one.noted);
    if (targets.length === 0) return;
    for (const target of targets) {
      if ('links' in target) state.links[target.links] = [];
      else if (!state.forbidden[keyOf(target)]) remove(state, target);
    }
    one.begun = true;
    if (!targets.some((target) => !('links' in target) && state.forbidden[keyOf(target)])) one.status = 'turn';
  }

  #matches(rule: Rule, record: Rec, begun = false): boolean {
    if (!rule.enabled || rule.type !== record.type) return false;
    const pipeline = this.#lostPipeline(record);
    if (pipeline === undefined || rule.pipelines?.includes(pipeline) === false) return false;
    if (rule.stages !== 'all-lost' && !rule.stages.includes(record.stage)) return false;
    const { where } = rule;
    if (where === undefined) return true;
    if ('UF_CRM_AMOUNT' in where) return record.amount >= where.UF_CRM_AMOUNT['at-least'];
    // What the job removes itself is no reason to stop half-way.
    if ('companyId' in where) return begun || (record.company === 0) === where.companyId.empty;
    const { UF_CRM_REASON: wanted } = where;
    if (typeof wanted === 'string') return record.reason === wanted;
    return 'in' in wanted ? wanted.in.includes(record.reason) : (record.reason === '') === wanted.empty;
  }
}

function reach({ type, pipelines, stages, where, from, delete: entries }: Rule): string {
  return JSON.stringify([type, pipelines, stages, where, from, entries]);
}

function dueAt({ wait, from }: Rule, { movedAt, activeAt }: Rec): number {
  return (from === 'loss' ? movedAt : Math.max(movedAt, activeAt)) + waits[wait];
}

type Target = Key | { links: string };

/** Links first, then children, contacts, the company, the record itself: the first of these of which there is anything. */
function nextTargets(state: State, record: Rec, rule: Rule, noted: NonNullable<Job['noted']>): Target[] {
  const asks = (entry: Deletion) => rule.delete.includes(entry);
  const companyKey = { type: company, id: record.company };
  const hasCompany = record.company > 0 && record.company === noted.company;
  const owners: string[] = [];
  if (asks('deal-contacts')) owners.push(keyOf(record));
  if (asks('company-contacts') && hasCompany) owners.push(keyOf(companyKey));
  const links = owners.filter((owner) => linked(state, owner).length > 0).map((owner) => ({ links: owner }));
  const itemTypes = rule.delete.flatMap((entry) =>
    typeof entry === 'object' && 'items' in entry ? [entry.items.type] : [],
  );
  const children = Object.values(state.records).filter(
    ({ type, parents }) => itemTypes.includes(type) && parents[record.type] === record.id,
  );
  const isMine = (id: number) => asks('deal-contacts') || linked(state, keyOf(record)).includes(id);
  const contacts = rule.delete.some((entry) => typeof entry === 'object' && 'contacts' in entry)
    ? noted.contacts
        .filter((id) => isMine(id) && state.records[`${contact}:${id}`])
        .map((id) => ({ type: contact, id }))
    : [];
  const own = (['deal', 'lead', 'item'] as const).some(asks) ? [record] : [];
  const phases: Target[][] = [links, children, contacts, asks('company') && hasCompany ? [companyKey] : [], own];
  return phases.find((targets) => targets.length > 0) ?? [];
}

function due({ jobs }: State, until: number): string[] {
  const open = Object.entries(jobs).filter(([, { status, at }]) => status === 'waits' && at <= until);
  return open.toSorted(([, a], [, b]) => a.at - b.at).map(([key]) => key);
}

function job(state: State, key: string): Job {
  return state.jobs[key] as Job;
}

function linked({ links }: State, owner: string): number[] {
  return links[owner] ?? [];
}

function add(state: State, { type, id }: Key, set: Partial<Fields>, at: number): void {
  const made = { movedAt: at, isLoss: false, activeAt: at, parents: { ...set.parents } };
  const blank = { stage: '', company: 0, reason: '', amount: 0 };
  const record: Rec = { type, id, ...blank, ...made };
  state.records[keyOf(record)] = record;
  change(state, record, set, at);
}

function change(
  state: State,
  record: Rec,
  { contacts, companies, parents: _parents, ...set }: Partial<Fields>,
  at: number,
): void {
  if (set.stage !== undefined && set.stage !== record.stage) record.movedAt = at;
  Object.assign(record, set);
  if (contacts) state.links[keyOf(record)] = [...contacts];
  if (!companies) return;
  const owners = Object.values(state.records).filter(({ type }) => type === company);
  for (const owner of owners) {
    const others = linked(state, keyOf(owner)).filter((id) => id !== record.id);
    state.links[keyOf(owner)] = companies.includes(owner.id) ? [...others, record.id] : others;
  }
}

/** Nothing names a record that is gone. */
function remove(state: State, { type, id }: Key): void {
  delete state.records[keyOf({ type, id })];
  delete state.links[keyOf({ type, id })];
  delete state.forbidden[keyOf({ type, id })];
  for (const record of Object.values(state.records)) {
    if (type === company && record.company === id) record.company = 0;
    if (record.parents[type] === id) delete record.parents[type];
  }
  if (type !== contact) return;
  for (const [owner, contacts] of Object.entries(state.links)) {
    state.links[owner] = contacts.filter((one) => one !== id);
  }
}

function unique(states: readonly State[]): State[] {
  if (states.length < 2) return [...states];
  return [...new Map(states.map((state) => [JSON.stringify(state), state])).values()];
}
