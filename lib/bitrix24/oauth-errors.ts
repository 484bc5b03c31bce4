import { type Answer, firstRow, type Row } from './error-rows.ts';
import { day } from './reactions.ts';

const reinstall = 'Install the app again on the portal.';

/**
 * What every error answer of the authorization server means. The body decides, not the status: `wrong_client` comes
 * with 200. No row ever allows the refresh token to be thrown away.
 *
 * Sources: the documentation's settings/oauth/error-codes.md, the official clients.
 */
export const oauthReactionTable: readonly Row[] = [
  {
    name: 'invalid-grant',
    error: 'invalid_grant',
    reaction: 'reread',
    meaning: 'The refresh token is wrong, has expired, or another refresher has used it already.',
    mend: reinstall,
    stopsPortal: true,
    countsAttempt: false,
  },
  {
    name: 'bad-verification-code',
    error: 'bad_verification_code',
    reaction: 'permanent',
    meaning: 'The authorization code is wrong or was used after its 30 seconds.',
    mend: reinstall,
    countsAttempt: true,
  },
  {
    name: 'invalid-client',
    error: 'invalid_client',
    reaction: 'operator',
    meaning: "The app's secret is wrong, or the app is not installed.",
    mend: "Give the portal the app's present client id and secret, then resume it.",
    stopsPortal: true,
    countsAttempt: false,
  },
  {
    name: 'wrong-client',
    error: 'wrong_client',
    reaction: 'operator',
    meaning: "The authorization server does not know the app's client id.",
    mend: "Give the portal the app's present client id and secret, then resume it.",
    stopsPortal: true,
    countsAttempt: false,
  },
  {
    name: 'invalid-request',
    error: 'invalid_request',
    reaction: 'bug',
    meaning: 'A parameter of the token request was missing.',
    mend: 'This is a mistake of tidy24: report it with the log of that moment, and resume the portal when it is corrected.',
    countsAttempt: true,
  },
  {
    name: 'insufficient-scope',
    error: 'insufficient_scope',
    reaction: 'operator',
    meaning: 'The app asks for more than it was granted.',
    mend: 'Give the app the scope "crm" and install it again.',
    stopsPortal: true,
    countsAttempt: false,
  },
  {
    name: 'invalid-scope',
    error: 'invalid_scope',
    reaction: 'operator',
    meaning: 'The app asks for more than it was granted.',
    mend: 'Give the app the scope "crm" and install it again.',
    stopsPortal: true,
    countsAttempt: false,
  },
  {
    name: 'not-installed',
    error: 'not_installed',
    reaction: 'operator',
    meaning: 'The app has been removed from the portal.',
    mend: reinstall,
    stopsPortal: true,
    countsAttempt: false,
  },
  {
    name: 'error-oauth',
    error: 'error_oauth',
    reaction: 'operator',
    meaning: 'The app is not installed on the portal.',
    mend: reinstall,
    stopsPortal: true,
    countsAttempt: false,
  },
  {
    name: 'no-auth-found',
    error: 'no_auth_found',
    reaction: 'operator',
    meaning: 'The authorization server does not know the access token.',
    mend: reinstall,
    stopsPortal: true,
    countsAttempt: false,
  },
  {
    name: 'payment-required',
    error: 'payment_required',
    reaction: 'operator',
    meaning: 'The paid or trial period of the app is over.',
    mend: 'Renew the subscription on the portal, then resume the portal.',
    stopsPortal: true,
    countsAttempt: false,
  },
  {
    name: 'server-down',
    error: '*',
    statuses: [500, 599],
    reaction: 'retry-later',
    meaning: 'The authorization server is down. The refresh token is still good.',
    mend: 'Look at the status page of Bitrix24, then resume the portal.',
    stopsPortal: true,
    countsAttempt: true,
    escalate: { to: 'operator', afterMs: day },
  },
  {
    name: 'portal-unknown',
    error: '*',
    statuses: [404, 404],
    reaction: 'operator',
    meaning: 'The authorization server knows no such portal.',
    mend: 'Disconnect the portal if it is gone for good; otherwise install the app again.',
    stopsPortal: true,
    countsAttempt: false,
  },
  {
    name: 'portal-unknown-by-text',
    error: '*',
    description: /\b(portal|domain)\b.*\b(not found|deleted|unknown|not exist)/,
    reaction: 'operator',
    meaning: 'The authorization server knows no such portal.',
    mend: 'Disconnect the portal if it is gone for good; otherwise install the app again.',
    stopsPortal: true,
    countsAttempt: false,
  },
  {
    name: 'unknown',
    error: '*',
    reaction: 'retry-later',
    meaning: 'An error of the authorization server that no documentation names. The refresh token may still be good.',
    mend: reinstall,
    stopsPortal: true,
    countsAttempt: true,
    escalate: { to: 'operator', afterAttempts: 3 },
  },
];

/** The row of `oauthReactionTable` for an error answer of the authorization server. */
export function classifyOAuth(answer: Omit<Answer, 'method'>): Row {
  return firstRow(oauthReactionTable, { ...answer, method: '' });
}

/** Whether it was the client id or secret that was refused: the refresh token is as good as before. */
export function refusesClient({ name }: Row): boolean {
  return name === 'invalid-client' || name === 'wrong-client';
}
