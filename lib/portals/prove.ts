import * as z from 'zod';
import { profileSchema } from '../bitrix24/answers.ts';
import { Bitrix24Error, PortalError } from '../bitrix24/failures.ts';
import { refusesClient } from '../bitrix24/oauth-errors.ts';
import { enterpriseLimits, ordinaryLimits } from '../bitrix24/limits.ts';
import { isAcceptableEndpoint, type Tokens } from '../bitrix24/oauth.ts';
import {
  type App,
  type Credentials,
  type Installation,
  installationLifetime,
  type OAuthCredentials,
} from './credentials.ts';
import { bindEvents, eventsOfRules } from './bindings.ts';
import { type AppSource, exchangeToken } from './exchange.ts';
import { lacksCredentials } from './pause-codes.ts';
import { type Portal, withTokenDigest } from './portal.ts';
import { rulesInForce } from './rebind.ts';
import { storeTokens } from './refresh.ts';
import { PortalSession, type SessionOptions } from './session.ts';

export interface ProveOptions extends SessionOptions {
  /** Plain http on a loopback address is accepted as a portal: for local runs only. */
  readonly allowLoopback: boolean;
}

/** What became of the attempt to prove an installation. */
export type ProofResult =
  | { result: 'active'; domain: string }
  /** There is nothing to prove. */
  | { result: 'nothing-pending' }
  /** The app's client id and secret are not known: `tidy24 portals credentials`. */
  | { result: 'app-unknown' }
  /** Somebody else is at it, or a server did not answer: try again at `until` (ms since the epoch). */
  | { result: 'later'; until: number; reason: string }
  /** The authorization server does not confirm the installation: it is forgotten. */
  | { result: 'refused'; reason: string };

const leaseMs = 90_000;
/** The refresh and what follows it need this much time. */
const needsMs = 60_000;
const retryMs = 60_000;

/**
 * Proves a pending installation by a refresh at the authorization server, whose answer must name the same member id,
 * and makes the portal active: in mode observe when it is new, its events bound, its application token trusted. Safe
 * to repeat from any point: the new tokens are stored before anything else, together with what is left to do.
 *
 * @param deadline ms since the epoch
 */
export async function provePortal(options: ProveOptions, memberId: string, deadline: number): Promise<ProofResult> {
  const { credentials, clock } = options;
  const held = await credentials.get(memberId);
  const pending = await credentials.pending(memberId);
  const activating = held?.kind === 'oauth' && held.activation ? held : undefined;
  // What came after the installation that is being finished is newer than its tokens, which may be dead by now.
  const alive = (pending?.installations ?? [])
    .filter(({ id }) => id !== activating?.activation?.installation)
    .filter(({ receivedAt }) => receivedAt + installationLifetime > clock());
  if (!pending || alive.length === 0) {
    return activating ? activate(options, activating, deadline) : { result: 'nothing-pending' };
  }
  const known = [pending.app, held?.kind === 'oauth' ? held.app : undefined];
  if (!known.some(Boolean) && !(await options.defaultApp())) return { result: 'app-unknown' };
  const apps = [...known.map((app) => () => Promise.resolve(app)), options.defaultApp];

  const lease = { by: options.newId(), until: clock() + leaseMs };
  if (deadline - clock() < needsMs) return { result: 'later', until: clock(), reason: 'too little time is left' };
  if (!(await credentials.leasePending(memberId, lease, clock()))) {
    return { result: 'later', until: lease.until, reason: 'the installation is being proved already' };
  }
  // The newest first. Anybody can post one, so a false one must not keep the true one from being looked at.
  let refused: ProofResult = { result: 'nothing-pending' };
  for (const installation of alive.toReversed()) {
    const until = Math.min(deadline, lease.until);
    if (until - clock() < needsMs) return { result: 'later', until: clock(), reason: 'too little time is left' };
    const proof = await proveInstallation(options, memberId, installation, { apps, until });
    if (!('result' in proof)) return admit(options, installation, proof, { held, deadline });
    if (proof.result !== 'refused') return proof;
    refused = proof;
  }
  return activating ? activate(options, activating, deadline) : refused;
}

/**
 * Whom the tokens of a portal that works already may be replaced by: an administrator. Every user of a portal can show
 * good tokens of their own, and what comes with them is not proved by them.
 */
async function admit(
  options: ProveOptions,
  installation: Installation,
  tokens: ProvedTokens,
  present: { held: Credentials | undefined; deadline: number },
): Promise<ProofResult> {
  const { credentials, portals, rest, clock, log } = options;
  const { memberId } = tokens;
  const portal = await portals.get(memberId);
  if (portal?.state === 'active' && present.held) {
    const access = { endpoint: tokens.clientEndpoint, token: tokens.accessToken };
    try {
      const { result } = await rest.call(access, 'profile', {}, { write: false, deadline: present.deadline });
      if (!profileSchema.parse(result).ADMIN) {
        await credentials.dropInstallation(memberId, installation.id, clock());
        log.error('installation refused', { memberId, reason: 'not by an administrator' });
        return { result: 'refused', reason: 'The user who installed the app is no administrator of the portal' };
      }
    } catch (error) {
      // Asked again later, with the token that takes the place of the one that was used up.
      const renewed = { ...installation, refreshToken: tokens.refreshToken };
      await storeTokens(options, present.deadline, async () => {
        await credentials.addInstallation(memberId, renewed);
        return true;
      });
      await credentials.releasePending(memberId);
      const reason = error instanceof Error ? error.name : 'unknown';
      return { result: 'later', until: clock() + retryMs, reason: `Asking who installed the app failed: ${reason}` };
    }
  }
  return keep(options, installation, tokens, present);
}

