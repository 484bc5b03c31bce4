import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { CliStage } from './cli-stage.ts';
import { furnish, pass } from './failed-tasks.ts';

const minute = 60_000;

describe('portals pause and resume', () => {
  let stage: CliStage;
  let domain: string;
  beforeEach(async () => {
    stage = await CliStage.start();
    await furnish(stage);
    ({ domain } = stage.portal);
  });
  afterEach(() => stage.close());

  const stored = () => stage.portals.get(stage.portal.memberId);

  test('pause stops a portal, with who and why; resume lets it go on', async () => {
    const ran = await stage.run(['portals', 'pause', domain, '--reason', 'Import until\u001b Monday']);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.stdout).toContain(
      `${domain} is paused. Its tasks wait until: npx tidy24 portals resume ${domain} --local`,
    );
    expect((await stored())?.pause).toMatchObject({
      code: 'by-hand',
      reason: 'Paused by ada@laptop: Import until Monday',
      since: stage.now,
    });
    expect((await stage.run(`portals show ${domain}`)).stdout).toContain('Import until Monday');
    expect(await stage.run(`portals resume ${domain}`)).toMatchObject({ code: 0 });
    expect((await stored())?.pause).toBeUndefined();
  });

  test('pause leaves the reason of an earlier pause, and a portal that is disconnected, alone', async () => {
    await stage.portals.pause(stage.portal.memberId, { code: 'overload-limit', reason: 'Too much.' });
    expect(await stage.json(`portals pause ${domain}`)).toMatchObject({ paused: false });
    expect((await stored())?.pause).toMatchObject({ code: 'overload-limit' });
    await stage.portals.resume(stage.portal.memberId);
    await stage.portals.change(stage.portal.memberId, { state: 'disconnected' });
    expect(await stage.run(`portals pause ${domain}`)).toMatchObject({ code: 1 });
    expect((await stage.run(['portals', 'pause', domain, '--reason', 'x'.repeat(301)])).code).toBe(2);
  });

  test('resume names what would pause the portal again, and leaves it paused', async () => {
    await stage.run(`portals pause ${domain}`);
    stage.portal.revokeWebhooks();
    const ran = await stage.run(`portals resume ${domain}`);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/stays paused, because it would be paused again at once\. .*webhook/);
    expect((await stored())?.pause).toMatchObject({ code: 'by-hand' });
    expect(await stage.run(`portals resume ${domain} --json`)).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('"stillWrong"'),
    });
  });

  test('resume names rights that are missing: a portal that deletes stays paused, one that observes is told of', async () => {
    await stage.run(`portals pause ${domain}`);
    stage.portal.changeUser(1, { admin: false });
    expect((await stage.run(`portals resume ${domain}`)).stderr).toContain('who is NO administrator');
    expect((await stored())?.pause).toBeDefined();
    await stage.run(`portals mode ${domain} observe`);
    const ran = await stage.run(`portals resume ${domain}`);
    expect(ran).toMatchObject({ code: 0, stderr: expect.stringMatching(/^warning: .* who is NO administrator/) });
    expect((await stored())?.pause).toBeUndefined();
  });

  test('resume goes on where the portal does not answer at this moment, and says that it was not asked', async () => {
    await stage.run(`portals pause ${domain}`);
    stage.portal.faults.add({ when: { method: 'profile' }, give: { type: 'html', status: 502 } });
    const ran = await stage.run(`portals resume ${domain}`);
    expect(ran).toMatchObject({ code: 0, stderr: expect.stringContaining('could not be asked whether all is well') });
    expect((await stored())?.pause).toBeUndefined();
  });

  test('resume waits for a portal that is over its limits', async () => {
    await stage.run(`portals pause ${domain}`);
    stage.portal.faults.add({
      when: { method: 'profile' },
      give: { type: 'error', status: 503, error: 'QUERY_LIMIT_EXCEEDED' },
    });
    const before = stage.now;
    expect(await stage.run(`portals resume ${domain}`)).toMatchObject({ code: 0, stderr: '' });
    expect(stage.now).toBeGreaterThan(before);
    pass(stage, minute);
  });
});
