import type { Clock, Random, Sleep } from '../bitrix24/clock.ts';
import { Bitrix24Error, OutcomeUnknown, PortalError } from '../bitrix24/failures.ts';
import type { Tokens } from '../bitrix24/oauth.ts';
import { type AddressRules, endpointAfter } from './addresses.ts';
import type { App, CredentialStore, OAuthCredentials } from './credentials.ts';
import { exchangeToken } from './exchange.ts';
import { paymentRequired } from './pause-codes.ts';
import { PortalBusy } from './waiting.ts';

/** Longer than the 30 s that the call may take, so that nobody else starts while we wait for its answer. */
const leaseMs = 90_000;
/** A refresh is started only with this much time left: its answer must be stored, whatever happens. */
const needsMs = 60_000;
/** Kept of the caller's time for what it must do when the new pair could not be stored. */
const marginMs = 2_000;
const pollMs = 200;
/** A refresh that has not succeeded for so long, in ms, is a person's business. */
const patienceMs = 24 * 3600 * 1000;

/** Thrown when the credentials are worth nothing any more: only a person can help. */
export class CredentialsRevoked extends Error {
  override readonly name = 'CredentialsRevoked';
  readonly code = 'CREDENTIALS_REVOKED';
  /** What a person must do. */
  readonly mend: string;
  /** The code of the pause that follows. */
  readonly pauseCode: string;

  constructor(message: string, mend: string, { cause, pauseCode }: { cause?: unknown; pauseCode?: string } = {}) {
    super(message, cause === undefined ? {} : { cause });
    this.mend = mend;
    this.pauseCode = pauseCode ?? 'credentials-revoked';
  }

  /** What has happened and what a person must do, in sentences. */
  get advice(): string {
    return `${this.message.replace(/\.$/, '')}. ${this.mend}`;
  }
}

export interface RefreshOptions extends AddressRules {
  readonly credentials: CredentialStore;
  readonly fetch: typeof globalThis.fetch;
  readonly clock: Clock;
  readonly sleep: Sleep;
  readonly random: Random;
  readonly newId: () => string;
  /** The deployment's own app, for portals that have none of their own, or whose copy of it has become old. */
  readonly defaultApp: () => Promise<App | undefined>;
}

/**
 * Stores the new pair, again and again while there is time: the old refresh token is dead, so this write is the only
 * copy. Undefined when somebody else's rotation is stored already.
 */
export async function storeTokens(
  { sleep, clock }: Pick<RefreshOptions, 'sleep' | 'clock'>,
  deadline: number,
  store: () => Promise<boolean>,
): Promise<boolean> {
  for (let pause = 100; ; pause = Math.min(pause * 2, 2_000)) {
    try {
      return await store();
    } catch (error) {
      if (clock() + pause + marginMs > deadline) throw error;
      await sleep(pause);
    }
  }
}

export interface Refresh {
  readonly memberId: string;
  /** The generation that is not good any more. */
  readonly stale: number;
  /** ms since the epoch. */
  readonly deadline: number;
  /** An app to prove, in place of the one that is stored: it is stored with the new pair. Nobody else's refresh will do. */
  readonly app?: App;
}

/**
 * Exchanges the refresh token of generation `stale` for a new pair, once over all Lambdas: whoever gets the lease calls
 * the authorization server, the others wait for what it stores.
 *
 * @returns credentials of a later generation
 * @throws PortalBusy when this caller cannot wait for it, or the authorization server does not answer
 * @throws CredentialsRevoked when the server refuses the refresh token and nobody has rotated it
 */
