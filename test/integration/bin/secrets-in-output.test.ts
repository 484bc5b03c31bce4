import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { CliStage } from './cli-stage.ts';

/** Long and unlike anything else, so that a search for it finds it and nothing else. */
const canary = (name: string) => `canary${name}Zq7w9x2v4b6n8m0k`;

const addressOf = (input: Parameters<typeof fetch>[0]) => (input instanceof Request ? input.url : input.toString());
const broken: typeof fetch = (input) => Promise.reject(new TypeError(`fetch failed for ${addressOf(input)}`));

describe('secrets in what the command line prints', () => {
  let stage: CliStage;
  beforeEach(async () => {
    stage = await CliStage.start();
  });
  afterEach(() => stage.close());

  const debug = { TIDY24_DEBUG: '1' };

  test('no secret is printed, whatever works and whatever fails', async () => {
    const { portal } = stage;
    const { domain, memberId } = portal;
    const rules = await stage.file(
      'rules.yaml',
      'version: 1\nrules:\n  - { id: a, when: { type: deal, stages: all-lost }, delete: [deal-contacts] }\n',
    );
    const url = portal.createWebhook();
    const token = canary('token');
    const code = canary('code');

    // Wrong in every way in which a command line can be.
    await stage.run(`portals connect --webhok=https://${domain}/rest/1/${code}/`);
    await stage.run(`portals connect https://${domain}/rest/1/${code}/`);
    await stage.run(`portals show https://${domain}/rest/1/${code}/`);
    await stage.run(`portals https://${domain}/rest/1/${code}/`);
    await stage.run(`rules push ${rules} --portal http://${domain}/rest/1/${code}/`, { env: debug });
    await stage.run(`tasks show ${code}`);
    await stage.run(`tasks list --status ${code}`);
    for (const wrong of [
      `https://${domain}/rest/1/${code}`,
      `http://${domain}/rest/1/${code}/`,
      `http://${domain}/crm/${code}/`,
      `http://127.0.0.1:9/rest/1/${code}/`,
      `http://${domain}/rest/${code}/`,
      code,
    ]) {
      const { code: exitCode } = await stage.run('portals connect', { input: [wrong, token], env: debug });
      expect(exitCode).not.toBe(0);
    }
    await stage.run('portals connect', { input: [url, `${token} with blanks`], env: debug });
    await stage.run('portals connect', { typed: [url, '\u0004'] });
    // A portal that quotes the secret back, a fetch that throws with it.
    const echo: typeof fetch = async (input) =>
      Response.json(
        { error: 'WRONG', error_description: `Nothing at ${addressOf(input)} for ${code}` },
        { status: 400 },
      );
    const secretUrl = `http://${domain}/rest/1/${code}/`;
    for (const fetch of [echo, broken]) {
      await stage.run('portals connect', { input: [secretUrl, token], env: debug, fetch });
    }

    // Everything that works, by webhook …
    await stage.run(`portals connect --member-id ${memberId}`, { input: [url, token], env: debug });
    await stage.run(`portals connect --json --webhook ${url} --application-token ${token}`, { env: debug });
    for (const command of [
      'portals list',
      `portals show ${domain}`,
      `rules push ${rules} --portal ${domain}`,
      'rules show --source',
      'tasks list',
      `portals mode ${domain} enforce --confirm ${domain}`,
      `portals resume ${domain}`,
    ]) {
      await stage.run(command, { env: debug });
      await stage.run(`${command} --json`);
    }
    portal.revokeWebhooks();
    await stage.run(`rules push ${rules} --portal ${domain}`, { env: debug });
    await stage.run(`portals show ${domain}`);

    // … and by app, with a wrong secret and with the right one.
    const other = await stage.simulator.addPortal();
    const app = await stage.install(other);
    const pending = await stage.credentials.pending(other.memberId);
    const refreshToken = pending?.installations[0]?.refreshToken ?? '';
    const input = [app.clientId, canary('secret')];
    await stage.run('portals credentials', { input, env: debug });
    await stage.run('portals credentials', { input, env: debug, fetch: echo });
    await stage.run('portals credentials', { input, env: debug, fetch: broken });
    stage.now += 100_000;
    await stage.run('portals credentials', { input: [app.clientId, app.clientSecret], env: debug });
    const held = await stage.credentials.get(other.memberId);
    await stage.run(`portals show ${other.domain}`);
    await stage.run(`portals mode ${other.domain} enforce --confirm ${other.domain}`, { env: debug });
    // A row that nobody can read.
    await stage.tables.credentials.put({ memberId, kind: 'webhook', url: canary('row') });
    await stage.run(`portals mode ${domain} observe`);
    await stage.run(`rules push ${rules} --portal ${domain}`, { env: debug });

    expect(held?.kind).toBe('oauth');
    const secrets = [
      token,
      code,
      url,
      url.split('/').at(-2) ?? '',
      app.clientSecret,
      refreshToken,
      ...(held?.kind === 'oauth' ? [held.accessToken, held.refreshToken] : []),
    ];
    for (const secret of secrets) {
      expect(secret.length).toBeGreaterThan(10);
      expect(stage.output).not.toContain(secret);
    }
    expect(stage.output).not.toContain('canary');
    expect(stage.output).not.toMatch(/[0-9a-f]{64}/);
  });
});
