import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { choreId } from '../../../lib/tasks/due-ids.ts';
import { CliStage } from './cli-stage.ts';

const rules = `version: 1
rules:
  - id: unlink
    when: { type: deal, stages: all-lost }
    delete: [deal-contacts]
`;

describe('rules push on a portal with an app', () => {
  let stage: CliStage;
  let file: string;
  beforeEach(async () => {
    stage = await CliStage.start();
    const app = await stage.install();
    await stage.run('portals credentials', { input: [app.clientId, app.clientSecret] });
    file = await stage.file('rules.yaml', rules);
  });
  afterEach(() => stage.close());

  const push = () => stage.run(`rules push ${file} --portal ${stage.portal.domain}`);
  const bound = () =>
    stage.portal
      .calls('event.bind')
      .flatMap(({ params }) => (typeof params['event'] === 'string' ? [params['event']] : []))
      .filter((event) => event.startsWith('ONCRM'));
  const check = () => stage.tables.tasks.get({ taskId: choreId(stage.portal.memberId, 'check-app'), sk: 'chore' });

  test('binds the events that they need at once', async () => {
    expect(bound()).toEqual([]);
    expect(await push()).toMatchObject({ code: 0, stderr: '' });
    expect(bound()).toEqual(['ONCRMDEALUPDATE', 'ONCRMDEALADD', 'ONCRMDEALMOVETOCATEGORY']);
  });

  test('has it done by the function when the portal does not answer, and says so', async () => {
    stage.portal.faults.add({ when: { method: 'event.get' }, give: { type: 'html', status: 502 } });
    const { code, stdout, stderr } = await push();
    expect(code).toBe(0);
    expect(stdout).toContain('Version 1 of the rules is in force');
    expect(stderr).toMatch(/^warning: The events for these rules are not bound on .* yet: .* tried again/);
    expect(await check()).toMatchObject({ nextAt: stage.now });
  });

  test('has it done by the function when nobody here knows the address of tidy24', async () => {
    const { memberId } = stage.portal;
    const { eventsUrl: _, ...row } = (await stage.tables.portals.get({ memberId, sk: 'portal' })) ?? {};
    await stage.tables.portals.put(row);
    expect((await push()).stderr).toContain('has to send its events is not known here');
    expect(await check()).toMatchObject({ nextAt: stage.now });
    expect(bound()).toEqual([]);
  });
});
