import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { CliStage } from './cli-stage.ts';

describe('portals mode', () => {
  let stage: CliStage;
  beforeEach(async () => {
    stage = await CliStage.start();
    await stage.connect();
  });
  afterEach(() => stage.close());

  const modeNow = async () => (await stage.portals.get(stage.portal.memberId))?.mode;

  test('enforces from the full second on, when the domain is confirmed', async () => {
    const { domain, memberId } = stage.portal;
    stage.now = Date.UTC(2027, 0, 1, 10, 0, 0, 999);

    const { code, stdout } = await stage.run(`portals mode ${memberId} enforce --confirm ${domain}`);

    expect(code).toBe(0);
    expect(stdout).toContain('deletes, for losses since 2027-01-01T10:00:00.000Z');
    expect(await stage.portals.get(memberId)).toMatchObject({
      mode: 'enforce',
      enforcedAt: Date.UTC(2027, 0, 1, 10, 0, 0),
    });
  });

  test('enforces when a person types the domain, which is asked for', async () => {
    const { domain } = stage.portal;
    const { code, stderr } = await stage.run(`portals mode ${domain} enforce`, { typed: [domain] });
    expect(code).toBe(0);
    expect(stderr).toContain(`Type its domain, ${domain}, to go on: `);
    expect(await modeNow()).toBe('enforce');
  });

  test('again does not move the moment from which it is enforced', async () => {
    const { domain, memberId } = stage.portal;
    await stage.run(`portals mode ${domain} enforce --confirm ${domain}`);
    const before = await stage.portals.get(memberId);
    stage.now += 60_000;

    const { code, stdout } = await stage.run(`portals mode ${domain} enforce --confirm ${domain}`);

    expect(code).toBe(0);
    expect(stdout).toContain('in mode enforce already');
    expect((await stage.portals.get(memberId))?.enforcedAt).toBe(before?.enforcedAt);
  });

  test('goes back to observe without being asked', async () => {
    const { domain } = stage.portal;
    await stage.run(`portals mode ${domain} enforce --confirm ${domain}`);
    expect(await stage.json(`portals mode ${domain} observe`)).toMatchObject({ mode: 'observe' });
    expect(await modeNow()).toBe('observe');
  });

  test('is refused when the domain is another, or nobody can be asked', async () => {
    const { domain } = stage.portal;
    const other = await stage.run(`portals mode ${domain} enforce --confirm demo.bitrix24.com`);
    const typo = await stage.run(`portals mode ${domain} enforce`, { typed: [`${domain}x`] });
    const script = await stage.run(`portals mode ${domain} enforce`, { input: [domain] });
    expect([other.code, typo.code, script.code]).toEqual([1, 1, 1]);
    expect(typo.stderr).toContain('Nothing was changed');
    expect(script.stderr).toContain(`--confirm ${domain}`);
    expect(await modeNow()).toBe('observe');
  });

  test('is refused when the credentials are no administrator’s', async () => {
    const { domain } = stage.portal;
    stage.portal.changeUser(1, { admin: false });
    const { code, stderr } = await stage.run(`portals mode ${domain} enforce --confirm ${domain}`);
    expect(code).toBe(1);
    expect(stderr).toContain('who is NO administrator');
    expect(await modeNow()).toBe('observe');
  });

  test('is refused while the portal is not active', async () => {
    const { domain, memberId } = stage.portal;
    await stage.portals.change(memberId, { state: 'pending' });
    const { code, stderr } = await stage.run(`portals mode ${domain} enforce --confirm ${domain}`);
    expect(code).toBe(1);
    expect(stderr).toContain(`${domain} is pending, and only an active portal can be enforced`);
  });

  test('is refused, and the portal paused, when its webhook is gone', async () => {
    const { domain } = stage.portal;
    stage.portal.revokeWebhooks();
    const { code, stderr } = await stage.run(`portals mode ${domain} enforce --confirm ${domain}`);
    expect(code).toBe(1);
    expect(stderr).toContain(`${domain} is paused: The incoming webhook is wrong or has expired`);
    expect(await modeNow()).toBe('observe');
  });
});
