import { timingSafeEqual } from 'node:crypto';
import type { StatusProfile } from '../options.ts';
import { systemError } from '../rest-error.ts';
import type { TokenStore } from '../oauth/token-store.ts';
import type { PortalState } from '../state.ts';
import type { RestAddress } from './address.ts';
import type { Caller } from './method.ts';
import { toText } from './params.ts';
import type { WireRequest } from './wire-request.ts';

export interface AuthorizationParts {
  readonly state: PortalState;
  readonly tokens: TokenStore;
  readonly statusProfile: StatusProfile;
}

/** The token of a request, wherever it stands; undefined when there is none. */
export function accessTokenOf(request: WireRequest): string | undefined {
  const { auth, access_token: accessToken } = request.params;
  const token = [toText(auth), toText(accessToken), request.bearer ?? ''].find((candidate) => candidate !== '');
  return token;
}

/** Who calls, or the error of section "authorization" that the portal answers with. */
export function authorize(parts: AuthorizationParts, address: RestAddress, request: WireRequest): Caller {
  return address.webhook ? byWebhook(parts, address.webhook) : byToken(parts, accessTokenOf(request), address.method);
}

function byWebhook(parts: AuthorizationParts, given: { userId: number; code: string }): Caller {
  const webhook = parts.state.webhooks.find(
    (candidate) => candidate.userId === given.userId && isEqual(candidate.code, given.code),
  );
  const user = parts.state.users.find((candidate) => candidate.id === given.userId);
  // The webhook of a dismissed user dies with them.
  if (!webhook || !user?.active) throw systemError('INVALID_CREDENTIALS', parts.statusProfile);
  return { kind: 'webhook', user, scope: webhook.scope, key: `webhook:${webhook.userId}:${webhook.code}` };
}

function byToken(parts: AuthorizationParts, token: string | undefined, method: string): Caller {
  const { statusProfile, state } = parts;
  if (token === undefined) throw systemError('NO_AUTH_FOUND', statusProfile);
  const grant = parts.tokens.check(token);
  if (grant === 'unknown') throw systemError('invalid_token', statusProfile);
  const known = grant === 'expired' ? undefined : state.apps.find((app) => app.clientId === grant.clientId);
  if (grant === 'expired') throw systemError('expired_token', statusProfile);
  if (!known?.present) throw systemError('APPLICATION_NOT_FOUND', statusProfile);
  // No source says whether an app that is not paid may still ask about itself; here it may.
  if (known.paymentExpired && method !== 'app.info') throw systemError('PAYMENT_REQUIRED', statusProfile);
  const user = state.users.find((candidate) => candidate.id === grant.userId);
  if (!user?.active) throw systemError('authorization_error', statusProfile);
  return {
    kind: 'oauth',
    user,
    scope: grant.scope,
    key: `app:${grant.clientId}`,
    app: known,
    ...(grant.eventRounds === undefined ? {} : { eventRounds: grant.eventRounds }),
  };
}

function isEqual(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
