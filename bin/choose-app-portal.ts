import { CommandError } from './command-error.ts';
import type { Deployment } from './deployment.ts';
import { findPortal } from './find-portal.ts';
import { type PendingInstallation, pendingInstallations } from './pending-installations.ts';
import { commandLine } from './place.ts';

/** Whose app's id and secret are given, and whether an installation waits; `undecided`: it has to be said which of these. */
export type Choice =
  | { readonly memberId: string; readonly domain: string; readonly waits: boolean }
  | { readonly undecided: readonly PendingInstallation[] };

/**
 * The portal that an app was installed on, by its member id or domain; without one, the only one that waits.
 *
 * @throws CommandError when no app was installed there
 */
export async function chooseAppPortal(deployment: Deployment, id: string | undefined): Promise<Choice> {
  const { credentials, credentialsTable, clock, place } = deployment;
  const pending = await pendingInstallations(credentialsTable, clock());
  const waiting = id === undefined ? pending : pending.filter((one) => one.memberId === id || one.domain === id);
  const [only] = waiting;
  if (waiting.length > 1) return { undecided: waiting };
  if (only) return { ...only, waits: true };
  if (id === undefined) {
    throw new CommandError(
      "No installation waits for its app. Install the local app on the portal, with tidy24's address /bitrix24/install " +
        'as its installation path, and run this command again.',
    );
  }

  const held = await credentials.get(id);
  if (held?.kind === 'oauth') return { memberId: id, domain: new URL(held.clientEndpoint).host, waits: false };
  const portal = await findPortal(deployment, id);
  if (portal.connection === 'oauth') return { memberId: portal.memberId, domain: portal.domain, waits: false };
  throw new CommandError(
    `${portal.domain} is connected by webhooks, which need no app. See: ${commandLine(place, 'portals connect')}`,
  );
}
