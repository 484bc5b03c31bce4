import type { SeededRandom } from '../random.ts';
import type { App, Grant, PortalState } from '../state.ts';

export const ACCESS_SECONDS = 3600;
const REFRESH_MS = 180 * 24 * 3600 * 1000;
/** How long a dead access token is still known, and so called expired instead of unknown. */
const MEMORY_MS = 24 * 3600 * 1000;

export interface TokenSettings {
  readonly now: () => number;
  readonly random: SeededRandom;
  /** See PortalOptions.rotation and PortalOptions.remembersTokens. */
  readonly strict: boolean;
  readonly remembersTokens: boolean;
}

export type RefreshOutcome = { readonly grant: Grant } | { readonly refused: 'invalid_grant' };

/** Access tokens (1 h) and refresh tokens (180 days), and what becomes of them. */
export class TokenStore {
  readonly #state: PortalState;
  readonly #settings: TokenSettings;
  readonly #byAccess = new Map<string, Grant>();
  readonly #byRefresh = new Map<string, Grant>();
  #issued = 0;

  constructor(state: PortalState, settings: TokenSettings) {
    this.#state = state;
    this.#settings = settings;
    for (const grant of state.grants) this.#index(grant);
  }

  /** A pair of an app for a user; a token for an event comes without a refresh token. */
  issue(app: App, userId: number, event?: { readonly rounds: number }): Grant {
    this.#prune();
    const now = this.#settings.now();
    const { random } = this.#settings;
    const grant: Grant = {
      accessToken: random.hex(70),
      accessUntil: now + ACCESS_SECONDS * 1000,
      accessRevoked: false,
      seen: false,
      refreshUntil: now + REFRESH_MS,
      refreshRevoked: false,
      clientId: app.clientId,
      userId,
      scope: app.scope,
      ...(event ? { eventRounds: event.rounds } : { refreshToken: random.hex(70) }),
    };
    this.#state.grants.push(grant);
    this.#index(grant);
    return grant;
  }

  /** What a portal makes of an access token: `expired` covers revoked ones, `unknown` ones it never issued. */
  check(accessToken: string): Grant | 'expired' | 'unknown' {
    const grant = this.#byAccess.get(accessToken);
    if (!grant) return 'unknown';
    const remembered = this.#settings.remembersTokens && grant.seen;
    if (this.#settings.now() >= grant.accessUntil || (grant.accessRevoked && !remembered)) return 'expired';
    grant.seen = true;
    return grant;
  }

  refresh(app: App, refreshToken: string): RefreshOutcome {
    const grant = this.#byRefresh.get(refreshToken);
    if (
      !grant ||
      grant.clientId !== app.clientId ||
      grant.refreshRevoked ||
      this.#settings.now() >= grant.refreshUntil
    ) {
      return { refused: 'invalid_grant' };
    }
    if (this.#settings.strict) {
      grant.refreshRevoked = true;
      grant.accessRevoked = true;
    }
    return { grant: this.issue(app, grant.userId) };
  }

  /** Every access token is past its hour; refresh tokens live on. */
  expireAccess(): void {
    for (const grant of this.#state.grants) grant.accessUntil = Math.min(grant.accessUntil, this.#settings.now());
  }

  /** Nothing of the app is accepted any more. */
  revoke(clientId: string): void {
    for (const grant of this.#state.grants) {
      if (grant.clientId !== clientId) continue;
      grant.accessRevoked = true;
      grant.refreshRevoked = true;
    }
  }

  #index(grant: Grant): void {
    this.#byAccess.set(grant.accessToken, grant);
    if (grant.refreshToken !== undefined) this.#byRefresh.set(grant.refreshToken, grant);
  }

  /** Event tokens come in thousands: the dead ones are dropped now and then. */
  #prune(): void {
    this.#issued += 1;
    if (this.#issued % 1000 !== 0) return;
    const now = this.#settings.now();
    this.#state.grants = this.#state.grants.filter((grant) => {
      const refreshable = grant.refreshToken !== undefined && !grant.refreshRevoked && now < grant.refreshUntil;
      if (refreshable || now < grant.accessUntil + MEMORY_MS) return true;
      this.#byAccess.delete(grant.accessToken);
      if (grant.refreshToken !== undefined) this.#byRefresh.delete(grant.refreshToken);
      return false;
    });
  }
}
