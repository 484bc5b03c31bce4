import type { Queue } from '../aws/queue.ts';
import type { Count, Log } from '../aws/telemetry.ts';
import type { Clock } from '../bitrix24/clock.ts';
import { parseEvent } from '../bitrix24/events.ts';
import { type Form, type FormRequest, parseForm } from '../bitrix24/form.ts';
import { isFrame, parseFrame, type Query } from '../bitrix24/frame-install.ts';
import { type FramePage, framePage } from '../bitrix24/frame-page.ts';
import { InboundError } from '../bitrix24/inbound-errors.ts';
import { UnknownAuthorizationServer } from '../bitrix24/oauth.ts';
import { minute } from '../bitrix24/reactions.ts';
import type { CredentialStore } from '../portals/credentials.ts';
import { type Arrival, bringsNothingNew, installationOf } from '../portals/installations.ts';
import type { PortalStore } from '../portals/store.ts';
import type { Reply } from './accept-event.ts';
import { acceptLifecycle, type LifecycleEvent } from './accept-lifecycle.ts';
import type { PortalMessage } from './messages.ts';
import type { TaskStore } from './store.ts';

export interface InstallOptions {
  readonly portals: Pick<PortalStore, 'get'>;
  readonly credentials: CredentialStore;
  readonly tasks: TaskStore;
  readonly reconcile: Queue;
  readonly publicUrl: string;
  readonly allowLoopback: boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly count: Count;
}

/** A page is for the person in front of a frame; everything else is answered in plain text. */
export type InstallReply = Reply & { readonly page?: FramePage };

/**
 * Takes an installation in: ONAPPINSTALL, or the POST that opens an app with an interface. Bitrix24 tells once, before
 * the administrator has even seen the app's client id, so it is stored first, whoever sent it, and trusted only when a
 * refresh has proved it.
 */
export async function acceptInstallation(
  options: InstallOptions,
  request: FormRequest,
  query: Query = {},
): Promise<InstallReply> {
  const { log } = options;
  try {
    const form = parseForm(request);
    if (isFrame(form)) return await openFrame(options, form, query);
    const event = parseEvent(form);
    if (event.type === 'lifecycle') return await keepLifecycle(options, event);
    if (event.type !== 'install') {
      const text = 'This address takes what becomes of the app; events about records belong to /bitrix24/events.';
      return { status: 400, text };
    }
    await keepInstallation(options, event);
    return { status: 200, text: 'kept' };
  } catch (error) {
    if (error instanceof InboundError) return { status: error.status, text: error.message };
    if (error instanceof UnknownAuthorizationServer) return { status: 400, text: error.message };
    log.error('installation not stored', { reason: error instanceof Error ? error.message : 'unknown' });
    return { status: 503, text: 'The installation could not be stored.' };
  }
}

/** An app with an interface: its first opening is its installation, and every other one changes nothing. */
async function openFrame(options: InstallOptions, form: Form, query: Query): Promise<InstallReply> {
  const { portals, credentials, clock } = options;
  const event = parseFrame(form, query);
  const { memberId, domain, clientEndpoint } = event;
  const portal = await portals.get(memberId);
  const known = bringsNothingNew(event, portal, await credentials.pending(memberId), clock());
  if (!known) await keepInstallation(options, event);
  return { status: 200, text: 'opened', page: framePage(domain, clientEndpoint) };
}

/**
 * An update may bring a new application token, and tokens to prove it by: then it is an installation like any other. One
 * that brings nothing new says only that the app's bindings are gone.
 */
async function keepLifecycle(options: InstallOptions, event: LifecycleEvent): Promise<Reply> {
  const { portals, tasks, credentials, clock, log } = options;
  const { memberId, applicationToken, renewal } = event;
  if (renewal && applicationToken !== undefined) {
    const arrival = { memberId, domain: event.domain, applicationToken, ...renewal };
    const pending = await credentials.pending(memberId);
    if (!bringsNothingNew(arrival, await portals.get(memberId), pending, clock())) {
      await keepInstallation(options, arrival);
      return { status: 200, text: 'kept' };
    }
  }
  const verdict = await acceptLifecycle({ ...options, appChores: tasks.appChores }, event);
  if (verdict === 'unknown-sender') {
    log.warn('event dropped', { code: 'UNKNOWN_SENDER', memberId, event: event.event });
    return { status: 200, text: 'not for us' };
  }
  return { status: 200, text: verdict === 'kept' ? 'kept' : 'not needed' };
}

/** The chore is written first: an installation without one would be looked at by nobody, a chore too many ends itself. */
async function keepInstallation(options: InstallOptions, event: Arrival & { memberId: string }): Promise<void> {
  const { credentials, tasks, reconcile, clock, log } = options;
  const { memberId, domain } = event;
  const installation = installationOf(event, { ...options, now: clock() });
  await tasks.wantChore(memberId, 'prove', clock() + minute);
  await credentials.addInstallation(memberId, installation);
  // At once, and by the clock if this message is lost.
  const body: PortalMessage = { v: 1, memberId, chore: 'prove' };
  await reconcile.sendAll([{ body, group: memberId }]);
  log.info('installation kept', { memberId, domain });
}
