import { atHost, mayMoveTo } from './addresses.ts';
import type { Credentials, OAuthCredentials } from './credentials.ts';
import { portalMoved } from './pause-codes.ts';
import { refreshCredentials, type RefreshOptions } from './refresh.ts';

/** A redirect of a portal's REST interface to another host: from where to where, as hosts. */
export interface Move {
  readonly memberId: string;
  readonly from: string;
  readonly to: string;
}

/**
 * Thrown when nobody has confirmed a portal's new address: its redirect is the only word for it, and a token goes
 * nowhere on the word of a redirect.
 */
export class MoveNotConfirmed extends Error {
  override readonly name = 'MoveNotConfirmed';
  readonly code = 'MOVE_NOT_CONFIRMED';
  readonly pauseCode = portalMoved;
  /** The host that the redirect named. */
  readonly newDomain: string;
  /** What there is against it, as a sentence. */
  readonly why: string;

  constructor({ from, to }: Pick<Move, 'from' | 'to'>, why: string) {
    super(
      `${from} sends every request to ${to}. ${why} If ${to} is the portal's new address, confirm it: ` +
        `tidy24 portals move ${from} ${to}`,
    );
    this.newDomain = to;
    this.why = why;
  }
}

/**
 * Has a redirect confirmed by the authorization server: its next answer must name the same host as the portal's
 * endpoint, by https, and there a portal may move to. One refresh for it, unless somebody has just refreshed.
 *
 * @returns the credentials with the confirmed endpoint, stored
 * @throws MoveNotConfirmed; also PortalBusy and CredentialsRevoked as refreshCredentials does
 */
export async function confirmMove(
  options: RefreshOptions,
  move: Move,
  held: Credentials,
  deadline: number,
): Promise<OAuthCredentials> {
  const { memberId, from, to } = move;
  if (held.kind === 'webhook') throw new MoveNotConfirmed(move, 'Only you can say whether that is right.');
  if (!mayMoveTo(atHost(held.clientEndpoint, to), options)) {
    throw new MoveNotConfirmed(move, `${to} is in no zone of Bitrix24 and not among TIDY24_PORTAL_DOMAINS.`);
  }
  const stored = await options.credentials.get(memberId);
  const isNews = stored?.kind === 'oauth' && hostOf(stored) !== from;
  // Somebody else has refreshed meanwhile, and the answer has named the new address already.
  const present = isNews ? stored : held;
  const confirmed =
    hostOf(present) === to
      ? present
      : await refreshCredentials(options, { memberId, stale: generationOf(stored, held), deadline });
  if (hostOf(confirmed) === to) return confirmed;
  throw new MoveNotConfirmed(move, `The authorization server names ${hostOf(confirmed)} and not ${to}.`);
}

/** A refresh of this very generation: an older one is known already to name the address of before. */
function generationOf(stored: Credentials | undefined, held: OAuthCredentials): number {
  return stored?.kind === 'oauth' ? stored.generation : held.generation;
}

function hostOf({ clientEndpoint }: OAuthCredentials): string {
  return new URL(clientEndpoint).host;
}
