import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { CliStage } from './cli-stage.ts';
import { failedTask, furnish, loseDeal, pass } from './failed-tasks.ts';

describe('dlq list and show', () => {
  let stage: CliStage;
  beforeEach(async () => {
    stage = await CliStage.start();
    await furnish(stage);
  });
  afterEach(() => stage.close());

  test('say so when there is nothing', async () => {
    expect((await stage.run('dlq list')).stdout).toBe('There are no dead letters.\n');
    expect(await stage.json('dlq list')).toEqual({ deadLetters: [], count: 0, codes: [], more: false });
  });

  test('list names what failed, why, how often and where, the newest first, and leaves it where it is', async () => {
    const { memberId, domain } = stage.portal;
    const task = await failedTask(stage, loseDeal(stage));
    pass(stage, 5_000);
    await stage.send('events-dlq', {
      v: 1,
      kind: 'record',
      memberId,
      record: { entityTypeId: 2, id: 77 },
      code: 'RECORD_UNREADABLE',
      description: 'No usable answer.',
      attempts: 100,
      at: stage.now,
    });

    const { code, stdout } = await stage.run('dlq list');
    const lines = stdout.split('\n');

    expect(code).toBe(0);
    expect(lines[0]).toMatch(/^ID +QUEUE +PORTAL +ABOUT +CODE +TRIES +FAILED$/);
    expect(lines[1]).toMatch(new RegExp(`^[0-9a-f]{8} +events +${domain} +deal 77 +RECORD_UNREADABLE +100 +20`));
    expect(lines[2]).toMatch(
      new RegExp(`^[0-9a-f]{8} +deletions +${domain} +deal ${task.record.id} +ACCESS_DENIED +3 +20`),
    );
    expect(stdout).toContain('By code: RECORD_UNREADABLE 1, ACCESS_DENIED 1');
    expect(await stage.visible('events-dlq')).toHaveLength(1);
    expect(await stage.visible('deletions-dlq.fifo')).toHaveLength(1);
  });

  test('list can be narrowed by code, portal and queue, and stops at its limit', async () => {
    for (const code of ['ACCESS_DENIED', 'ACCESS_DENIED', 'NOT_FOUND']) {
      await failedTask(stage, loseDeal(stage), { code });
    }
    const count = async (options: string) => ((await stage.json(`dlq list ${options}`)) as { count: number }).count;

    expect(await count('--code access_denied')).toBe(2);
    expect(await count(`--portal ${stage.portal.domain}`)).toBe(3);
    expect(await count(`--portal ${'ab'.repeat(16)}`)).toBe(0);
    expect(await count('--queue events')).toBe(0);
    expect((await stage.run('dlq list --limit 1')).stdout).toContain('There are 3: --limit 3');
    expect((await stage.run('dlq list --queue other')).code).toBe(2);
    expect((await stage.run('dlq list --portal nobody.example')).stderr).toContain('There is no portal');
  });

  test('show tells what the portal said and the story of the task, by the id of either', async () => {
    const { taskId, record } = await failedTask(stage, loseDeal(stage));
    const [message] = await stage.visible('deletions-dlq.fifo');

    for (const id of [message?.MessageId ?? '', taskId, taskId.slice(0, 8).toUpperCase()]) {
      const { code, stdout } = await stage.run(`dlq show ${id}`);
      expect(code).toBe(0);
      expect(stdout).toMatch(/^with +ACCESS_DENIED \(HTTP 403\)$/m);
      expect(stdout).toMatch(/^says +The portal says no\.$/m);
      expect(stdout).toMatch(/^tried +3 times$/m);
      expect(stdout).toContain(`Rule unlink (version 1) for deal ${record.id} on ${stage.portal.domain},`);
      expect(stdout).toContain(`npx tidy24 dlq redrive ${message?.MessageId ?? ''} --local`);
    }
    expect(await stage.json(`dlq show ${taskId}`)).toMatchObject({
      kind: 'task',
      code: 'ACCESS_DENIED',
      status: 403,
      domain: stage.portal.domain,
      task: { taskId, status: 'failed' },
    });
    expect((await stage.run('dlq show 00000000')).stderr).toContain('There is no dead letter 00000000');
    expect((await stage.run('dlq show x')).code).toBe(2);
    expect(await stage.held('deletions-dlq.fifo')).toBe(0);
  });

  test('show a letter whose task is gone or cannot be read', async () => {
    const { taskId } = await failedTask(stage, loseDeal(stage));
    await stage.tables.tasks.put({ taskId, sk: 'task', memberId: stage.portal.memberId, createdAt: 1, status: 'odd' });
    expect((await stage.run(`dlq show ${taskId}`)).stdout).toContain(`${taskId} is not in the table`);
    await stage.tables.tasks.delete({ taskId, sk: 'task' });
    expect((await stage.run(`dlq show ${taskId}`)).stdout).toContain(`${taskId} is not in the table`);
  });

  test("a queue's own messages, which SQS has moved, are told apart", async () => {
    const { memberId } = stage.portal;
    await stage.send('events-dlq', { v: 1, memberId, entityTypeId: 2, id: 5, source: 'app', receivedAt: stage.now });
    await stage.send('deletions-dlq.fifo', { v: 1, memberId, taskIds: ['ab'.repeat(32), 'cd'.repeat(32)] });
    await stage.send('reconcile-dlq', { v: 1, memberId, chore: 'reconcile' });

    const { deadLetters } = (await stage.json('dlq list')) as { deadLetters: { kind: string; code: string }[] };
    const about = (await stage.run('dlq list')).stdout;

    expect(deadLetters.map(({ kind }) => kind).toSorted()).toEqual(['chore', 'event', 'task-message']);
    expect(new Set(deadLetters.map(({ code }) => code))).toEqual(new Set(['RECEIVED_TOO_OFTEN']));
    expect(about).toMatch(/deal 5 .*\n|2 tasks .*\n|reconcile .*\n/);
    expect((await stage.run(`dlq show ${'ab'.repeat(32)}`)).stdout).toContain('come due whether this letter is there');
  });

  test('what nobody can read is shown escaped and cut, without secrets, and crashes nothing', async () => {
    const odd = [
      'no json at all \u009b31m\t{"access_token":"canary-0123456789abcdef"}\n',
      'auth%5Bapplication_token%5D=canary0123456789 auth[refresh_id]=canary0123456789',
      `https://demo.bitrix24.com/rest/1/canary0123456789/crm.item.list ${'ä'.repeat(3_000)}`,
      '[]',
      'null',
      JSON.stringify({ v: 99, kind: 'task' }),
      JSON.stringify({ v: 1, kind: 'task', taskId: '', code: 'X', description: '', attempts: 1, at: 1 }),
      JSON.stringify({ v: 1, kind: 'record', code: 'X', description: '', attempts: 1, at: 1 }),
      JSON.stringify({
        v: 1,
        kind: 'unreadable-message',
        code: 'UNREADABLE_MESSAGE',
        description: 'The message is not JSON.',
        attempts: 1,
        at: stage.now,
        body: '\u001b]0;gone\u0007',
      }),
    ];
    const ids: string[] = [];
    for (const body of odd) ids.push(await stage.send('events-dlq', body));

    const list = await stage.run('dlq list');
    expect(list.code).toBe(0);
    expect(list.stdout).toContain('UNREADABLE_MESSAGE 9');
    for (const id of ids) {
      const { code, stdout } = await stage.run(`dlq show ${id}`);
      expect(code).toBe(0);
      expect(stdout).not.toContain('Try it again');
      expect(await stage.json(`dlq show ${id}`)).toMatchObject({ kind: 'unreadable' });
    }
    expect((await stage.run(`dlq show ${ids[0]}`)).stdout).toContain('no json at all \\u009b31m\\t{');
    expect((await stage.run(`dlq show ${ids[8]}`)).stdout).toContain('\\u001b]0;gone\\u0007');
    const long = (await stage.run(`dlq show ${ids[2]}`)).stdout;
    expect(long).toContain('Of its 6064 bytes the first 2048:');
    expect(Buffer.byteLength(/^https.*$/m.exec(long)?.[0] ?? '')).toBeLessThanOrEqual(2_048);
    expect(stage.output).not.toContain('canary');
    // eslint-disable-next-line no-control-regex -- control characters are what is looked for
    expect(stage.output).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
  });

  test('say what to do when the queues do not answer', async () => {
    const { code, stderr } = await stage.run('dlq list', { env: { TIDY24_SQS_PORT: '9' } });
    expect(code).toBe(1);
    expect(stderr).toBe(
      'error: The local run does not answer at http://127.0.0.1:9: start it with npm start, in another terminal.\n',
    );
  });

  test('more than a receive brings are all found, in every queue', async () => {
    const { memberId } = stage.portal;
    for (let id = 1; id <= 25; id += 1) {
      const letter = { v: 1, memberId, code: 'X', description: '', attempts: 1, at: stage.now };
      const record = { entityTypeId: 2, id };
      await stage.send('events-dlq', { ...letter, kind: 'record', record });
      const taskId = id.toString(16).padStart(64, '0');
      await stage.send('deletions-dlq.fifo', { ...letter, kind: 'task', taskId, record }, taskId);
    }
    expect(await stage.json('dlq list')).toMatchObject({ count: 50, more: false });
    expect((await stage.visible('deletions-dlq.fifo')).length).toBe(25);
  });
});
