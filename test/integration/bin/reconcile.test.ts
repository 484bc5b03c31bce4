import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { CliStage } from './cli-stage.ts';

const day = 24 * 3600 * 1000;

describe('reconcile', () => {
  let stage: CliStage;
  let memberId: string;

  beforeEach(async () => {
    stage = await CliStage.start();
    await stage.connect();
    ({ memberId } = stage.portal);
    stage.portal.addType({ entityTypeId: 1044, title: 'Projects' });
    const file = await stage.file(
      'rules.yaml',
      `version: 1
rules:
  - { id: spam, when: { type: deal, stages: all-lost }, delete: [deal-contacts] }
  - { id: off, enabled: false, when: { type: lead, stages: all-lost }, delete: [lead] }
  - { id: projects, when: { type: 1044, stages: all-lost }, delete: [item] }
`,
    );
    const pushed = await stage.run(['rules', 'push', file, '--portal', memberId]);
    if (pushed.code !== 0) throw new Error(pushed.stderr);
  });
  afterEach(() => stage.close());

  const row = () => stage.tasks.backlogs.get(memberId);
  const chore = () => stage.tables.tasks.get({ taskId: `chore:${memberId}:backlog`, sk: 'chore' });

  test('--detach asks for it and ends: the clock sends it to be worked off', async () => {
    const { code, stdout, stderr } = await stage.run(`reconcile --portal ${memberId} --since 30d --detach`);
    expect(code).toBe(0);
    expect(stdout).toContain('asked for by ada@laptop');
    expect(stdout).toContain('--status');
    expect(stderr).toContain('mode observe');
    expect(await row()).toMatchObject({ since: stage.now - 30 * day, types: { 2: { found: 0 }, 1044: { found: 0 } } });
    expect(await chore()).toMatchObject({ nextAt: stage.now, chore: 'backlog' });
  });

  test('by a rule looks for its type alone', async () => {
    await stage.run(`reconcile --since 2026-01-01 --rule spam --detach`);
    expect(await row()).toMatchObject({ since: Date.UTC(2026, 0, 1), rules: ['spam'] });
    expect(Object.keys((await row())?.types ?? {})).toEqual(['2']);
  });

  test('waits for the end and shows how far it is', async () => {
    let looks = 0;
    const running = stage.run(`reconcile --since 30d`, {
      onSleep: async () => {
        looks += 1;
        const backlog = await row();
        if (!backlog) return;
        if (looks === 2) {
          await stage.tasks.backlogs.advance(memberId, backlog, {
            entityTypeId: 2,
            from: 0,
            to: 50,
            found: 50,
            done: false,
          });
        }
        if (looks === 4) await stage.tasks.backlogs.end(memberId, backlog, 'finished');
      },
    });
    const { code, stdout, stderr } = await running;
    expect(code).toBe(0);
    expect(stderr).toContain('0 records named');
    expect(stderr).toContain('50 records named');
    expect(stdout).toContain('All of it is named');
    expect(await stage.json('reconcile --status')).toMatchObject({
      backlog: {
        state: 'finished',
        named: 50,
        types: [
          { entityTypeId: 2, named: 50 },
          { entityTypeId: 1044, named: 0 },
        ],
      },
    });
  });

  test('ends its waiting on Ctrl-C and not the work', async () => {
    const { code, stdout } = await stage.run(`reconcile --since 30d`, { onSleep: () => stage.interrupt?.() });
    expect(code).toBe(0);
    expect(stdout).toContain('being worked off');
    expect((await row())?.ended).toBeUndefined();
  });

  test('is refused while one runs, and --stop ends that one', async () => {
    await stage.run(`reconcile --since 30d --detach`);
    const second = await stage.run(`reconcile --since 60d --detach`);
    expect(second.code).toBe(1);
    expect(second.stderr).toContain('already, for ada@laptop');
    expect(second.stderr).toContain('--stop');
    expect((await stage.run('reconcile --stop')).code).toBe(0);
    expect((await row())?.ended).toBe('stopped');
    expect((await stage.run('reconcile --stop')).code).toBe(1);
    expect((await stage.run(`reconcile --since 60d --detach`)).code).toBe(0);
  });

  test('--dry-run counts what is lost and writes nothing', async () => {
    stage.portal.importDeals(60, { stageId: 'LOSE', silent: true });
    stage.portal.addDeal({ silent: true });
    const before = await stage.tables.portals.get({ memberId, sk: 'stages#1044' });
    expect(await stage.json(`reconcile --since 30d --dry-run`)).toMatchObject({
      dryRun: true,
      types: [
        { entityTypeId: 2, lost: 60 },
        { entityTypeId: 1044, lost: 0 },
      ],
    });
    expect(await row()).toBeUndefined();
    expect(await stage.tables.portals.get({ memberId, sk: 'stages#1044' })).toEqual(before);
  });

  test.each([
    ['', 'Say since when', 2],
    ['--since yesterday', 'a day that has begun', 2],
    ['--since 2026-02-30', 'a day that has begun', 2],
    ['--since 2999-01-01', 'a day that has begun', 2],
    ['--since 30d --status', 'cannot be used with', 2],
    ['--since 30d --rule off', 'no rule off that is switched on', 1],
    ['--since 30d --rule nobody', 'It has: spam, projects', 1],
  ])('refuses "%s"', async (options, said, expected) => {
    const { code, stderr } = await stage.run(`reconcile ${options}`.trim());
    expect(stderr).toContain(said);
    expect(code).toBe(expected);
    expect(await row()).toBeUndefined();
  });

  test('says that nobody has asked', async () => {
    expect((await stage.run('reconcile --status')).stdout).toContain('Nobody has asked');
  });
});
