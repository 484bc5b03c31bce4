import type { Queue } from '../aws/queue.ts';
import type { Log } from '../aws/telemetry.ts';
import type { Clock } from '../bitrix24/clock.ts';
import { parseEvent } from '../bitrix24/events.ts';
import { type FormRequest, parseForm } from '../bitrix24/form.ts';
import { InboundError } from '../bitrix24/inbound-errors.ts';
import { minute } from '../bitrix24/reactions.ts';
import { UnknownAuthorizationServer } from '../bitrix24/oauth.ts';
import type { CredentialStore } from '../portals/credentials.ts';
import { installationOf } from '../portals/installations.ts';
import type { Reply } from './accept-event.ts';
import type { PortalMessage } from './messages.ts';
import type { TaskStore } from './store.ts';

export interface InstallOptions {
  readonly credentials: CredentialStore;
  readonly tasks: TaskStore;
  readonly reconcile: Queue;
  readonly publicUrl: string;
  readonly allowLoopback: boolean;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Takes an ONAPPINSTALL in. Bitrix24 calls once, before the administrator has even seen the app's client id, so it is
 * stored first, whoever sent it, and trusted only when a refresh has proved it.
 */
export async function acceptInstallation(options: InstallOptions, request: FormRequest): Promise<Reply> {
  const { credentials, tasks, reconcile, clock, log } = options;
  try {
    const event = parseEvent(parseForm(request));
    if (event.type !== 'install') {
      return { status: 400, text: 'This address takes ONAPPINSTALL only; events belong to /bitrix24/events.' };
    }
    const { memberId } = event;
    await credentials.addInstallation(memberId, installationOf(event, { ...options, now: clock() }));
    await tasks.wantChore(memberId, 'prove', clock() + minute);
    // At once, and by the clock if this message is lost.
    const body: PortalMessage = { v: 1, memberId, chore: 'prove' };
    await reconcile.sendAll([{ body, group: memberId }]);
    log.info('installation kept', { memberId, domain: event.domain });
    return { status: 200, text: 'kept' };
  } catch (error) {
    if (error instanceof InboundError) return { status: error.status, text: error.message };
    if (error instanceof UnknownAuthorizationServer) return { status: 400, text: error.message };
    log.error('installation not stored', { reason: error instanceof Error ? error.message : 'unknown' });
    return { status: 503, text: 'The installation could not be stored.' };
  }
}
