import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { BudgetStore } from '../../../lib/portals/budgets.ts';
import { CliStage } from './cli-stage.ts';

describe('portals list, show and resume', () => {
  let stage: CliStage;
  beforeEach(async () => {
    stage = await CliStage.start();
  });
  afterEach(() => stage.close());

  test('an empty list says how to begin', async () => {
    const { code, stdout } = await stage.run('portals list');
    expect(code).toBe(0);
    expect(stdout).toContain('npx tidy24 portals connect --local');
    expect(stdout).toContain('npx tidy24 portals credentials --local');
    expect(await stage.json('portals list')).toEqual([]);
  });

  test('lists in aligned columns', async () => {
    await stage.connect();
    await stage.portals.pause(stage.portal.memberId, { code: 'overload-limit', reason: 'Bitrix24 has blocked REST.' });
    const [heading = '', row = ''] = (await stage.run('portals list')).stdout.split('\n');
    expect(heading).toMatch(/^DOMAIN +MEMBER ID +STATE +MODE +RULES +PAUSED$/);
    expect(row).toMatch(/^127\.0\.0\.1:\d+ +[0-9a-f]{32} +active +observe +- +overload-limit$/);
    expect(row.indexOf('active')).toBe(heading.indexOf('STATE'));
  });

  test('shows how long deletions took on a portal', async () => {
    await stage.connect();
    const { memberId, domain } = stage.portal;
    const use = { operating: 3, resetAt: stage.now, at: stage.now };
    await new BudgetStore(stage.tables.portals, () => stage.now).setOperating(
      memberId,
      new Map([
        ['crm.deal.contact.items.delete', { ...use, perCall: 0.094 }],
        ['crm.item.delete#3', { ...use, perCall: 12.6 }],
        ['crm.item.list', { ...use, perCall: 0.2 }],
      ]),
    );
    const { stdout } = await stage.run(`portals show ${domain}`);
    expect(stdout).toMatch(/^measured +0\.09 s a call of crm\.deal\.contact\.items\.delete$/m);
    expect(stdout).toMatch(/^ +13 s a call of crm\.item\.delete of contact$/m);
    expect(stdout).not.toContain('crm.item.list');
    expect(await stage.json(`portals show ${domain}`)).toMatchObject({ measured: { 'crm.item.delete#3': 12.6 } });
  });

  test('shows what is kept stricter than it is set, and until when; later no more', async () => {
    await stage.connect();
    const { memberId, domain } = stage.portal;
    const method = 'crm.deal.contact.items.delete';
    const budgets = new BudgetStore(stage.tables.portals, () => stage.now);
    const use = { operating: 3, resetAt: stage.now, at: stage.now, perCall: 1 };
    await budgets.setOperating(memberId, new Map([[method, use]]));
    expect((await stage.run(`portals show ${domain}`)).stdout).not.toContain('stricter');

    const strict = { steps: 1, since: stage.now, at: stage.now };
    await stage.portals.change(memberId, { strictness: strict });
    await budgets.tightenOperating(memberId, method, undefined);

    const [since, soon, later] = [0, 10, 360].map((minutes) => new Date(stage.now + minutes * 60_000).toISOString());
    const then = (until = '') => `since ${since}: it refuses more. As set again by ${until}, unless refused again`;
    const lines = (await stage.run(`portals show ${domain}`)).stdout
      .split('\n')
      .map((line) => line.replace(/ {2,}/, ' '));
    expect(lines).toContain(`stricter kept at 1.4 requests a second, 35 at once ${then(soon)}`);
    expect(lines).toContain(` kept at 408 s of ${method} ${then(later)}`);
    expect(await stage.json(`portals show ${domain}`)).toMatchObject({
      limits: { requestsPerSecond: 2 },
      stricter: [
        { limit: 'requests', kept: { requestsPerSecond: 1.4, burst: 35 }, since, until: soon },
        { limit: method, kept: { operatingSeconds: 408 }, since, until: later },
      ],
    });

    stage.now += 10 * 60_000;
    expect(await stage.json(`portals show ${domain}`)).toMatchObject({ stricter: [{ limit: method }] });
    stage.now += 350 * 60_000;
    expect(await stage.json(`portals show ${domain}`)).toMatchObject({ stricter: [] });
  });

  test('shows a paused portal with what to do, and no digest', async () => {
    const { memberId, domain } = stage.portal;
    await stage.connect();
    await stage.portals.pause(memberId, { code: 'overload-limit', reason: 'Bitrix24 has blocked REST.' });

    const { stdout } = await stage.run(`portals show ${domain}`);

    expect(stdout).toMatch(/^ {2}why +Bitrix24 has blocked REST\.$/m);
    expect(stdout).toMatch(new RegExp(`^ {2}then +npx tidy24 portals resume ${domain} --local$`, 'm'));
    expect(stdout).toMatch(/^event tokens +1$/m);
    expect(stdout).not.toMatch(/[0-9a-f]{64}/);
    expect(await stage.json(`portals show ${memberId}`)).toMatchObject({
      tokens: 1,
      pause: { code: 'overload-limit' },
      rulesVersion: null,
    });
  });

  test('resumes a portal and makes its tasks due', async () => {
    const { memberId, domain } = stage.portal;
    await stage.connect();
    await stage.portals.pause(memberId, { code: 'overload-limit', reason: 'Bitrix24 has blocked REST.' });
    const { taskId } = await stage.tasks.create(
      {
        memberId,
        record: { entityTypeId: 2, id: 1 },
        rule: { id: 'spam', version: 1 },
        transition: { stageId: 'LOSE', movedTime: stage.now },
        run: 0,
      },
      { nextAt: stage.now + 3_600_000, source: 'webhook', history: [] },
    );

    const { code, stdout } = await stage.run(`portals resume ${domain}`);

    expect(code).toBe(0);
    expect(stdout).toContain('works again');
    expect((await stage.portals.get(memberId))?.pause).toBeUndefined();
    expect((await stage.tasks.get(taskId))?.nextAt).toBe(stage.now);
    expect((await stage.run(`portals resume ${domain}`)).stdout).toContain('is not paused');
  });

  test('says so when there is no such portal, or several have the domain', async () => {
    const { memberId, domain } = stage.portal;
    await stage.connect();
    const missing = await stage.run('portals show demo.bitrix24.com');
    expect(missing).toMatchObject({ code: 1, stdout: '' });
    expect(missing.stderr).toBe(
      'error: There is no portal demo.bitrix24.com. See which there are with: npx tidy24 portals list --local\n',
    );

    const portal = await stage.portals.get(memberId);
    if (portal) await stage.portals.create({ ...portal, memberId: 'fedcba98' });
    const several = await stage.run(`portals show ${domain}`);
    expect(several.code).toBe(1);
    expect(several.stderr).toContain('Name one by its member id: ');
    expect(several.stderr).toContain('fedcba98');
  });
});