export async function refreshCredentials(
  options: RefreshOptions,
  { memberId, stale, deadline, app: proving }: Refresh,
): Promise<OAuthCredentials> {
  const { credentials, clock, sleep, random, newId } = options;
  const me = newId();

  for (;;) {
    const current = await credentials.get(memberId);
    if (current?.kind !== 'oauth') throw new CredentialsRevoked(`${memberId} has no OAuth credentials`, reconnect);
    if (current.generation > stale && !proving) return current;

    const now = clock();
    const leased = current.lease !== undefined && current.lease.until > now;
    if (!leased && current.refused === current.generation) {
      throw new CredentialsRevoked('The authorization server refuses the refresh token', reconnect);
    }
    if (!leased && deadline - now >= needsMs) {
      const first = proving ?? current.app ?? (await options.defaultApp());
      if (!first) throw new CredentialsRevoked(`The app's client id and secret are not known for ${memberId}`, giveApp);
      const lease = { by: me, until: now + leaseMs };
      if (await credentials.lease(memberId, current.generation, lease, now)) {
        return await rotate(options, { ...current, lease }, { first, proving: proving !== undefined, deadline });
      }
      continue; // Somebody else was quicker: see what they do.
    }

    const waitUntil = current.lease !== undefined && leased ? current.lease.until : now + 1_000;
    if (deadline - now < marginMs + pollMs || !leased) {
      throw new PortalBusy('The access token is being refreshed', { until: waitUntil });
    }
    await sleep(pollMs + random() * pollMs);
  }
}

const reconnect = 'Install the app again on the portal.';
const giveApp = "Run `tidy24 portals credentials` with the app's client id and secret.";

async function rotate(
  options: RefreshOptions,
  current: OAuthCredentials & { lease: { by: string; until: number } },
  { first, proving, deadline }: { first: App; proving: boolean; deadline: number },
): Promise<OAuthCredentials> {
  const { credentials, clock } = options;
  const { memberId, generation } = current;
  let tokens: Tokens;
  let app: App;
  try {
    const apps = [() => Promise.resolve(first), ...(proving ? [] : [options.defaultApp])];
    const until = Math.min(deadline, current.lease.until);
    ({ tokens, app } = await exchangeToken(options, current, { apps, until }));
  } catch (error) {
    throw await afterFailedRefresh(options, current, error);
  }
  if (tokens.memberId !== memberId) {
    throw new CredentialsRevoked('The authorization server answered for another portal', reconnect);
  }

  const clientEndpoint = endpointAfter(current.clientEndpoint, tokens.clientEndpoint, options);
  const pair = { ...tokens, clientEndpoint, refreshedAt: clock(), ...(app !== current.app && { app }) };
  // Beyond the end of the lease if need be: the write holds for this generation only, so it can do no harm.
  const stored = await storeTokens(options, deadline, () => credentials.rotate(memberId, generation, pair));
  if (stored) return { ...current, ...pair, generation: generation + 1 };
  const newer = await credentials.get(memberId);
  if (newer?.kind === 'oauth' && newer.generation > generation && !proving) return newer;
  throw new PortalBusy('The access token was refreshed elsewhere', { until: clock() + 1_000 });
}

/** What the caller is to throw. */
async function afterFailedRefresh(
  { credentials, clock }: RefreshOptions,
  { memberId, generation, lease }: OAuthCredentials & { lease: { by: string; until: number } },
  error: unknown,
): Promise<unknown> {
  if (!(error instanceof Bitrix24Error)) return error;
  const { row } = error;

  if (row.reaction === 'reread') {
    // An earlier holder of the lease may have rotated and be storing it still. The lease stays, so that nobody asks
    // again before it has run out; whoever then finds the same generation knows that the chain is broken.
    await credentials.noteRefusal(memberId, generation);
    return new PortalBusy('The authorization server refused the refresh token', { until: lease.until, cause: error });
  }
  if (error instanceof PortalError && row.reaction !== 'retry-later') {
    await credentials.release(memberId, lease.by);
    const pauseCode = row.name === paymentRequired ? paymentRequired : undefined;
    const options = { cause: error, ...(pauseCode !== undefined && { pauseCode }) };
    return new CredentialsRevoked(`${error.error}: ${row.meaning}`, row.mend ?? reconnect, options);
  }
  const failingSince = await credentials.noteFailure(memberId, generation, clock());
  if (clock() - failingSince > (row.escalate?.afterMs ?? patienceMs)) {
    await credentials.release(memberId, lease.by);
    return new CredentialsRevoked(`No new token for too long: ${row.meaning}`, row.mend ?? reconnect, { cause: error });
  }
  // Whether an answer was lost or the server is down, the refresh token is tried again: it may still be good.
  const unanswered = error instanceof OutcomeUnknown;
  if (!unanswered) await credentials.release(memberId, lease.by);
  const until = unanswered ? lease.until : clock() + 30_000;
  return new PortalBusy('The authorization server does not answer', { until, verdict: row, cause: error });
}
