import type { Clock } from '../../bitrix24/clock.ts';
import { EntityType } from '../../bitrix24/entity-types.ts';
import type { Portal } from '../../portals/portal.ts';
import type { PortalSession } from '../../portals/session.ts';
import type { PortalStore } from '../../portals/store.ts';
import { isGuarded } from '../../rules/deletion-order.ts';
import { deletionKey, isLinks } from '../deletion.ts';
import type { Run } from '../run.ts';
import type { Targets } from '../targets.ts';
import type { Deletion, RecordKey } from '../task.ts';
import type { Aim } from './aims.ts';
import type { Ask } from './asks.ts';
import { type Guarded, guardOf, nameOf } from './guard-of.ts';
import { heldBy, unknownHold } from './held-by.ts';
import { heldClients, type HeldClients } from './held-clients.ts';
import { keyOf } from './holders.ts';
import { itemTypes } from './item-types.ts';
import { readProtectedFields } from './protected-fields.ts';
import { readFindings, type Subject } from './read-findings.ts';

/** What of a Run it needs. */
export interface SparingRun extends Pick<Run, 'protect'> {
  readonly options: { readonly clock: Clock; readonly portals: Pick<PortalStore, 'holds'> };
  readonly portal: Pick<Portal, 'memberId'>;
  readonly session: Pick<PortalSession, 'batch'>;
}

/** Why something stays. */
export interface Kept {
  readonly result: 'guarded' | 'held';
  readonly why: string;
}

export interface Sparing {
  /** What holds the lost record, so that the task is not to touch anything. */
  readonly lost?: string;
  /** The stage that guards have seen the lost record in, if they have. */
  readonly lostStage?: string | undefined;
  /** By `deletionKey`. */
  readonly kept: ReadonlyMap<string, Kept>;
  /** What could not be read this time, so that nothing may be deleted. */
  readonly unknown?: string;
}

/** What kept it, in a word: `held`, or the guard's name. */
export function keeperOf({ result, why }: Kept): string {
  return result === 'held' ? 'held' : why.slice(0, why.indexOf(':'));
}

/** Contacts of one company or deal that are looked at one by one; with more, their links are left alone. */
const mostLinks = 2_500;

/**
 * What of these may not be touched after all: because of holds, of what the rules file protects, of the rules' guards.
 *
 * @returns by the task's id
 * @throws PortalBusy when a limit was met, and what a PortalSession throws
 */
export async function readSparing(run: SparingRun, aims: readonly Aim[]): Promise<ReadonlyMap<string, Sparing>> {
  const { options, portal, session, protect } = run;
  const linked = aims.flatMap(({ open, targets }) =>
    open.flatMap((deletion) => {
      const contacts = contactsOf(deletion, targets);
      return contacts.length > mostLinks ? [] : contacts;
    }),
  );
  const lost = aims.map(({ task }) => task.record);
  const aimed = aims.flatMap(({ open }) => open);
  const held = await options.portals.holds.among(portal.memberId, [...lost, ...aimed, ...linked]);

  const fields = readProtectedFields(protect, [...lost, ...linked], lost);
  const guardsSome = aims.some(({ open }) => open.some(({ what }) => isGuarded(what)));
  // Stryker disable next-line ArrayDeclaration: where nothing has guards, nobody asks who names it
  const holds = guardsSome ? await options.portals.holds.list(portal.memberId) : [];
  const clients = heldClients(holds, protect, options.clock());
  const { guardedBy, lostStages } = await guardAll(run, aims, () => [...fields.take(), ...clients.take()]);
  await fields.ask({ session, clock: options.clock });

  return new Map(
    aims.map((aim) => {
      const why = (record: RecordKey, own?: Readonly<Record<string, unknown>>) =>
        heldBy(record, own ?? fields.of(record), protect, held);
      const { taskId } = aim.task;
      const guarded = (deletion: Deletion) => guardedBy.get(taskId)?.get(deletionKey(deletion));
      const sparing = sparingOf(aim, why, clients, guarded);
      return [taskId, { ...sparing, lostStage: lostStages.get(taskId) }];
    }),
  );
}

const unreadClients = 'guard-unreadable: the portal does not say whom a record on hold names (tidy24 hold list)';

type Holds = (record: RecordKey, own?: Readonly<Record<string, unknown>>) => string | undefined;

function sparingOf(
  aim: Aim,
  heldWhy: Holds,
  clients: HeldClients,
  guarded: (deletion: Deletion) => Guarded | undefined,
): Sparing {
  const { task, open, targets } = aim;
  const kept = new Map<string, Kept>();
  const lost = heldWhy(task.record);
  const unknown = (what: RecordKey) => ({ kept, unknown: `Whether ${nameOf(what)} is protected cannot be read` });
  if (lost === unknownHold) return unknown(task.record);
  if (lost !== undefined) return { kept, lost: `${nameOf(task.record)}: ${lost}` };

  for (const deletion of open) {
    const isLost = keyOf(deletion) === keyOf(task.record);
    const own = isLost ? undefined : heldWhy(deletion, fieldsOf(deletion, targets));
    if (own === unknownHold) return unknown(deletion);
    if (own !== undefined) kept.set(deletionKey(deletion), { result: 'held', why: own });
    const contacts = contactsOf(deletion, targets);
    if (contacts.length > mostLinks) {
      kept.set(deletionKey(deletion), { result: 'guarded', why: 'guard-unreadable: too many contacts are linked' });
      continue;
    }
    for (const contact of contacts) {
      const why = heldWhy(contact);
      // One that is linked and is not there any more holds nothing.
      if (why === unknownHold) return unknown(contact);
      if (why !== undefined) kept.set(deletionKey(deletion), { result: 'held', why: `${nameOf(contact)}: ${why}` });
    }
    if (!isGuarded(deletion.what) || kept.has(deletionKey(deletion))) continue;
    const guard = guarded(deletion);
    if (guard?.passing) return { kept, unknown: `${nameOf(deletion)}: guard ${guard.text}` };
    if (guard) kept.set(deletionKey(deletion), { result: 'guarded', why: `${guard.guard}: ${guard.text}` });
    const client = guard ? undefined : clients.of(deletion);
    if (client === undefined) continue;
    if ('why' in client) kept.set(deletionKey(deletion), { result: 'held', why: client.why });
    else if (client.unread === 'now') return { kept, unknown: `Who on hold names ${nameOf(deletion)} cannot be read` };
    else kept.set(deletionKey(deletion), { result: 'guarded', why: unreadClients });
  }
  keepParent(aim, kept);
  return { kept };
}

