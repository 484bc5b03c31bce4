import * as z from 'zod';
import { Bitrix24Error } from '../bitrix24/failures.ts';
import { minute, second } from '../bitrix24/reactions.ts';
import { TooLateToStart } from '../bitrix24/rest-client.ts';
import { bindEvents, eventsOfRules } from '../portals/bindings.ts';
import { paymentRequired } from '../portals/pause-codes.ts';
import type { Portal } from '../portals/portal.ts';
import { rulesInForce } from '../portals/rebind.ts';
import { PortalSession, type SessionOptions } from '../portals/session.ts';
import { PortalBusy, PortalStopped } from '../portals/waiting.ts';
import type { TaskStore } from './store.ts';

export interface CheckAppOptions extends SessionOptions {
  readonly tasks: TaskStore;
  /** Where Bitrix24 reaches tidy24. */
  readonly publicUrl: string;
}

/** When a portal that is paused for another reason is looked at again. Resuming it makes the chore due at once. */
const pausedMs = 60 * minute;
/** When a portal that gave no usable answer is asked again. */
const againMs = 10 * minute;

/** Booleans come as `true` or as Y, depending on the field. */
const flag = z.union([z.boolean(), z.string().transform((text) => /^(y|true|1)$/i.test(text))]);
const appInfoSchema = z.object({ INSTALLED: flag.optional(), PAYMENT_EXPIRED: flag.optional() });

/**
 * Asks the portal itself how the app stands there, because what an event says of it may be anybody's word: pauses a
 * portal whose app is not paid, ends that pause when it is paid again, and binds the events that are not bound.
 *
 * @param deadline ms since the epoch
 * @returns when to ask again (ms since the epoch), or undefined when all is known
 */
export async function checkApp(
  options: CheckAppOptions,
  memberId: string,
  deadline: number,
): Promise<number | undefined> {
  const { portals, clock, log } = options;
  const portal = await portals.get(memberId);
  if (portal?.state !== 'active' || portal.connection !== 'oauth') return undefined;
  if (portal.pause && portal.pause.code !== paymentRequired) return clock() + pausedMs;
  try {
    const session = new PortalSession(options, portal, deadline);
    const { result } = await session.call('app.info', {}, { write: false });
    const info = appInfoSchema.parse(result);
    if (info.INSTALLED === false) log.warn('the installation of the app is not finished', { memberId });
    if (info.PAYMENT_EXPIRED === true) {
      await session.stop(paymentRequired, 'The paid or trial period of the app is over. Renew it on the portal.');
      return undefined;
    }
    await endPause(options, portal);
    const eventsUrl = new URL('/bitrix24/events', options.publicUrl).href;
    const events = eventsOfRules(await rulesInForce(portals, portal));
    await bindEvents(session, { eventsUrl, events }, { log, memberId });
    await portals.change(memberId, { eventsUrl });
    return undefined;
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown';
    if (error instanceof PortalStopped) return undefined; // That was the answer; the portal is paused.
    log.warn('app not checked', { memberId, reason });
    if (error instanceof PortalBusy) return Math.max(error.until, clock() + second);
    if (error instanceof TooLateToStart) return clock() + second;
    if (error instanceof Bitrix24Error || error instanceof z.ZodError) return clock() + againMs;
    throw error;
  }
}

async function endPause({ portals, tasks, log }: CheckAppOptions, { memberId, pause }: Portal): Promise<void> {
  if (pause?.code !== paymentRequired || !(await portals.resume(memberId, paymentRequired))) return;
  log.info('portal resumed: the app is paid', { memberId });
  await tasks.hastenPortal(memberId);
}
