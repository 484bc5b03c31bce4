import { describe, expect, test } from '@jest/globals';
import { classifyOAuth, oauthReactionTable } from '../../../lib/bitrix24/oauth-errors.ts';
import type { Reaction } from '../../../lib/bitrix24/reactions.ts';

/** Status codes below 500 that say nothing here: `wrong_client` comes in a 200. */
const anyStatus = [200, 400, 401, 403];

const cases: readonly [row: string, reaction: Reaction, error: string, description: string, statuses?: number[]][] = [
  ['invalid-grant', 'reread', 'invalid_grant', '', [...anyStatus, 404, 500]],
  ['bad-verification-code', 'permanent', 'bad_verification_code', ''],
  ['invalid-client', 'operator', 'invalid_client', ''],
  ['wrong-client', 'operator', 'wrong_client', '', [...anyStatus, 404]],
  ['invalid-request', 'bug', 'invalid_request', 'No "refresh_token" parameter found'],
  ['insufficient-scope', 'operator', 'insufficient_scope', ''],
  ['invalid-scope', 'operator', 'INVALID_SCOPE', ''],
  ['not-installed', 'operator', 'NOT_INSTALLED', 'Application not installed'],
  ['error-oauth', 'operator', 'ERROR_OAUTH', 'Application not installed'],
  ['no-auth-found', 'operator', 'NO_AUTH_FOUND', 'Wrong authorization data'],
  ['payment-required', 'operator', 'PAYMENT_REQUIRED', 'Payment required', [...anyStatus, 402]],
  ['server-down', 'retry-later', 'server_error', 'portal not found', [500, 502, 503, 599]],
  ['portal-unknown', 'operator', 'whatever', '', [404]],
  ['portal-unknown-by-text', 'operator', 'whatever', 'The portal shop.bitrix24.test was not found.'],
  ['portal-unknown-by-text', 'operator', 'whatever', 'Domain deleted'],
  ['unknown', 'retry-later', 'SOMETHING_NEW', 'The portal is fine', [...anyStatus, 429]],
];

test.each(cases)('%s is %s: %j, %j', (row, reaction, error, description, statuses = anyStatus) => {
  for (const status of statuses) {
    for (const written of [error.toLowerCase(), error.toUpperCase()]) {
      const found = classifyOAuth({ status, error: written, description });
      expect({ status, name: found.name, reaction: found.reaction }).toEqual({ status, name: row, reaction });
    }
  }
});

describe('the table of the authorization server', () => {
  test('has each of its rows in the cases above', () => {
    expect([...new Set(cases.map(([row]) => row))]).toEqual(oauthReactionTable.map(({ name }) => name));
  });

  test('stops the portal and says what to do wherever a person is called', () => {
    for (const { name, reaction, escalate, stopsPortal, mend } of oauthReactionTable) {
      const person = reaction === 'operator' || reaction === 'reread' || escalate?.to === 'operator';
      expect([name, stopsPortal ?? false]).toEqual([name, person]);
      // Whatever is refused to a refresh stops the portal, and a person reads this.
      expect([name, mend]).toEqual([name, expect.stringMatching(/^[A-Z].*\.$/)]);
    }
  });

  test('counts attempts where something is tried again or fails', () => {
    for (const { name, reaction, countsAttempt } of oauthReactionTable) {
      expect([name, countsAttempt]).toEqual([name, !['operator', 'reread'].includes(reaction)]);
    }
  });

  test('calls a person after a day without the server, and sooner for what is unknown', () => {
    const escalating = oauthReactionTable.filter(({ escalate }) => escalate !== undefined);
    expect(escalating.map(({ name, escalate }) => [name, escalate])).toEqual([
      ['server-down', { to: 'operator', afterMs: 86_400_000 }],
      ['unknown', { to: 'operator', afterAttempts: 3 }],
    ]);
  });
});
