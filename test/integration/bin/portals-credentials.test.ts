import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { tokenDigest } from '../../../lib/bitrix24/token-digest.ts';
import type { App, OAuthCredentials } from '../../../lib/portals/credentials.ts';
import { CliStage } from './cli-stage.ts';

describe('portals credentials', () => {
  let stage: CliStage;
  beforeEach(async () => {
    stage = await CliStage.start();
  });
  afterEach(() => stage.close());

  test('proves the one installation that waits, without being told which', async () => {
    const { portal } = stage;
    const app = await stage.install();

    const { code, stdout, stderr } = await stage.run('portals credentials', {
      input: [app.clientId, app.clientSecret],
    });

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`${portal.domain} is active. Its member id is ${portal.memberId}.`);
    expect(stdout).toContain('Mode observe');
    expect(stdout).toContain(`npx tidy24 rules push rules.yaml --portal ${portal.domain} --local`);
    expect(await stage.portals.get(portal.memberId)).toMatchObject({ state: 'active', mode: 'observe' });
    expect(portal.requests.filter(({ method }) => method === 'event.bind')).toHaveLength(3);
  });

  test('takes the portal by member id or domain, the app from the environment', async () => {
    const { portal } = stage;
    const app = await stage.install();
    const env = { TIDY24_CLIENT_ID: app.clientId, TIDY24_CLIENT_SECRET: app.clientSecret };
    expect(await stage.json(`portals credentials ${portal.domain}`, { env })).toMatchObject({
      result: 'active',
      memberId: portal.memberId,
      portal: { state: 'active', mode: 'observe' },
    });

    const again = await stage.run(`portals credentials ${portal.memberId}`, { env });

    expect(again.code).toBe(0);
    expect(again.stdout).toContain('are accepted, and stored');
  });

  describe('for a portal that works', () => {
    let app: App;
    const held = async () => (await stage.credentials.get(stage.portal.memberId)) as OAuthCredentials;
    const give = (clientSecret: string, more: Parameters<CliStage['run']>[1] = {}) =>
      stage.run(`portals credentials ${stage.portal.domain}`, { input: [app.clientId, clientSecret], ...more });
    beforeEach(async () => {
      app = await stage.install();
      await give(app.clientSecret);
    });

    test('are stored only when a refresh has succeeded with them', async () => {
      const before = await held();

      const wrong = await give('not-the-secret-at-all');

      expect(wrong.code).toBe(1);
      expect(wrong.stderr).toBe(
        `error: This client id and secret are not accepted. The app's secret is wrong, or the app is not installed. ` +
          `${stage.portal.domain} keeps those it has.\n`,
      );
      expect(await held()).toEqual(before);
    });

    test('take the place of an old secret, and what pauses the portal is named', async () => {
      const before = await held();
      await stage.credentials.put({ ...before, app: { ...app, clientSecret: 'the secret of before' } });
      await stage.portals.pause(stage.portal.memberId, { code: 'credentials-revoked', reason: 'wrong secret' });

      const { code, stdout } = await give(app.clientSecret);

      expect(code).toBe(0);
      expect(stdout).toContain(`portals resume ${stage.portal.domain}`);
      expect(await held()).toMatchObject({ app, generation: before.generation + 1 });
      expect((await stage.credentials.pending(stage.portal.memberId))?.app).toEqual(app);
    });

    test('are not stored when the authorization server does not answer', async () => {
      const { refreshToken } = await held();
      const { code, stderr } = await give('another', { fetch: async () => new Response('', { status: 502 }) });
      expect(code).toBe(1);
      expect(stderr).toMatch(/does not answer. Try again after \d{4}-/);
      expect(await held()).toMatchObject({ app, refreshToken });
    });

    test('cannot be proved by tokens that are worth nothing: the app must be installed again', async () => {
      stage.portal.revokeTokens(app);
      await give(app.clientSecret);
      // Whoever held the lease before may be storing a new pair still.
      stage.now += 120_000;
      const { code, stderr } = await give(app.clientSecret);
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /^error: Nothing was stored\. .* refuses the refresh token\. Install the app again .* run this/,
      );
      expect(await held()).toMatchObject({ app });
    });
  });

  test('lists the installations when several wait, and stores nothing', async () => {
    const other = await stage.simulator.addPortal();
    const app = await stage.install();
    await stage.install(other);

    const { code, stdout, stderr } = await stage.run('portals credentials', {
      input: [app.clientId, app.clientSecret],
    });

    expect(code).toBe(1);
    expect(stderr).toContain('Several installations wait');
    expect(stdout).toMatch(/^MEMBER ID +DOMAIN +INSTALLED\n/);
    for (const { memberId, domain } of [stage.portal, other]) {
      expect(stdout).toMatch(new RegExp(`${memberId} +${domain} +\\d{4}-`));
    }
    expect((await stage.credentials.pending(other.memberId))?.app).toBeUndefined();
  });

  test('a wrong secret is said so, and the right one given afterwards works', async () => {
    const { portal } = stage;
    const app = await stage.install();

    const wrong = await stage.run('portals credentials', { input: [app.clientId, 'not-the-secret-at-all'] });
    const right = await stage.run('portals credentials', { input: [app.clientId, app.clientSecret] });

    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toContain("is not active yet. The app's secret is wrong, or the app is not installed.");
    expect(wrong.stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(right.code).toBe(0);
    expect(await stage.portals.get(portal.memberId)).toMatchObject({ state: 'active' });
  });

  test('an authorization server that is down is tried again by the clock', async () => {
    const { portal } = stage;
    const app = await stage.install();

    const { code, stdout, stderr } = await stage.run('portals credentials --json', {
      input: [app.clientId, app.clientSecret],
      fetch: async () => new Response('', { status: 502 }),
    });

    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ result: 'later', memberId: portal.memberId });
    expect(stderr).toMatch(/it is tried again by itself after \d{4}-/);
    const due = await stage.tables.tasks.get({ taskId: `chore:${portal.memberId}:prove`, sk: 'chore' });
    expect(due).toMatchObject({ memberId: portal.memberId });
  });

  test('an installation that the server does not confirm is forgotten', async () => {
    const app = await stage.install();
    stage.portal.revokeTokens(app);

    const { code, stderr } = await stage.run('portals credentials', { input: [app.clientId, app.clientSecret] });

    expect(code).toBe(1);
    expect(stderr).toContain('was not confirmed and is forgotten');
    expect(stderr).toContain('Install the app on the portal again');
    expect((await stage.run('portals credentials')).stderr).toContain('No installation waits for its app');
  });

  test.each([
    [
      'a wrong secret',
      'not-the-secret-at-all',
      /^error: This client id .* keeps those it has\. An installation that some/,
    ],
    ['the right one', undefined, /goes on as before\. An installation .* ignore it; .* and secret are accepted/],
  ])('an installation that a stranger posted for an active portal leaves it alone, with %s', async (_, wrong, said) => {
    const { domain, memberId } = stage.portal;
    const app = await stage.install();
    const give = (secret: string) => stage.run(`portals credentials ${memberId}`, { input: [app.clientId, secret] });
    await give(app.clientSecret);
    stage.now += 600_000;
    await stage.credentials.addInstallation(memberId, {
      id: tokenDigest('forged'),
      refreshToken: 'forged',
      tokenUrl: stage.portal.tokenUrl,
      tokenDigest: tokenDigest('forged as well'),
      domain: 'stranger.example',
      eventsUrl: 'http://127.0.0.1:4310/bitrix24/events',
      receivedAt: stage.now,
    });
    const { stdout: doctor } = await stage.run('doctor');
    expect(doctor).toMatch(
      new RegExp(`on ${domain}, which is active already, at .*\n +mend: Ignore it if nobody installed anything`),
    );

    const secret = wrong ?? app.clientSecret;
    const { code, stderr } = await give(secret);

    expect(code).toBe(1);
    expect(stderr).toMatch(said);
    expect(stderr).toContain('is forgotten.');
    expect(stderr).not.toMatch(/not active yet|stranger/);
    expect(await stage.portals.get(memberId)).toMatchObject({ state: 'active', domain });
    expect(await stage.credentials.get(memberId)).toMatchObject({ app });
    // Giving an app keeps the row, and not the installation, for longer.
    stage.now += 29 * 86_400_000;
    await give(secret);
    stage.now += 2 * 86_400_000;
    expect((await stage.run('doctor')).stdout).not.toContain('is not proved');
  });

  test('says what to do when nothing was installed there', async () => {
    await stage.connect();
    const nothing = await stage.run('portals credentials', { input: ['id', 'secret'] });
    const unknown = await stage.run('portals credentials 0123456789abcdef', { input: ['id', 'secret'] });
    const webhook = await stage.run(`portals credentials ${stage.portal.domain}`, { input: ['id', 'secret'] });
    expect([nothing.code, unknown.code, webhook.code]).toEqual([1, 1, 1]);
    expect(nothing.stderr).toContain('/bitrix24/install');
    expect(unknown.stderr).toContain('There is no portal 0123456789abcdef');
    expect(webhook.stderr).toContain('is connected by webhooks, which need no app');
    expect(await stage.credentials.pending('0123456789abcdef')).toBeUndefined();
  });
});
