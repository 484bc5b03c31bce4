import type { PhpMap } from '../php-form.ts';
import type { StatusProfile } from '../options.ts';
import { toText } from '../rest/params.ts';
import type { App, Grant, PortalState } from '../state.ts';
import { ACCESS_SECONDS, type TokenStore } from './token-store.ts';

export interface TokenEndpointParts {
  readonly state: PortalState;
  readonly tokens: TokenStore;
  readonly statusProfile: StatusProfile;
  /** host:port of the authorization server. */
  readonly domain: string;
  /** `…/rest/` of portal and authorization server alike. */
  readonly endpoint: string;
}

export interface TokenReply {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly clientId?: string;
  readonly userId?: number;
}

/** `/oauth/token/`: a refresh by GET query or POST form. Errors are told by the body; `wrong_client` comes with status 200. */
export function answerTokenRequest(parts: TokenEndpointParts, params: PhpMap): TokenReply {
  const grantType = toText(params['grant_type']);
  const clientId = toText(params['client_id']);
  const refreshToken = toText(params['refresh_token']);
  if (clientId === '') return refusal(400, 'invalid_request', 'No "client_id" parameter found');
  const app = parts.state.apps.find((candidate) => candidate.clientId === clientId);
  if (!app) return refusal(200, 'wrong_client', 'Wrong client');
  if (toText(params['client_secret']) !== app.clientSecret) {
    // One official SDK maps this to 400, the other to 401.
    return refusal(parts.statusProfile === 'newest' ? 400 : 401, 'invalid_client', 'Wrong client secret');
  }
  if (grantType !== 'refresh_token') return refusal(400, 'invalid_request', 'Unsupported "grant_type"');
  if (refreshToken === '') return refusal(400, 'invalid_request', 'No "refresh_token" parameter found');
  if (!app.present) return refusal(401, 'NOT_INSTALLED', 'Application not installed');
  if (app.paymentExpired) return refusal(401, 'PAYMENT_REQUIRED', 'Payment required');
  const outcome = parts.tokens.refresh(app, refreshToken);
  if ('refused' in outcome) return refusal(400, outcome.refused, 'Invalid refresh token');
  return success(parts, app, outcome.grant);
}

function success(parts: TokenEndpointParts, app: App, grant: Grant): TokenReply {
  return {
    status: 200,
    clientId: app.clientId,
    userId: grant.userId,
    body: {
      access_token: grant.accessToken,
      client_endpoint: parts.endpoint,
      // The authorization server's own name, not the portal's.
      domain: parts.domain,
      expires: Math.floor(grant.accessUntil / 1000),
      expires_in: ACCESS_SECONDS,
      member_id: parts.state.memberId,
      refresh_token: grant.refreshToken,
      scope: grant.scope.join(','),
      server_endpoint: parts.endpoint,
      status: 'L',
      user_id: grant.userId,
    },
  };
}

function refusal(status: number, error: string, description: string): TokenReply {
  return { status, body: { error, error_description: description } };
}
