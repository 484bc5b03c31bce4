import type { CrmRecord } from '../../simulator/state.ts';
import type { PortalSnapshot } from '../../simulator/portal-snapshot.ts';
import type { SentCommand } from './wire.ts';

export const holdField = 'UF_CRM_KEEP';
export const lostStages: readonly string[] = ['LOSE', 'APOLOGY'];
export const openStages: readonly string[] = ['NEW', 'PREPARATION', 'EXECUTING'];

const unticked: readonly unknown[] = [null, false, '', 'N', '0', 0];
const contact = 3;
const company = 4;
const deal = 2;

/** Deals that are not lost and have this contact, in whatever place, or this company. */
export function clientsOf({ records, links }: PortalSnapshot, type: number, id: number): number[] {
  const names = (one: CrmRecord): boolean =>
    type === company
      ? one.companyId === id
      : (links[`${deal}:${one.id}`] ?? []).some(({ contactId }) => contactId === id);
  return Object.values(records)
    .filter((one) => one.entityTypeId === deal && !lostStages.includes(one.stageId) && names(one))
    .map(({ id: of }) => of);
}

/** What one invocation has been shown, and when: it was sent at that time what it is shown. By `type:id`. */
export class Knowledge {
  profile: { readonly at: number; readonly admin: boolean } | undefined;
  /** When it last looked at the record of a task: then it asks first of all who we are. One round is read beside another. */
  readonly lookedAt = new Map<string, number>();
  readonly deals = new Map<string, { at: number; stageId: string; movedTime?: number }>();
  /** Whether the hold field is ticked. */
  readonly ticks = new Map<string, { at: number; ticked: boolean }>();
  /** Whether there is a hold in the table. */
  readonly holds = new Map<string, { at: number; held: boolean }>();
  /** The portal was asked which deals in progress name this contact or company: those that really did. */
  readonly clients = new Map<string, { at: number; deals: readonly number[] }>();
  /** Contacts linked to a deal or a company. */
  readonly links = new Map<string, { at: number; ids: readonly number[] }>();
  /** The stop of the deployment was read, and nothing was sent since. */
  hasReadStop = false;
  /** The hour that deletions were last counted in, and after how many releases of the caps. */
  counted: { readonly hour: string; readonly releases: number } | undefined;

  /** A look at the records of tasks: what the deletions for them rest on is read from now on. */
  look(commands: readonly SentCommand[], at: number): void {
    for (const { params } of commands) {
      for (const [name, id] of params) {
        if (name.startsWith('filter[@id]')) this.lookedAt.set(`${Number(params.get('entityTypeId'))}:${id}`, at);
      }
    }
  }

  /** What the answer to one command shows. `truth`: the portal as it is at this moment. */
  learn({ method, params }: SentCommand, result: unknown, at: number, truth: PortalSnapshot): void {
    if (method === 'profile') this.profile = { at, admin: (result as { ADMIN: boolean }).ADMIN };
    const owner = /^crm\.(deal|company)\.contact\.items\.get$/.exec(method)?.[1];
    if (owner !== undefined) {
      const ids = (result as { CONTACT_ID: number }[]).map(({ CONTACT_ID }) => CONTACT_ID);
      this.links.set(`${owner === 'deal' ? deal : company}:${params.get('id')}`, { at, ids });
    }
    if (method !== 'crm.item.list') return;
    const type = Number(params.get('entityTypeId'));
    const { items = [] } = result as { items?: Record<string, unknown>[] };
    this.#learnClients(type, params, at, truth);
    this.#learnGone(type, params, at, items);
    for (const row of items) {
      const key = `${type}:${Number(row['id'])}`;
      if (type === deal && typeof row['stageId'] === 'string') {
        const moved = row['movedTime'];
        const movedTime = typeof moved === 'string' ? Date.parse(moved) : this.deals.get(key)?.movedTime;
        this.deals.set(key, { at, stageId: row['stageId'], ...(movedTime !== undefined && { movedTime }) });
      }
      if (holdField in row) this.ticks.set(key, { at, ticked: !unticked.includes(row[holdField]) });
    }
  }

  /** A question of the guards; what is read for snapshots does not ask what stages mean. */
  #learnClients(type: number, params: URLSearchParams, at: number, truth: PortalSnapshot): void {
    const asksMeaning = [...params.keys()].some((name) => name.startsWith('filter[@stageSemanticId]'));
    if (type !== deal || !asksMeaning) return;
    for (const [name, value] of params) {
      const of = name.startsWith('filter[@contactIds]')
        ? contact
        : name.startsWith('filter[@companyId]')
          ? company
          : undefined;
      if (of === undefined) continue;
      this.clients.set(`${of}:${value}`, { at, deals: clientsOf(truth, of, Number(value)) });
    }
  }

  /** A record that was asked for and is not there is neither lost nor ticked. */
  #learnGone(type: number, params: URLSearchParams, at: number, items: readonly Record<string, unknown>[]): void {
    const there = new Set(items.map((row) => String(row['id'])));
    for (const [name, id] of params) {
      if (!name.startsWith('filter[@id]') || there.has(id)) continue;
      this.deals.delete(`${type}:${id}`);
      if ([...params.values()].includes(holdField)) this.ticks.set(`${type}:${id}`, { at, ticked: false });
    }
  }
}
