import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { enterpriseLimits, ordinaryLimits } from '../../../lib/bitrix24/limits.ts';
import { tokenDigest } from '../../../lib/bitrix24/token-digest.ts';
import { pendingWebhookId } from '../../../lib/portals/portal.ts';
import { verifySender } from '../../../lib/portals/verify-sender.ts';
import { CliStage } from './cli-stage.ts';

describe('portals connect', () => {
  let stage: CliStage;
  beforeEach(async () => {
    stage = await CliStage.start();
  });
  afterEach(() => stage.close());

  test('stores webhook and portal, active in mode observe, and says for whom it acts', async () => {
    const { portal } = stage;
    const url = portal.createWebhook();

    const { code, stdout, stderr } = await stage.connect({ url, token: 'first-token' });

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`${portal.domain} is connected.\nIt acts for user 1 (Ada Admin), an administrator.`);
    expect(stdout).toContain(`npx tidy24 rules push rules.yaml --portal ${portal.domain} --local`);
    expect(await stage.credentials.get(portal.memberId)).toEqual({ memberId: portal.memberId, kind: 'webhook', url });
    expect(await stage.portals.get(portal.memberId)).toMatchObject({
      domain: portal.domain,
      connection: 'webhook',
      state: 'active',
      mode: 'observe',
      tokenDigests: [tokenDigest('first-token')],
      limits: ordinaryLimits,
    });
  });

  test('without a member id is pending until the first event names it', async () => {
    const { portal, portals, credentials } = stage;
    const { code, stdout } = await stage.run('portals connect', { input: [portal.createWebhook(), 'first-token'] });
    expect(code).toBe(0);
    expect(stdout).toContain('It is pending: the first event');
    expect(await portals.get(pendingWebhookId(portal.domain))).toMatchObject({ state: 'pending' });

    const claim = { unverified: { tokenDigest: tokenDigest('first-token'), domain: portal.domain } };
    const parts = { portals, credentials, clock: () => stage.now };
    const { trusted } = await verifySender(parts, portal.memberId, undefined, [claim]);

    expect(trusted).toEqual([claim]);
    expect(await portals.get(portal.memberId)).toMatchObject({ state: 'active', mode: 'observe' });
  });

  test('a pending connection is completed by giving the member id, with the rules it has', async () => {
    const { portal, portals } = stage;
    await stage.run('portals connect', { input: [portal.createWebhook(), 'first-token'] });
    const rules = await stage.file('rules.yaml', oneRule);
    expect(await stage.run(`rules push ${rules} --portal ${portal.domain}`)).toMatchObject({ code: 0 });

    await stage.connect({ token: 'first-token' });

    expect(await portals.get(pendingWebhookId(portal.domain))).toBeUndefined();
    expect(await portals.get(portal.memberId)).toMatchObject({ state: 'active', rulesVersion: 1 });
    expect(await stage.json('portals list')).toHaveLength(1);
  });

  test('with a webhook of another address observes again: by a typing error it may be another portal', async () => {
    const { portal, portals, simulator } = stage;
    await stage.connect({ token: 'first-token' });
    await portals.change(portal.memberId, { mode: 'enforce', enforcedAt: 5_000 });
    const other = await simulator.addPortal();

    const { stdout } = await stage.connect({ url: other.createWebhook(), token: 'second-token' });

    expect(stdout).toContain('Mode observe');
    expect(await portals.get(portal.memberId)).toMatchObject({
      domain: other.domain,
      mode: 'observe',
      reconciledUntil: stage.now,
    });
  });

  test('again keeps mode and rules, adds the token, replaces the webhook, and needs no member id then', async () => {
    const { portal, portals } = stage;
    await stage.connect({ token: 'first-token' });
    await portals.change(portal.memberId, { mode: 'enforce', enforcedAt: 5_000, rulesVersion: 3 });
    const url = portal.createWebhook();

    const { code, stdout } = await stage.run('portals connect', { input: [url, 'second-token'] });

    expect(code).toBe(0);
    expect(stdout).toContain('connected again');
    expect(await stage.credentials.get(portal.memberId)).toMatchObject({ url });
    expect(await portals.get(portal.memberId)).toMatchObject({
      mode: 'enforce',
      enforcedAt: 5_000,
      rulesVersion: 3,
      tokenDigests: ['first-token', 'second-token'].map(tokenDigest),
    });
  });

  test('keeps the ten newest tokens, each once', async () => {
    const url = stage.portal.createWebhook();
    for (let n = 0; n < 12; n += 1) await stage.connect({ url, token: `token-${n}` });
    await stage.connect({ url, token: 'token-5' });

    const digests = (await stage.portals.get(stage.portal.memberId))?.tokenDigests;

    expect(digests).toEqual([2, 3, 4, 6, 7, 8, 9, 10, 11, 5].map((n) => tokenDigest(`token-${n}`)));
  });

  test.each(['invalid-credentials', 'credentials-revoked', 'credentials-missing', 'not-administrator'])(
    'resumes a portal that was paused as %s',
    async (code) => {
      const { portal, portals } = stage;
      await stage.connect();
      await portals.pause(portal.memberId, { code, reason: 'The webhook is gone.' });

      const { stdout } = await stage.connect();

      expect(stdout).toContain('works again');
      expect((await portals.get(portal.memberId))?.pause).toBeUndefined();
    },
  );

  test('leaves another pause as it is and says so', async () => {
    const { portal, portals } = stage;
    await stage.connect();
    await portals.pause(portal.memberId, { code: 'overload-limit', reason: 'Bitrix24 has blocked REST.' });

    const { code, stderr } = await stage.connect();

    expect(code).toBe(0);
    expect(stderr).toContain('is still paused: Bitrix24 has blocked REST.');
    expect(await portals.get(portal.memberId)).toMatchObject({ pause: { code: 'overload-limit' } });
  });

  test('warns when the webhook is no administrator’s', async () => {
    const { portal } = stage;
    const user = portal.addUser({ name: 'Uma' });

    const { code, stdout, stderr } = await stage.connect({ url: portal.createWebhook({ userId: user.id }) });

    expect(code).toBe(0);
    expect(stdout).toContain(`user ${user.id} (Uma), who is NO administrator`);
    expect(stderr).toMatch(/^warning: user \d+ is no administrator of 127/);
  });

  test('takes the secrets from the environment, from options, or from a person who types them unseen', async () => {
    const { portal } = stage;
    const url = portal.createWebhook();
    const env = { TIDY24_WEBHOOK_URL: url, TIDY24_APPLICATION_TOKEN: 'token-in-environment' };
    const command = `portals connect --member-id ${portal.memberId}`;

    const byEnvironment = await stage.run(command, { env });
    const byOption = await stage.run(`${command} --webhook ${url} --application-token=token-in-option`);
    const byPerson = await stage.run(command, { typed: [url, 'token-typed'] });

    expect([byEnvironment.code, byOption.code, byPerson.code]).toEqual([0, 0, 0]);
    expect(byPerson.stderr).toContain("URL of the incoming webhook: \noutgoing webhook's application token: \n");
    expect((await stage.portals.get(portal.memberId))?.tokenDigests).toEqual(
      ['token-in-environment', 'token-in-option', 'token-typed'].map(tokenDigest),
    );
  });

  test('accepts the address as the form shows it, with a method and without the last slash', async () => {
    const url = stage.portal.createWebhook();

    const codes = [
      (await stage.connect({ url: `${url}profile.json` })).code,
      (await stage.connect({ url: url.replace(/\/$/, '') })).code,
    ];

    expect(codes).toEqual([0, 0]);
    expect(await stage.credentials.get(stage.portal.memberId)).toMatchObject({ url });
  });

  test('sets the limits of an Enterprise portal', async () => {
    const { portal } = stage;
    await stage.run(`portals connect --enterprise --member-id ${portal.memberId}`, {
      input: [portal.createWebhook(), 'first-token'],
    });
    expect(await stage.portals.get(portal.memberId)).toMatchObject({ limits: enterpriseLimits });
  });

  test('stores nothing when the portal refuses the webhook', async () => {
    const { portal } = stage;
    const url = portal.createWebhook();
    portal.revokeWebhooks();

    const { code, stdout, stderr } = await stage.connect({ url });

    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(
      /^error: profile at 127\.0\.0\.1:\d+ failed: INVALID_CREDENTIALS \(HTTP 403\)\. .*Create a new/,
    );
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(await stage.portals.list()).toEqual([]);
    expect(await stage.credentials.get(portal.memberId)).toBeUndefined();
  });

  test('says what to do when there is no such address', async () => {
    const cause = Object.assign(new Error('getaddrinfo ENOTFOUND demoo.bitrix24.com'), { code: 'ENOTFOUND' });
    const { code, stdout, stderr } = await stage.run('portals connect', {
      input: ['https://demoo.bitrix24.com/rest/1/k9c8d7e6f5a4b3c2/', 'first-token'],
      fetch: () => Promise.reject(new TypeError('fetch failed', { cause })),
    });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(
      /^error: demoo\.bitrix24\.com cannot be reached: .* Correct the address .* and connect again\.\n$/,
    );
    expect(stderr).not.toMatch(/resume|k9c8d7/);
    expect(await stage.portals.list()).toEqual([]);
  });

  test.each([
    'demo.bitrix24.com/rest/1/k9c8d7e6f5a4b3c2/',
    'https://demo.bitrix24.com/crm/deal/details/1/',
    'https://demo.bitrix24.com/rest/1/',
    'https://user:pass@demo.bitrix24.com/rest/1/k9c8d7e6f5a4b3c2/',
    'http://demo.bitrix24.com/rest/1/k9c8d7e6f5a4b3c2/',
    'https://demo.bitrix24.com/rest/1/k9c8d7e6f5a4b3c2/?auth=x',
  ])('refuses the address %s without repeating it', async (url) => {
    const { code, stderr } = await stage.connect({ url });
    expect(code).toBe(2);
    expect(stderr).toMatch(/incoming webhook/);
    expect(stderr).not.toContain('k9c8d7');
  });

  test('says what is missing when standard input ends too early', async () => {
    const { code, stderr } = await stage.run('portals connect', { input: [stage.portal.createWebhook()] });
    expect(code).toBe(2);
    expect(stderr).toContain("outgoing webhook's application token is missing");
    expect(stderr).toContain('TIDY24_APPLICATION_TOKEN');
  });

  test('ends without a change when the person presses Ctrl-C', async () => {
    const { code, stderr } = await stage.run('portals connect', { typed: ['\u0003'] });
    expect(code).toBe(1);
    expect(stderr).toContain('Cancelled');
  });

  test('does not throw the tokens of an app away', async () => {
    const { portal } = stage;
    const app = await stage.install();
    await stage.run('portals credentials', { input: [app.clientId, app.clientSecret] });

    const { code, stderr } = await stage.connect();

    expect(code).toBe(1);
    expect(stderr).toContain('is connected by an app already');
    expect(await stage.credentials.get(portal.memberId)).toMatchObject({ kind: 'oauth' });
  });
});

const oneRule = `
version: 1
rules:
  - id: competitors
    when: { type: deal, pipelines: [5], stages: ["Chose a competitor"] }
    delete: [deal-contacts]
`;
