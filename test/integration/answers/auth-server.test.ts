import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Fault } from '../../../simulator/faults/fault.ts';
import { expectDone, expectKept, expectStopped, mendOfRefresh } from './reactions.ts';
import { Stage } from './stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open();
});
afterAll(async () => {
  await stage.close();
});

interface Answered {
  readonly fact: string;
  readonly says: string;
  readonly give: Fault;
  /** The row of the table. */
  readonly row: string;
  /** Of the pause, where the row has one of its own. */
  readonly code?: string;
}

const error = (code: string, status: number, description = ''): Fault => ({
  type: 'error',
  status,
  error: code,
  description,
});

/** The access token has expired, two deals are lost, and the authorization server answers like that. */
async function refreshAnswered(give: Fault) {
  await stage.fresh();
  const [lost, reopened] = [stage.addDeal(), stage.addDeal()];
  stage.portal.expireAccessTokens();
  const fault = stage.portal.faults.add({ when: { method: 'oauth/token' }, times: Number.POSITIVE_INFINITY, give });
  stage.lose(lost, reopened);
  await stage.deployment.run();
  expect(fault.hits).toBe(1);
  for (const deal of [lost, reopened]) expect(stage.portal.contactsOf(deal.id)).toEqual(deal.contactIds);
  stage.reopen(reopened);
  return { lost, reopened, fault };
}

describe('a refresh that the authorization server refuses', () => {
  test.each<Answered>([
    {
      fact: 'auth/bad-verification-code',
      says: 'bad_verification_code',
      give: error('bad_verification_code', 400),
      row: 'bad-verification-code',
    },
    { fact: 'auth/invalid-client', says: 'invalid_client', give: error('invalid_client', 401), row: 'invalid-client' },
    {
      fact: 'auth/wrong-client',
      says: 'wrong_client in an answer of 200',
      give: error('wrong_client', 200),
      row: 'wrong-client',
    },
    {
      fact: 'auth/invalid-request',
      says: 'invalid_request',
      give: error('invalid_request', 400, 'No "refresh_token" parameter found'),
      row: 'invalid-request',
    },
    {
      fact: 'auth/insufficient-scope',
      says: 'insufficient_scope',
      give: error('insufficient_scope', 403),
      row: 'insufficient-scope',
    },
    { fact: 'auth/invalid-scope', says: 'INVALID_SCOPE', give: error('INVALID_SCOPE', 403), row: 'invalid-scope' },
    { fact: 'auth/not-installed', says: 'NOT_INSTALLED', give: error('NOT_INSTALLED', 401), row: 'not-installed' },
    { fact: 'auth/error-oauth', says: 'ERROR_OAUTH', give: error('ERROR_OAUTH', 401), row: 'error-oauth' },
    { fact: 'auth/no-auth-found', says: 'NO_AUTH_FOUND', give: error('NO_AUTH_FOUND', 401), row: 'no-auth-found' },
    {
      fact: 'auth/payment-required',
      says: 'PAYMENT_REQUIRED',
      give: error('PAYMENT_REQUIRED', 401),
      row: 'payment-required',
      code: 'payment-required',
    },
    {
      fact: 'auth/portal-unknown',
      says: 'a 404',
      give: error('not_here', 404),
      row: 'portal-unknown',
    },
    {
      fact: 'auth/portal-unknown',
      says: 'a text about the portal',
      give: error('gone', 400, 'The portal was deleted'),
      row: 'portal-unknown-by-text',
    },
  ])('with $says stops the portal; resumed, it goes on with the tokens it has [$fact]', async ({ give, row, code }) => {
    const { lost, reopened, fault } = await refreshAnswered(give);
    await expectStopped(stage, code ?? 'credentials-revoked', mendOfRefresh(row));
    fault.remove();
    await stage.resume();
    await stage.deployment.tick();
    await expectDone(stage, lost);
    await expectKept(stage, reopened);
    await stage.expectNothingElseTouched();
  });
});

describe('a refresh that the authorization server does not carry out', () => {
  test.each<Omit<Answered, 'row'>>([
    { fact: 'auth/server-error', says: '503 as JSON', give: error('temporarily_unavailable', 503) },
    { fact: 'auth/html', says: 'a page with 502', give: { type: 'html', status: 502 } },
    { fact: 'auth/html', says: 'a page with 200', give: { type: 'html', status: 200 } },
    { fact: 'auth/undocumented', says: 'a code that nobody knows', give: error('something_new', 400) },
  ])('with $says is tried again, and the refresh token is kept [$fact]', async ({ give }) => {
    const { lost, reopened, fault } = await refreshAnswered(give);
    expect(await stage.pause()).toBeUndefined();
    await stage.deployment.pass(60_000);
    expect(fault.hits).toBeGreaterThan(1);
    expect(await stage.pause()).toBeUndefined();
    fault.remove();
    await expectDone(stage, lost, 'none');
    await expectKept(stage, reopened);
    await stage.expectNothingElseTouched();
  });
});

test('a refresh token that is worth nothing stops the portal until the app is installed again [auth/invalid-grant]', async () => {
  const { app, portal, deployment } = stage;
  if (!app) throw new Error('Connected without an app');
  await stage.fresh();
  const [lost, reopened] = [stage.addDeal(), stage.addDeal()];
  portal.expireAccessTokens();
  portal.revokeTokens(app);
  stage.lose(lost, reopened);
  await deployment.run();
  // Somebody else may have refreshed and be storing the new pair: that is waited for first.
  expect(await stage.pause()).toBeUndefined();
  await deployment.pass(2 * 60_000);
  await expectStopped(stage, 'credentials-revoked', mendOfRefresh('invalid-grant'));
  stage.reopen(reopened);

  portal.reinstall(app);
  await deployment.run();
  await deployment.tick();
  expect(await stage.pause()).toBeUndefined();
  await expectDone(stage, lost);
  await expectKept(stage, reopened);
  await stage.expectNothingElseTouched();
});