/** Stores the proved tokens, before they are used, and goes on to activate the portal. */
async function keep(
  options: ProveOptions,
  installation: Installation,
  tokens: ProvedTokens,
  { held, deadline }: { held: Credentials | undefined; deadline: number },
): Promise<ProofResult> {
  const { id, tokenUrl, tokenDigest, eventsUrl } = installation;
  const proved: OAuthCredentials = {
    ...tokens,
    installation: { tokenDigest, receivedAt: installation.receivedAt },
    kind: 'oauth',
    generation: (held?.kind === 'oauth' ? held.generation : 0) + 1,
    tokenUrl,
    activation: { installation: id, tokenDigest, eventsUrl },
    clientEndpoint: tokens.clientEndpoint,
    refreshedAt: options.clock(),
  };
  await storeTokens(options, deadline, async () => {
    await options.credentials.put(proved);
    return true;
  });
  return activate(options, proved, deadline);
}

/** With the app that has brought them. */
type ProvedTokens = Tokens & { clientEndpoint: string; app: App };

async function proveInstallation(
  options: ProveOptions,
  memberId: string,
  installation: Installation,
  tries: { apps: readonly AppSource[]; until: number },
): Promise<ProvedTokens | ProofResult> {
  const { credentials, clock, log } = options;
  const refuse = async (reason: string): Promise<ProofResult> => {
    await credentials.dropInstallation(memberId, installation.id, clock());
    log.error('installation refused', { memberId, reason });
    return { result: 'refused', reason };
  };

  let tokens: Tokens;
  let app: App;
  try {
    ({ tokens, app } = await exchangeToken(options, installation, tries));
  } catch (error) {
    if (!(error instanceof Bitrix24Error)) throw error;
    if (error instanceof PortalError && refusesClient(error.row)) {
      await credentials.releasePending(memberId);
      return {
        result: 'later',
        until: clock() + 60 * retryMs,
        reason: `${error.row.meaning} Check the client id and secret`,
      };
    }
    if (error instanceof PortalError && error.row.reaction === 'reread') return refuse(error.row.meaning);
    await credentials.releasePending(memberId);
    const patience = error.row.reaction === 'operator' ? 60 * retryMs : retryMs;
    return { result: 'later', until: clock() + patience, reason: `${error.message}. ${error.row.mend ?? ''}`.trim() };
  }
  if (tokens.memberId !== memberId) return refuse('The authorization server names another portal');
  const { clientEndpoint } = tokens;
  if (clientEndpoint === undefined || !isAcceptableEndpoint(clientEndpoint, options)) {
    return refuse('The authorization server names no https address of the portal');
  }
  return { ...tokens, clientEndpoint, app };
}

/** Second half of a proof: what is told to the portal and to ourselves once the tokens are known to be good. */
async function activate(options: ProveOptions, held: OAuthCredentials, deadline: number): Promise<ProofResult> {
  const { portals, credentials, clock, log } = options;
  const { memberId, activation } = held;
  if (!activation) return { result: 'nothing-pending' };
  const domain = new URL(held.clientEndpoint).host;
  const known = await portals.get(memberId);

  const present = { domain, connection: 'oauth' as const };
  const fresh = { state: 'pending' as const, mode: 'observe' as const, tokenDigests: [], robotKeyDigests: [] };
  if (!known) await portals.create({ memberId, ...present, ...fresh, limits: ordinaryLimits });

  const portal = (await portals.get(memberId)) ?? known;
  if (!portal) return { result: 'later', until: clock() + retryMs, reason: 'the portal could not be stored' };
  let isMended = false;
  try {
    const session = new PortalSession(options, portal, deadline);
    // Any user may open an app's page and so bring tokens. Only an administrator's show all that the rules look at.
    isMended = lacksCredentials(portal) && (await isAdministrator(session));
    const limits = await limitsOf(session, portal);
    const { eventsUrl } = activation;
    const events = eventsOfRules(await rulesInForce(portals, portal));
    await bindEvents(session, { eventsUrl, events }, { log, memberId });
    await portals.change(memberId, {
      ...present,
      state: 'active',
      limits,
      eventsUrl,
      tokenDigests: withTokenDigest(portal.tokenDigests, activation.tokenDigest),
      installation: held.installation ?? { tokenDigest: activation.tokenDigest, receivedAt: clock() },
      // After a disconnection it begins anew: in mode observe, and without what was lost in between.
      ...(portal.state === 'disconnected' && { mode: 'observe', reconciledUntil: clock() }),
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown';
    log.warn('portal not active yet', { memberId, reason });
    return { result: 'later', until: clock() + retryMs, reason };
  }
  if (isMended) await portals.resume(memberId);
  // In this order: an installation whose token is used up must not look as if it were still to be proved.
  await credentials.dropInstallation(memberId, activation.installation, clock());
  await credentials.finishActivation(memberId);
  log.info('portal active', { memberId, domain, mode: portal.mode });
  return { result: 'active', domain };
}

async function isAdministrator(session: PortalSession): Promise<boolean> {
  const profile = profileSchema.safeParse((await session.call('profile', {}, { write: false })).result);
  return profile.success && profile.data.ADMIN;
}

const appInfoSchema = z.object({ LICENSE_FAMILY: z.string().optional().catch(undefined) });

async function limitsOf(session: PortalSession, portal: Portal): Promise<Portal['limits']> {
  const info = appInfoSchema.safeParse((await session.call('app.info', {}, { write: false })).result);
  const enterprise = info.success && /^ent/i.test(info.data.LICENSE_FAMILY ?? '');
  const wasDefault = JSON.stringify(portal.limits) === JSON.stringify(ordinaryLimits);
  return enterprise && wasDefault ? enterpriseLimits : portal.limits;
}
