import * as z from 'zod';
import { profileSchema } from '../bitrix24/answers.ts';
import { Bitrix24Error } from '../bitrix24/failures.ts';
import { day, minute, second } from '../bitrix24/reactions.ts';
import { TooLateToStart } from '../bitrix24/rest-client.ts';
import { bindEvents, eventsOfRules } from '../portals/bindings.ts';
import { keepAlive } from '../portals/keep-alive.ts';
import { isLookedAtAgain, paymentRequired } from '../portals/pause-codes.ts';
import type { Health, Portal } from '../portals/portal.ts';
import { rulesInForce } from '../portals/rebind.ts';
import { CredentialsRevoked } from '../portals/refresh.ts';
import { PortalSession, type SessionOptions } from '../portals/session.ts';
import { UnreadableRow } from '../portals/unreadable-row.ts';
import { PortalBusy, PortalStopped } from '../portals/waiting.ts';
import { pausedMs } from './schedule.ts';
import type { TaskStore } from './store.ts';

export interface CheckAppOptions extends SessionOptions {
  readonly tasks: TaskStore;
  /** Where Bitrix24 reaches tidy24. */
  readonly publicUrl: string;
}

/** How often a portal that is well is looked at, in ms. */
export const checkEveryMs = day;
/** When a portal that gave no usable answer is asked again. */
const againMs = 10 * minute;

/** Booleans come as `true` or as Y, depending on the field. */
const flag = z.union([z.boolean(), z.string().transform((text) => /^(y|true|1)$/i.test(text))]);
const appInfoSchema = z.object({ INSTALLED: flag.optional(), PAYMENT_EXPIRED: flag.optional() });

/**
 * The daily look at a portal. Asks it how the app stands there, because what an event says of it may be anybody's word:
 * pauses a portal whose app is not paid, and ends that pause when it is paid again; binds the events that the rules
 * need; sees whether we still act for an administrator. Of a portal by webhooks only the last can be asked. What is
 * found stands in the portal's row (`health`).
 *
 * @param deadline ms since the epoch
 * @returns when to look again (ms since the epoch), or undefined for a portal that is not active
 */
export async function checkApp(
  options: CheckAppOptions,
  memberId: string,
  deadline: number,
): Promise<number | undefined> {
  const { portals, clock, log } = options;
  const portal = await portals.get(memberId);
  if (portal?.state !== 'active') return undefined;
  try {
    if (portal.pause && isLookedAtAgain(portal.pause)) {
      // A portal that was gone may be there again: the daily look finds it, and what is wrong still pauses it again.
      await new PortalSession(options, portal, deadline).call('profile', {}, { write: false });
      if (await portals.resume(memberId, portal.pause.code)) await options.tasks.hastenPortal(memberId);
      log.info('portal resumed: it answers again', { memberId });
      return clock() + checkEveryMs;
    }
    if (portal.pause && portal.pause.code !== paymentRequired) {
      // Nobody works for it, so nobody else uses its refresh token. Resuming it makes the chore due at once.
      await keepAlive(options, portal, deadline);
      return clock() + pausedMs;
    }
    await look(options, portal, deadline);
    return clock() + checkEveryMs;
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown';
    if (error instanceof PortalStopped) return clock() + checkEveryMs; // That was the answer; the portal is paused.
    log.warn('portal not checked', { memberId, reason });
    if (error instanceof PortalBusy) return Math.max(error.until, clock() + second);
    if (error instanceof TooLateToStart) return clock() + second;
    if (error instanceof CredentialsRevoked) return clock() + checkEveryMs;
    if (error instanceof Bitrix24Error || error instanceof z.ZodError || error instanceof UnreadableRow) {
      return clock() + againMs;
    }
    throw error;
  }
}

async function look(options: CheckAppOptions, portal: Portal, deadline: number): Promise<void> {
  const { portals, clock, log } = options;
  const { memberId } = portal;
  const session = new PortalSession(options, portal, deadline);
  const ofApp = portal.connection === 'oauth' ? await lookAtApp(options, portal, session) : {};
  const { result } = await session.call('profile', {}, { write: false });
  const administrator = profileSchema.parse(result).ADMIN;
  const health: Health = { checkedAt: clock(), administrator, missingEvents: [], ...ofApp };
  await portals.change(memberId, { health });
  if (administrator) return;
  log.warn('the user of the credentials is no administrator', { memberId, mode: portal.mode });
  if (portal.mode === 'enforce') throw await session.stopForWantOfRights();
}

async function lookAtApp(
  options: CheckAppOptions,
  portal: Portal,
  session: PortalSession,
): Promise<Pick<Health, 'installed' | 'missingEvents'>> {
  const { portals, log } = options;
  const { memberId } = portal;
  const info = appInfoSchema.parse((await session.call('app.info', {}, { write: false })).result);
  if (info.INSTALLED === false) {
    log.error('the installation of the app is not finished: none of its events arrives', { memberId });
  }
  if (info.PAYMENT_EXPIRED === true) {
    throw await session.stop(paymentRequired, 'The paid or trial period of the app is over. Renew it on the portal.');
  }
  await endPause(options, portal);
  const eventsUrl = new URL('/bitrix24/events', options.publicUrl).href;
  const events = eventsOfRules(await rulesInForce(portals, portal));
  const missingEvents = await bindEvents(session, { eventsUrl, events }, { log, memberId });
  if (portal.eventsUrl !== eventsUrl) await portals.change(memberId, { eventsUrl });
  return { installed: info.INSTALLED, missingEvents };
}

async function endPause({ portals, tasks, log }: CheckAppOptions, { memberId, pause }: Portal): Promise<void> {
  if (pause?.code !== paymentRequired || !(await portals.resume(memberId, paymentRequired))) return;
  log.info('portal resumed: the app is paid', { memberId });
  await tasks.hastenPortal(memberId);
}
