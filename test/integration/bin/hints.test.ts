import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { CliStage } from './cli-stage.ts';
import { ended, planned } from './task-rows.ts';

const day = 86_400_000;

describe('a command that is told to go on with leads to the same place', () => {
  let stage: CliStage;
  beforeEach(async () => {
    stage = await CliStage.start();
  });
  afterEach(() => stage.close());

  /** The commands that a person would copy from what was printed. */
  const hints = async (command: string): Promise<string[]> => {
    const { stdout, stderr } = await stage.run(command);
    return `${stdout}${stderr}`.match(/npx tidy24 .*/g) ?? [];
  };

  test('without any portal', async () => {
    expect(await hints('tasks list')).toEqual(['npx tidy24 portals connect --local']);
    expect(await hints('portals show demo.bitrix24.com')).toEqual(['npx tidy24 portals list --local']);
  });

  test('on a portal that has nothing yet', async () => {
    await stage.connect();
    const { domain } = stage.portal;
    const push = `npx tidy24 rules push rules.yaml --portal ${domain} --local`;
    expect(await hints('rules show')).toEqual([push]);
    expect(await hints('rules plan')).toEqual([`npx tidy24 rules plan rules.yaml --portal ${domain} --local`]);
    expect(await hints('hold list')).toEqual([`npx tidy24 hold add deal:101 --portal ${domain} --local`]);
    expect(await hints(`tasks show ${'ab'.repeat(32)}`)).toEqual(['npx tidy24 tasks list --local']);
    expect(await hints(`portals credentials ${domain}`)).toEqual(['npx tidy24 portals connect --local']);
    await stage.portals.change(stage.portal.memberId, { tokenDigests: [] });
    expect(await hints('doctor')).toContain('npx tidy24 portals connect --local');
  });

  test('on a portal that observes', async () => {
    await stage.connect();
    const { domain } = stage.portal;
    const observed = await planned(stage);
    await ended(stage, observed, [], { status: 'observed', reason: 'portal-observes' });
    expect(await hints(`tasks enforce ${observed}`)).toEqual([`npx tidy24 portals mode ${domain} enforce --local`]);
    const open = await planned(stage, { record: { entityTypeId: 2, id: 2 } });
    expect(await hints(`tasks forget ${open} --yes`)).toEqual([
      `npx tidy24 tasks cancel ${open.slice(0, 12)} --reason "…" --local`,
    ]);
  });

  test('on a portal whose app is the deployment’s own, which is not known here', async () => {
    const { memberId } = stage.portal;
    const app = await stage.install();
    await stage.run('portals credentials', { input: [app.clientId, app.clientSecret] });
    const row = await stage.tables.credentials.get({ memberId });
    await stage.tables.credentials.put({ ...row, memberId, app: undefined });
    stage.now += day;
    stage.simulator.clockOffset(day);
    const file = await stage.file('rules.yaml', rules);
    expect(await hints(`rules check ${file} --portal ${memberId}`)).toEqual(['npx tidy24 portals credentials --local']);
  });
});

const rules = `
version: 1
rules:
  - id: deals
    when: { type: deal, stages: all-lost }
    delete: [deal-contacts]
`;
