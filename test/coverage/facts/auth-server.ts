import type { FactGroup } from '../fact.ts';

export const authServerFacts: FactGroup = {
  title: 'Answers of the authorization server to a refresh',
  facts: [
    { id: 'auth/invalid-grant', says: '`invalid_grant`: the refresh token is used up, expired or wrong' },
    { id: 'auth/invalid-grant/other-won', says: '`invalid_grant`, and somebody else has refreshed meanwhile' },
    { id: 'auth/bad-verification-code', says: '`bad_verification_code`: permanent' },
    { id: 'auth/invalid-client', says: '`invalid_client`: the secret is wrong or the app not installed' },
    { id: 'auth/wrong-client', says: '`wrong_client` in an answer of status 200: the client id is unknown' },
    { id: 'auth/invalid-request', says: '`invalid_request`: a parameter was missing' },
    { id: 'auth/insufficient-scope', says: '`insufficient_scope`: more than was granted' },
    { id: 'auth/invalid-scope', says: '`INVALID_SCOPE`: more than was granted' },
    { id: 'auth/not-installed', says: '`NOT_INSTALLED`: the app was removed' },
    { id: 'auth/error-oauth', says: '`ERROR_OAUTH`: the app is not installed' },
    { id: 'auth/no-auth-found', says: '`NO_AUTH_FOUND`: an unknown token' },
    { id: 'auth/payment-required', says: '`PAYMENT_REQUIRED`: the paid period is over' },
    { id: 'auth/portal-unknown', says: '404, or a text that says so: the portal is unknown or deleted' },
    { id: 'auth/server-error', says: '5xx as JSON: down, tried again, the refresh token kept' },
    { id: 'auth/html', says: 'a page: down, tried again, the refresh token kept' },
    { id: 'auth/no-answer', says: 'a refresh that gets no answer is tried again when its lease has run out' },
    { id: 'auth/for-a-day', says: 'down for more than a day: a person must act' },
    { id: 'auth/undocumented', says: 'a code that no documentation names: tried again, the refresh token kept' },
  ],
};
