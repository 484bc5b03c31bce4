import * as z from 'zod';
import type { Log } from '../aws/telemetry.ts';
import { PortalError } from '../bitrix24/failures.ts';
import type { RecordType } from '../rules/schema.ts';
import type { PortalSession } from './session.ts';

/** Of a rule, as much as says which events it needs. */
export interface RuleScope {
  readonly enabled: boolean;
  readonly when: { readonly type: RecordType };
}

const dealEvents = ['ONCRMDEALUPDATE', 'ONCRMDEALADD', 'ONCRMDEALMOVETOCATEGORY'] as const;
const leadEvents = ['ONCRMLEADUPDATE', 'ONCRMLEADADD'] as const;
/** Of every smart process: bound beside them, those of a single one (…_177) would come twice. */
const itemEvents = ['ONCRMDYNAMICITEMUPDATE', 'ONCRMDYNAMICITEMADD'] as const;
/** What becomes of the app. They go to /bitrix24/install, because one of them may bring tokens. */
const appEvents = ['ONAPPUPDATE', 'ONAPPUNINSTALL', 'ONAPPPAYMENT'] as const;

/** The events about records that can tell of a loss among records of these types. */
export function eventsFor(types: Iterable<RecordType>): string[] {
  const events = new Set<string>();
  for (const type of types) {
    for (const event of type === 'deal' ? dealEvents : type === 'lead' ? leadEvents : itemEvents) events.add(event);
  }
  return [...events];
}

/** The events that rules need; those that are switched off need none. */
export function eventsOfRules(rules: readonly RuleScope[]): string[] {
  return eventsFor(rules.filter(({ enabled }) => enabled).map(({ when }) => when.type));
}

/** A row of `event.get`. One that is bound offline has no handler. */
export const bindingSchema = z.object({ event: z.string().transform(upper), handler: z.string().catch('') });
export type Binding = z.infer<typeof bindingSchema>;

const eventsPath = '/bitrix24/events';
const installPath = '/bitrix24/install';

/** Whether a handler is a tidy24's, be it at another address. Of the app's other handlers nothing is known here. */
export function isTidy24(handler: string): boolean {
  const path = URL.parse(handler)?.pathname ?? '';
  return path.endsWith(eventsPath) || path.endsWith(installPath);
}

export interface WantedBindings {
  /** Where events about records go, `https://…/bitrix24/events`. */
  readonly eventsUrl: string;
  /** The events about records that are wanted there: eventsOfRules. */
  readonly events: readonly string[];
}

/**
 * Makes the portal send what is wanted and nothing else: binds what is not bound yet (to bind the same handler twice is
 * an error), and then unbinds what is ours and no longer of use, events that no rule needs and another address. An
 * update or a new installation of the app drops all bindings.
 *
 * @returns the wanted events that the portal does not let us bind
 */
export async function bindEvents(
  session: PortalSession,
  { eventsUrl, events }: WantedBindings,
  { log, memberId }: { log: Log; memberId: string },
): Promise<string[]> {
  const { result } = await session.call('event.get', {}, { write: false });
  const bound = z.array(bindingSchema).catch([]).parse(result);
  const installUrl = new URL('install', eventsUrl).href;
  const wanted: Binding[] = [
    ...events.map((event) => ({ event, handler: eventsUrl })),
    ...appEvents.map((event) => ({ event, handler: installUrl })),
  ];

  const missing: string[] = [];
  for (const binding of wanted.filter((one) => !bound.some((row) => isSame(row, one)))) {
    if (!(await bind(session, binding, { log, memberId }))) missing.push(binding.event);
  }
  const stale = bound.filter((row) => isTidy24(row.handler) && !wanted.some((one) => isSame(row, one)));
  for (const { event, handler } of unique(stale)) {
    await session.call('event.unbind', { event, handler }, { write: false });
    log.info('event unbound', { memberId, event });
  }
  // Without the events about itself the app works on: the daily check sees what they would have told.
  return missing.filter((event) => events.includes(event));
}

/**
 * Unbinds everything that is ours, at whatever address: nobody is to be told of anything any more.
 *
 * @returns how many bindings that were
 */
export async function unbindAll(session: PortalSession): Promise<number> {
  const { result } = await session.call('event.get', {}, { write: false });
  const ours = unique(
    z
      .array(bindingSchema)
      .catch([])
      .parse(result)
      .filter(({ handler }) => isTidy24(handler)),
  );
  for (const { event, handler } of ours) await session.call('event.unbind', { event, handler }, { write: false });
  return ours.length;
}

/** False when the portal does not know the event, or does not let this app listen to it. */
async function bind(
  session: PortalSession,
  { event, handler }: Binding,
  { log, memberId }: { log: Log; memberId: string },
): Promise<boolean> {
  try {
    await session.call('event.bind', { event, handler }, { write: false });
    return true;
  } catch (error) {
    if (!(error instanceof PortalError)) throw error;
    // What a portal says when the same handler is bound already, by a try whose answer was lost.
    if (error.error.toUpperCase() === 'ERROR_CORE') return true;
    // Not every kind of app may listen to each event about itself.
    const isFailure = error.row.reaction === 'retry-later' && error.row.name !== 'unknown';
    const isRefused = appEvents.some((one) => one === event) && !isFailure;
    if (!isRefused && error.error.toUpperCase() !== 'ERROR_EVENT_NOT_FOUND') throw error;
    log.warn('event not bound', { memberId, event, reason: error.message });
    return false;
  }
}

function isSame(a: Binding, b: Binding): boolean {
  return a.event === b.event && a.handler === b.handler;
}

/** The same handler may be bound for several users; to unbind it is one call. */
function unique(bindings: readonly Binding[]): Binding[] {
  return bindings.filter((one, index) => bindings.findIndex((other) => isSame(one, other)) === index);
}

function upper(text: string): string {
  return text.toUpperCase();
}
