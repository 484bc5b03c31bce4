import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { tokenDigest } from '../../../lib/bitrix24/token-digest.ts';
import { verifySender } from '../../../lib/portals/verify-sender.ts';
import { openDoor, type PortalDoor } from '../support/portal-door.ts';
import { CliStage } from './cli-stage.ts';

describe('portals move', () => {
  let stage: CliStage;
  let before: PortalDoor;
  let after: PortalDoor;
  beforeEach(async () => {
    stage = await CliStage.start();
    before = await openDoor(stage.simulator.url);
    after = await openDoor(stage.simulator.url);
  });
  afterEach(async () => {
    await before.close();
    await after.close();
    await stage.close();
  });

  const webhookAt = (door: PortalDoor) => stage.portal.createWebhook().replace(stage.portal.domain, door.host);
  const redirect = () => {
    before.redirect = (path) => `http://${after.host}${path}`;
  };
  const stored = () => stage.portals.get(stage.portal.memberId);
  const doctor = () => stage.run('doctor');

  describe('of a portal by webhooks', () => {
    let url: string;
    beforeEach(async () => {
      url = webhookAt(before);
      await stage.connect({ url });
      redirect();
      await doctor();
      expect(await stored()).toMatchObject({
        domain: before.host,
        pause: { code: 'portal-moved', newDomain: after.host },
      });
    });
    const code = () => url.split('/').at(-2) ?? '';
    const webhook = async () => {
      const held = await stage.credentials.get(stage.portal.memberId);
      return held?.kind === 'webhook' ? held.url : undefined;
    };

    test('is what portals show says to do; it tries the webhook there, stores the address and goes on', async () => {
      const { memberId } = stage.portal;
      expect((await stage.run(`portals show ${memberId}`)).stdout).toContain(
        `npx tidy24 portals move ${before.host} ${after.host} --local`,
      );
      const record = { entityTypeId: 2, id: 7 };
      await stage.tasks.wantRead(memberId, { record, receivedAt: 1, source: 'app', nextAt: stage.now + 3_600_000 });

      const ran = await stage.run(`portals move ${before.host} ${after.host}`);

      expect(ran).toMatchObject({ code: 0, stderr: '' });
      expect(ran.stdout).toContain(`${before.host} is at ${after.host} now.`);
      expect(await webhook()).toBe(url.replace(before.host, after.host));
      const portal = await stored();
      expect(portal).toMatchObject({ domain: after.host, state: 'active' });
      expect(portal?.pause).toBeUndefined();
      expect((await doctor()).stdout).toContain('the incoming webhook works');
      expect((await stage.json('doctor')) as { ok: boolean }).toMatchObject({ ok: true });
      expect(stage.output).not.toContain(code());
    });

    test('asks for the address that the portal has named, and takes no other answer', async () => {
      const wrong = await stage.run(`portals move ${before.host}`, { typed: ['elsewhere.example'] });
      expect(wrong.code).toBe(1);
      expect(wrong.stderr).toContain('Nothing was changed');
      const silent = await stage.run(`portals move ${before.host}`);
      expect(silent.stderr).toContain(`npx tidy24 portals move ${before.host} ${after.host} --local`);
      expect(await webhook()).toBe(url);
      expect(after.requests).toEqual([]);

      expect(await stage.run(`portals move ${before.host}`, { typed: [after.host] })).toMatchObject({ code: 0 });
      expect(await stored()).toMatchObject({ domain: after.host });
    });

    test.each([
      ['knows no such webhook', async () => (await stage.simulator.addPortal()).domain, 'INVALID_CREDENTIALS'],
      [
        'redirects again',
        async () => {
          after.redirect = (path) => `http://${before.host}${path}`;
          return after.host;
        },
        'moved to',
      ],
      ['does not answer', async () => '127.0.0.1:9', 'did not answer'],
    ])('stores nothing when the new address %s', async (_, host, said) => {
      const { code: exitCode, stderr } = await stage.run(`portals move ${before.host} ${await host()}`);
      expect(exitCode).toBe(1);
      expect(stderr).toContain(said);
      expect(await webhook()).toBe(url);
      expect(await stored()).toMatchObject({ domain: before.host, pause: { code: 'portal-moved' } });
      expect(stage.output).not.toContain(code());
    });

    test('goes on where it died between the webhook and the domain', async () => {
      const { memberId } = stage.portal;
      await stage.credentials.moveWebhook(memberId, url, url.replace(before.host, after.host));
      expect(await stage.run(`portals move ${memberId} ${after.host}`)).toMatchObject({ code: 0 });
      expect(await stored()).toMatchObject({ domain: after.host });
      expect((await stored())?.pause).toBeUndefined();
    });

    test('leaves a pause for another reason alone', async () => {
      await stage.portals.resume(stage.portal.memberId);
      await stage.portals.pause(stage.portal.memberId, { code: 'by-hand', reason: 'Holidays.' });
      const ran = await stage.run(`portals move ${before.host} ${after.host}`);
      expect(ran).toMatchObject({ code: 0, stderr: expect.stringContaining('is still paused: Holidays.') });
      expect(await stored()).toMatchObject({ domain: after.host, pause: { code: 'by-hand' } });
    });
  });

  test('takes a connection along that waits for its first event, which is believed at the new address', async () => {
    await stage.run('portals connect', { input: [webhookAt(before), 'an-application-token'] });
    redirect();
    await doctor();
    expect(await stage.run(`portals move ${before.host} ${after.host}`)).toMatchObject({ code: 0 });
    expect((await stage.portals.list()).map(({ memberId }) => memberId)).toEqual([`pending@${after.host}`]);

    const claim = { unverified: { tokenDigest: tokenDigest('an-application-token'), domain: after.host } };
    const parts = { portals: stage.portals, credentials: stage.credentials, clock: () => stage.now };
    const { trusted } = await verifySender(parts, stage.portal.memberId, undefined, [claim]);
    expect(trusted).toEqual([claim]);
    expect(await stored()).toMatchObject({ domain: after.host, state: 'active' });
    expect((await stored())?.pause).toBeUndefined();
  });

  describe('of a portal by an app', () => {
    beforeEach(async () => {
      const app = await stage.install();
      await stage.run('portals credentials', { input: [app.clientId, app.clientSecret] });
      const { memberId } = stage.portal;
      const held = await stage.credentials.get(memberId);
      if (held?.kind !== 'oauth') throw new Error('No tokens');
      await stage.credentials.put({
        ...held,
        clientEndpoint: before.endpoint,
        tokenUrl: `http://${before.host}/oauth/token/`,
      });
      await stage.portals.change(memberId, { domain: before.host });
      redirect();
      before.names = before.endpoint;
      await doctor();
      expect(await stored()).toMatchObject({ pause: { code: 'portal-moved', newDomain: after.host } });
    });

    test('needs the word of the authorization server as well', async () => {
      const ran = await stage.run(`portals move ${before.host} ${after.host}`);
      expect(ran.code).toBe(1);
      expect(ran.stderr).toContain(`The authorization server names ${before.host} and not ${after.host}.`);
      expect(after.requests).toEqual([]);
      expect(await stored()).toMatchObject({ domain: before.host, pause: { code: 'portal-moved' } });
    });

    test('stores the address that both name and lets the work go on', async () => {
      before.names = after.endpoint;
      expect(await stage.run(`portals move ${before.host} ${after.host}`)).toMatchObject({ code: 0, stderr: '' });
      expect(await stored()).toMatchObject({ domain: after.host });
      expect((await stored())?.pause).toBeUndefined();
      expect(await stage.credentials.get(stage.portal.memberId)).toMatchObject({ clientEndpoint: after.endpoint });
    });
  });

  test.each(['https://new.example/', 'new.example/rest/1/abc', 'localhost'])(
    'does not take %s for a host',
    async (host) => {
      await stage.connect();
      const ran = await stage.run(`portals move ${stage.portal.domain} ${host}`);
      expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining('takes the name of a host alone') });
    },
  );
});
