import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { CliStage } from './cli-stage.ts';

const good = `version: 1
rules:
  - id: competitors
    when: { type: deal, pipelines: [5], stages: ["Chose a competitor", "C5:LOSE"] }
    wait: 30d
    delete: [deal-contacts]
  - id: others
    enabled: false
    when: { type: deal, stages: all-lost }
    delete: [deal-contacts]
`;

describe('rules', () => {
  let stage: CliStage;
  beforeEach(async () => {
    stage = await CliStage.start();
    await stage.connect();
  });
  afterEach(() => stage.close());

  test('check names each problem with its line, column and field', async () => {
    const bad = await stage.file('bad.yaml', good.replace('30d', '30 days').replace('pipelines', 'pipeline'));

    const { code, stdout, stderr } = await stage.run(`rules check ${bad}`);

    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(
      `${bad}:4:25 rules[0].when.pipeline: "pipeline" is no known key (did you mean "pipelines"?)\n`,
    );
    expect(stderr).toContain(`${bad}:5:11 rules[0].wait: must be a time from 0m to 10y`);
  });

  test('check gives the problems as JSON, too', async () => {
    const bad = await stage.file('bad.yaml', good.replace('30d', '30 days'));
    const { code, stdout } = await stage.run(`rules check ${bad} --json`);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, problems: [{ line: 5, column: 11, path: 'rules[0].wait' }] });
  });

  test('check needs neither tables nor a portal', async () => {
    const file = await stage.file('rules.yaml', good);
    const { code, stdout } = await stage.run(`rules check ${file}`, { env: { TIDY24_DYNAMODB_PORT: '1' } });
    expect(code).toBe(0);
    expect(stdout).toContain('is in order: 2 rules.');
    expect(await stage.run(`rules check ${file}.gone`)).toMatchObject({
      code: 1,
      stderr: `error: ${file}.gone cannot be read: there is no such file.\n`,
    });
  });

  test('push replaces the names of stages by their codes and puts the rules in force', async () => {
    const { memberId, domain } = stage.portal;
    const file = await stage.file('rules.yaml', good);
    stage.now = Date.UTC(2027, 0, 1, 10, 0, 0, 400);

    const { code, stdout } = await stage.run(`rules push ${file} --portal ${domain}`);

    expect(code).toBe(0);
    expect(stdout).toBe(
      `Version 1 of the rules is in force on ${domain} (mode observe):\n` +
        '  competitors: deals of pipeline 5 in C5:UC_7K2M, C5:LOSE, after 30d: deal-contacts; for losses since 2027-01-01T10:00:00.000Z\n' +
        '  others (switched off): deals of every pipeline in every lost stage, after 1d: deal-contacts; for losses since 2027-01-01T10:00:00.000Z\n',
    );
    expect(await stage.portals.rules(memberId, 1)).toMatchObject({
      pushedBy: 'ada@laptop',
      pushedAt: Date.UTC(2027, 0, 1, 10),
      source: good,
      rules: [{ id: 'competitors', when: { stages: ['C5:UC_7K2M', 'C5:LOSE'] } }, { id: 'others' }],
    });
    expect((await stage.portals.get(memberId))?.rulesVersion).toBe(1);
  });

  test('push refuses what the portal does not know, or does not call lost, and stores nothing', async () => {
    const { memberId, domain } = stage.portal;
    const bad = await stage.file(
      'bad.yaml',
      good.replace('"Chose a competitor"', '"Chose a compettitor"').replace('C5:LOSE', 'Renewed'),
    );

    const { code, stderr } = await stage.run(`rules push ${bad} --portal ${domain}`);

    expect(code).toBe(1);
    expect(stderr).toMatch(/bad\.yaml:4:\d+ rules\[0\]\.when\.stages\[0\]: .*did you mean "Chose a competitor"\?/);
    expect(stderr).toMatch(
      /bad\.yaml:4:\d+ rules\[0\]\.when\.stages\[1\]: "Renewed" is not a lost stage in pipeline 5/,
    );
    expect((await stage.portals.get(memberId))?.rulesVersion).toBeUndefined();
  });

  test('push keeps since when a rule has not changed, and counts versions on', async () => {
    const { domain } = stage.portal;
    const file = await stage.file('rules.yaml', good);
    await stage.run(`rules push ${file} --portal ${domain}`);
    stage.now += 3_600_000;

    const first = await stage.json(`rules show --portal ${domain} --version 1`);
    const second = await stage.json(`rules push ${file} --portal ${domain}`);

    expect(first).toMatchObject({ version: 1, inForce: true });
    const since = (first as { rules: { since: string }[] }).rules[0]?.since;
    expect(second).toMatchObject({ version: 2, rules: [{ id: 'competitors', since }, { id: 'others' }] });
  });

  test('push waits for a portal that is over its rate', async () => {
    const { domain, memberId } = stage.portal;
    const until = stage.now + 20_000;
    await stage.tables.portals.put({ memberId, sk: 'budget#rate', blockedUntil: until });
    const file = await stage.file('rules.yaml', good);
    expect((await stage.run(`rules push ${file} --portal ${domain}`)).code).toBe(0);
    expect(stage.now).toBeGreaterThanOrEqual(until);
  });

  test('show gives the version in force, an earlier one, and the file as it was pushed', async () => {
    const { domain } = stage.portal;
    await stage.run(`rules push ${await stage.file('a.yaml', good)} --portal ${domain}`);
    await stage.run(`rules push ${await stage.file('b.yaml', good.replace('30d', '2w'))} --portal ${domain}`);

    const inForce = await stage.run(`rules show`);
    const earlier = await stage.run(`rules show --portal ${domain} --version 1`);
    const source = await stage.run(`rules show --portal ${domain} --version 1 --source`);

    expect(inForce.stdout).toContain(`Version 2 of the rules of ${domain}, in force.`);
    expect(inForce.stdout).toContain('by ada@laptop.');
    expect(inForce.stdout).toContain('after 2w');
    expect(earlier.stdout).toContain('Version 1 of the rules');
    expect(earlier.stdout).toContain('after 30d');
    expect(source.stdout).toBe(good);
    expect((await stage.run('rules show --version 9')).stderr).toContain('has no version 9 of its rules');
  });

  test('a portal with an app whose secret only the deployment has is not paused for want of it', async () => {
    const { portal } = stage;
    const app = await stage.install(await stage.simulator.addPortal());
    const other = [...stage.simulator.portals.values()].find(({ memberId }) => memberId !== portal.memberId);
    const memberId = other?.memberId ?? '';
    await stage.run(`portals credentials ${memberId}`, { input: [app.clientId, app.clientSecret] });
    await stage.tables.credentials.update({ memberId }, { set: 'REMOVE #app' });
    other?.expireAccessTokens();

    const { code, stderr } = await stage.run(`rules push ${await stage.file('a.yaml', good)} --portal ${memberId}`);

    expect(code).toBe(1);
    expect(stderr).toContain('Set TIDY24_APP_PARAMETER');
    expect((await stage.portals.get(memberId))?.pause).toBeUndefined();
  });
});
