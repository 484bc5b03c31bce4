import { describe, expect, test } from '@jest/globals';
import type { OAuthCredentials } from '../../../lib/portals/credentials.ts';
import { judge, type JudgedAnswer } from '../../../lib/portals/judge.ts';

const webhook = { memberId: 'a'.repeat(32), kind: 'webhook', url: 'https://a.test/rest/1/s3cr3tcode/' } as const;
const oauth = {
  memberId: 'a'.repeat(32),
  kind: 'oauth',
  app: { clientId: 'local.1', clientSecret: 'c1ients3cret' },
  tokenUrl: 'https://oauth.bitrix.info/oauth/token/',
  clientEndpoint: 'https://a.test/rest/',
  accessToken: 'acc3sst0ken',
  refreshToken: 'r3fresht0ken',
  accessExpiresAt: 1_785_000_000_000,
  generation: 1,
} satisfies OAuthCredentials;
const rowOf = (answer: JudgedAnswer) => (answer.kind === 'error' ? answer.row : undefined);
const refused = (error: string, description = '') => ({ kind: 'error', error, description }) as const;

describe('a command that is refused for its token inside a batch that was taken', () => {
  test.each(['expired_token', 'invalid_token', 'NO_AUTH_FOUND'])('%s counts as a try, so that it ends', (error) => {
    const answer = judge(refused(error), 'crm.deal.contact.items.delete', oauth);
    expect(rowOf(answer)).toMatchObject({ reaction: 'refresh', countsAttempt: true });
  });

  test('is a matter for a person where there is nothing to refresh', () => {
    const answer = judge(refused('NO_AUTH_FOUND'), 'crm.deal.contact.items.delete', webhook);
    expect(rowOf(answer)).toMatchObject({ reaction: 'operator', stopsPortal: true });
  });
});

test('a limit costs no try, whatever the credentials are', () => {
  for (const credentials of [oauth, webhook, undefined]) {
    const answer = judge(refused('OPERATION_TIME_LIMIT'), 'crm.item.list', credentials);
    expect(rowOf(answer)).toMatchObject({ reaction: 'wait-for-limit', countsAttempt: false });
  }
});

test('what the portal says is kept without the secrets it was asked with', () => {
  const said = `no: ${oauth.accessToken} ${oauth.refreshToken} ${oauth.app.clientSecret}`;
  const text = JSON.stringify([
    judge(refused(said, said), 'crm.item.list', oauth),
    judge(refused('x', `see ${webhook.url}`), 'crm.item.list', webhook),
  ]);
  for (const secret of [oauth.accessToken, oauth.refreshToken, oauth.app.clientSecret, 's3cr3tcode']) {
    expect(text).not.toContain(secret);
  }
});