/** An item that stays keeps its parent: it would lose what it belongs to. */
function keepParent({ task, open }: Aim, kept: Map<string, Kept>): void {
  // Stryker disable next-line ArrayDeclaration: what is no deletion is no item
  const noted = task.deletions ?? [];
  const items = [...noted, ...open].filter(({ what }) => what === 'items');
  const held = items.find((item) => item.outcome?.result === 'held' || kept.has(deletionKey(item)));
  const itself = open.find((deletion) => !isLinks(deletion) && keyOf(deletion) === keyOf(task.record));
  if (held && itself) kept.set(deletionKey(itself), { result: 'held', why: `its ${nameOf(held)} has a hold` });
}

/**
 * What guards say of each deletion that they look at, by task and `deletionKey`. And the stages that lost records were
 * seen in, by task.
 */
async function guardAll(
  { options, portal, session, protect }: SparingRun,
  aims: readonly Aim[],
  also: () => readonly Ask[],
): Promise<{
  guardedBy: ReadonlyMap<string, ReadonlyMap<string, Guarded | undefined>>;
  lostStages: ReadonlyMap<string, string>;
}> {
  const subjects = aims.flatMap((aim) => {
    const guarded = aim.open.filter(({ what }) => isGuarded(what));
    return guarded.flatMap((deletion) => {
      const fields = fieldsOf(deletion, aim.targets);
      return fields === undefined ? [] : [{ aim, deletion, subject: subjectOf(aim, deletion, fields) }];
    });
  });
  const lostStages = new Map<string, string>();
  const { clock, portals } = options;
  const { memberId } = portal;
  const needsTypes = subjects.some(({ aim }) => aim.rule.guards['open-items']);
  // Stryker disable next-line ArrayDeclaration: where nobody needs them, nobody looks at them
  const types = needsTypes ? await itemTypes({ options, session, memberId }) : [];

  const found = new Map<string, Map<string, Guarded | undefined>>();
  for (const some of Map.groupBy(subjects, ({ aim }) => JSON.stringify(aim.rule.guards)).values()) {
    // Stryker disable next-line OptionalChaining: a group has its first
    const guards = some[0]?.aim.rule.guards;
    // Stryker disable next-line ConditionalExpression: a group has its first
    if (guards === undefined) continue;
    const heldAmong = (records: readonly RecordKey[]) => portals.holds.among(memberId, records);
    const asked = { session, clock, guards, types, protect, heldAmong, also: also() };
    const findings = await readFindings(
      asked,
      some.map(({ subject }) => subject),
    );
    for (const { aim, deletion, subject } of some) {
      const finding = findings.get(subject);
      // Stryker disable next-line ConditionalExpression: of each there are findings
      if (finding === undefined) continue;
      if (finding.lostStage !== undefined) lostStages.set(aim.task.taskId, finding.lostStage);
      const ofTask = found.get(aim.task.taskId) ?? new Map<string, Guarded | undefined>();
      found.set(aim.task.taskId, ofTask.set(deletionKey(deletion), guardOf(finding, guards, clock())));
    }
  }
  return { guardedBy: found, lostStages };
}

function subjectOf({ task, rule, open }: Aim, { entityTypeId, id }: Deletion, fields: Subject['fields']): Subject {
  const types = rule.delete.flatMap((entry) => (entry.what === 'items' ? [entry.type] : []));
  const listed = types.filter((type) => task.items?.[type]?.complete === true);
  // Stryker disable next-line ArrayDeclaration: what is no deletion is no item
  const noted = task.deletions ?? [];
  const items = [...noted, ...open].map((item) => [keyOf(item), item.outcome === undefined] as const);
  return {
    entityTypeId,
    id,
    fields,
    lost: task.record,
    itemTypes: new Set(types),
    listed: new Set(listed),
    items: new Map(items),
  };
}

/** The record that is deleted, or the company whose contacts are unlinked. */
function fieldsOf(deletion: Deletion, targets: Targets): Readonly<Record<string, unknown>> | undefined {
  // Stryker disable next-line StringLiteral: any method does that removes no links
  const target = targets.get(deletionKey({ ...deletion, method: 'crm.item.delete' }));
  return target?.kind === 'record' ? target.fields : undefined;
}

function contactsOf(deletion: Deletion, targets: Targets): RecordKey[] {
  const target = isLinks(deletion) ? targets.get(deletionKey(deletion)) : undefined;
  if (target?.kind !== 'links') return [];
  return target.links.map(({ CONTACT_ID }) => ({ entityTypeId: EntityType.contact, id: CONTACT_ID }));
}
