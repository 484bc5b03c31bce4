import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { AuditLog, type AuditEntry, deploymentAudit } from '../../../lib/portals/audit-log.ts';
import { CliStage } from './cli-stage.ts';
import { planned } from './task-rows.ts';

const day = 86_400_000;
const secret = 'canaryZq7w9x2v4b6n8m0k1';

describe('the audit log', () => {
  let stage: CliStage;
  let audit: AuditLog;
  beforeEach(async () => {
    stage = await CliStage.start();
    await stage.connect();
    stage.now += 1_000;
    audit = new AuditLog(
      stage.tables.portals,
      () => stage.now,
      () => crypto.randomUUID(),
    );
  });
  afterEach(() => stage.close());

  const entriesOf = async (memberId?: string): Promise<readonly AuditEntry[]> =>
    (await audit.list({ memberId, since: 0, until: stage.now + day })).entries;
  const last = async (): Promise<AuditEntry | undefined> => (await entriesOf())[0];

  test('a command that changes something leaves who, when, what and how it ended', async () => {
    const { domain, memberId } = stage.portal;
    const at = stage.now;
    await stage.run(['portals', 'pause', domain, '--reason', 'Import until Monday']);

    expect(await entriesOf(memberId)).toEqual([
      {
        memberId,
        sk: expect.stringMatching(new RegExp(`^audit#${new Date(at).toISOString()}#[0-9a-f-]{36}$`)),
        at,
        by: 'ada@laptop',
        command: 'portals pause',
        args: [domain, '--reason', 'Import until Monday'],
        endedAt: at,
        result: 'done',
      },
      expect.objectContaining({ memberId: deploymentAudit, command: 'portals connect', portal: memberId }),
    ]);
  });

  test('a hold leaves which records it was put on, or taken from', async () => {
    await stage.run('hold add deal:101 1044:12 --until 2127-01-31');
    expect(await last()).toMatchObject({
      command: 'hold add',
      args: ['deal 101', 'type 1044 12', '--until', expect.any(String)],
    });
    stage.now += 1_000;
    await stage.run('hold remove deal:101');
    expect(await last()).toMatchObject({ command: 'hold remove', args: ['deal 101'] });
  });

  test('a command that fails leaves why', async () => {
    const { domain } = stage.portal;
    await stage.run(`portals mode ${domain} enforce --confirm wrong.example.com`);
    expect(await last()).toMatchObject({
      command: 'portals mode',
      args: [domain, 'enforce', '--confirm', 'wrong.example.com'],
      result: 'failed',
      text: expect.stringContaining("That is not the portal's domain"),
    });
  });

  test('a command that is killed leaves that it began', async () => {
    const { domain } = stage.portal;
    const atWork = Promise.withResolvers<void>();
    const killed = Promise.withResolvers<Response>();
    const run = stage.run(`portals mode ${domain} enforce --confirm ${domain}`, {
      fetch: () => {
        atWork.resolve();
        return killed.promise;
      },
    });
    await atWork.promise;
    expect(await last()).toMatchObject({ command: 'portals mode' });
    expect(await last()).not.toHaveProperty('endedAt');
    expect((await stage.run('audit')).stdout).toMatch(/portals mode \S+ enforce .*no end: killed, or at work/);
    // So that nothing of it is at the table when that is closed.
    killed.resolve(Response.json({}, { status: 500 }));
    await run;
  });

  test('what only reads leaves nothing, nor what is only tried out', async () => {
    const before = (await entriesOf()).length;
    for (const command of ['portals list', 'tasks list', 'tasks export', 'audit', 'dlq redrive --all --dry-run']) {
      await stage.run(command);
    }
    expect(await entriesOf()).toHaveLength(before);
  });

  test.each(['--since 1d --until 2d', '--since 2099-01-01', '--since 2099-01-01 --until 2099-02-01'])(
    'with %s there is nothing that audit could say',
    async (options) => {
      const { code, stdout, stderr } = await stage.run(`audit ${options}`);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(/^error: --since (has to be before --until|is still to come)\n$/);
    },
  );

  test('no secret is kept, wherever it was given', async () => {
    const { domain } = stage.portal;
    await stage.run([
      'portals',
      'connect',
      '--webhook',
      `https://${domain}/rest/1/${secret}/`,
      '--application-token',
      secret,
    ]);
    await stage.run(['portals', 'pause', domain, '--reason', `token=${secret}`]);
    await stage.run(['portals', 'pause', `https://${domain}/rest/1/${secret}/`]);
    await stage.run(['portals', 'pause', secret]);
    await stage.run(['portals', 'move', domain, secret]);
    await stage.run(['portals', 'credentials', domain, '--client-id', secret, '--client-secret', secret]);
    await stage.run(['dlq', 'drop', '--code', secret, '--reason', secret]);
    await stage.run(['rules', 'push', `/tmp/${secret}`, '--portal', secret]);
    await stage.run(['tasks', 'cancel', secret, '--reason', 'x']);
    const key = ((await stage.json(`portals robot-key ${domain}`)) as { path: string }).path.split('=')[1] ?? '';

    const rows = JSON.stringify(await entriesOf());
    expect((await entriesOf()).length).toBeGreaterThan(9);
    expect(key.length).toBeGreaterThan(20);
    expect(rows).not.toContain(key);
    expect(rows).not.toContain('canary');
    expect(rows).toContain('--application-token');
  });

  test('tasks that are named are those of their portal', async () => {
    const taskId = await planned(stage);
    await stage.run(`tasks cancel ${taskId} --reason because`);
    expect(await last()).toMatchObject({
      memberId: stage.portal.memberId,
      args: [taskId.slice(0, 12), '--reason', 'because'],
      result: 'done',
    });
  });

  test('audit shows a period and a portal, and passes over rows that cannot be read', async () => {
    const { domain, memberId } = stage.portal;
    await stage.run(`portals pause ${domain}`);
    stage.now += 40 * day;
    await stage.run(`portals resume ${domain}`);
    await stage.tables.portals.put({ memberId, sk: `audit#${new Date(stage.now).toISOString()}#x`, odd: true });

    const { stdout, stderr } = await stage.run('audit');
    expect(stdout).toContain('portals resume');
    expect(stdout).not.toContain('portals pause');
    expect(stderr).toContain('1 entry cannot be read');
    expect(await stage.json(`audit --portal ${domain} --since 60d`)).toMatchObject({
      entries: [
        { command: 'portals resume' },
        { command: 'portals pause', domain },
        { command: 'portals connect', domain },
      ],
      unreadable: 1,
    });
    expect(await stage.json('audit --since 60d --until 30d')).toMatchObject({ entries: [{}, {}] });
    stage.now += 40 * day;
    expect((await stage.run('audit')).stdout).toContain('Nobody changed anything');
    const until = new Date(stage.now - 45 * day).toISOString();
    const from = new Date(stage.now - 50 * day).toISOString();
    expect((await stage.run(`audit --since ${from} --until ${until}`)).stdout).toBe(
      `Nobody changed anything by the command line from ${from} to ${until}.\n`,
    );
    expect((await stage.run('audit --until 60d')).stdout).toContain('portals pause');
    // The rows of a portal beside the log are not in the way of anything else.
    expect((await stage.run('portals list')).code).toBe(0);
  });
});
