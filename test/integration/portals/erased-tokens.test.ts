import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { OAuthCredentials } from '../../../lib/portals/credentials.ts';
import { tokenDigest } from '../../../lib/bitrix24/token-digest.ts';
import { Database, type Parts, partsOf, TestTime } from './parts.ts';

const memberId = '0123456789abcdef0123456789abcdef';
let database: Database;
let time: TestTime;
let parts: Parts;

beforeAll(async () => {
  database = await Database.start();
});
afterAll(async () => {
  await database.close();
});
beforeEach(() => {
  time = new TestTime();
  parts = partsOf(database.tables, { time });
});

test('a removal of the app erases its tokens and keeps its id and secret for the next installation', async () => {
  const app = { clientId: 'local.1', clientSecret: 'secret' };
  const installation = { tokenDigest: tokenDigest('apptoken'), receivedAt: time.now - 1_000 };
  const held: OAuthCredentials = {
    memberId,
    kind: 'oauth',
    generation: 3,
    accessToken: 'access',
    refreshToken: 'refresh',
    accessExpiresAt: time.now,
    clientEndpoint: 'https://demo.bitrix24.com/rest/',
    tokenUrl: 'https://oauth.bitrix.info/oauth/token/',
    app,
    installation,
  };
  await parts.credentials.put(held);

  await parts.credentials.eraseTokens(memberId, { ...installation, receivedAt: time.now }, time.now);

  expect(await parts.credentials.get(memberId)).toBeUndefined();
  expect(await parts.credentials.pending(memberId)).toMatchObject({ app, installations: [] });
});

test('a removal that is not finished at once keeps what proves it, and where it has got to', async () => {
  const removal = { tokenDigest: tokenDigest('apptoken'), receivedAt: time.now };
  await parts.tasks.appChores.wantUninstall(memberId, removal, { proved: true });
  time.now += 60_000;
  await parts.tasks.appChores.continueUninstall(memberId, time.now - 30_000);

  expect(await parts.tasks.appChores.uninstall(memberId)).toEqual({ cause: { removal }, doneTo: time.now - 30_000 });
});
