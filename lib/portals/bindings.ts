import * as z from 'zod';
import type { Log } from '../aws/telemetry.ts';
import { Bitrix24Error, PortalError } from '../bitrix24/failures.ts';
import type { PortalSession } from './session.ts';

/** The events about records that a portal is asked to send: those that can tell of a lost deal. */
export const recordEvents = ['ONCRMDEALUPDATE', 'ONCRMDEALADD', 'ONCRMDEALMOVETOCATEGORY'] as const;
/** What becomes of the app. They go to /bitrix24/install, because one of them may bring tokens. */
const appEvents = ['ONAPPUPDATE', 'ONAPPUNINSTALL', 'ONAPPPAYMENT'] as const;

const bindingSchema = z.object({ event: z.string(), handler: z.string().optional() });

/**
 * Binds what is not bound yet: to bind the same handler twice is an error. An update or a new installation of the app
 * drops all bindings.
 *
 * @param eventsUrl where events about records go, `https://…/bitrix24/events`
 */
export async function bindEvents(
  session: PortalSession,
  eventsUrl: string,
  { log, memberId }: { log: Log; memberId: string },
): Promise<void> {
  const { result } = await session.call('event.get', {}, { write: false });
  const bound = z.array(bindingSchema).catch([]).parse(result);
  const bind = async (event: string, handler: string): Promise<void> => {
    const there = bound.some((row) => row.event.toUpperCase() === event && row.handler === handler);
    if (there) return;
    try {
      await session.call('event.bind', { event, handler }, { write: false });
    } catch (error) {
      // What a portal says when the same handler is bound already, by a try whose answer was lost.
      if (!(error instanceof PortalError && error.error.toUpperCase() === 'ERROR_CORE')) throw error;
    }
  };
  for (const event of recordEvents) await bind(event, eventsUrl);
  const installUrl = new URL('install', eventsUrl).href;
  for (const event of appEvents) {
    try {
      await bind(event, installUrl);
    } catch (error) {
      // Not every kind of app may listen to each of them, and without them the work goes on.
      if (!(error instanceof Bitrix24Error)) throw error;
      log.warn('event not bound', { memberId, event, reason: error.message });
    }
  }
}
