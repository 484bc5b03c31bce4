import type { Clock } from '../bitrix24/clock.ts';
import { PortalError } from '../bitrix24/failures.ts';
import { refusesClient } from '../bitrix24/oauth-errors.ts';
import { refreshTimeoutMs, type RefreshRequest, refreshTokens, type Tokens } from '../bitrix24/oauth.ts';
import type { App } from './credentials.ts';

/** Kept for storing the new pair, in ms. */
const storeMs = 10_000;

/** Gives an app, if there is one there. */
export type AppSource = () => Promise<App | undefined>;

/**
 * Exchanges a refresh token for a new pair, with the first app that the authorization server takes. A secret may have
 * been changed at one place and not at the other, and a client that is refused costs the refresh token nothing.
 *
 * @param apps in the order in which they are tried; one that cannot be read is left out
 * @param until ms since the epoch: after a refusal, no other app is tried whose answer might come too late to be stored
 * @returns the pair, and the app that has brought it
 * @throws as refreshTokens does; when no app is taken, for the first of them
 */
export async function exchangeToken(
  options: { readonly fetch: typeof globalThis.fetch; readonly clock: Clock },
  { tokenUrl, refreshToken }: Pick<RefreshRequest, 'tokenUrl' | 'refreshToken'>,
  { apps, until }: { readonly apps: readonly AppSource[]; readonly until: number },
): Promise<{ tokens: Tokens; app: App }> {
  const tried = new Set<string>();
  let refused: PortalError | undefined;
  for (const read of apps) {
    const app = await read().catch(() => undefined);
    const name = JSON.stringify([app?.clientId, app?.clientSecret]);
    if (!app || tried.has(name)) continue;
    if (refused && options.clock() + refreshTimeoutMs + storeMs > until) break;
    tried.add(name);
    try {
      return { tokens: await refreshTokens(options, { ...app, tokenUrl, refreshToken }), app };
    } catch (error) {
      if (!(error instanceof PortalError && refusesClient(error.row))) throw error;
      refused ??= error;
    }
  }
  throw refused ?? new Error("The app's client id and secret are not known");
}
