import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { CliStage } from './cli-stage.ts';

describe('a command that fails', () => {
  let stage: CliStage;
  beforeEach(async () => {
    stage = await CliStage.start();
  });
  afterEach(() => stage.close());

  test('says how to start the local run when it does not answer', async () => {
    const { code, stdout, stderr } = await stage.run('portals list', { env: { TIDY24_DYNAMODB_PORT: '9' } });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toBe(
      'error: The local run does not answer at http://127.0.0.1:9: start it with npm start, in another terminal.\n',
    );
  });

  test('says so when something else listens there', async () => {
    const { port } = new URL(stage.portal.endpoint);
    const { code, stderr } = await stage.run('portals list', { env: { TIDY24_DYNAMODB_PORT: port } });
    expect(code).toBe(1);
    expect(stderr).toContain('Is it the local run of tidy24 (npm start) that listens at');
  });

  test('shows where an error came from only when asked, and quotes no value of a row', async () => {
    await stage.connect();
    const taskId = 'ab'.repeat(32);
    await stage.tables.tasks.put({
      taskId,
      sk: 'task',
      memberId: stage.portal.memberId,
      createdAt: 1,
      status: 'a-broken-status',
    });

    const plain = await stage.run(`tasks show ${taskId}`);
    const debug = await stage.run(`tasks show ${taskId}`, { env: { TIDY24_DEBUG: '1' } });

    expect(plain.code).toBe(1);
    expect(plain.stderr).toMatch(
      /^error: 1 task cannot be read and is not shown: abababababab\. Another version[^\n]*\n$/,
    );
    expect(debug.stderr).toMatch(/\n\s+at .*store\.ts/);
    expect(debug.stderr).not.toContain('a-broken-status');
  });

  test.each([
    ['a wrong option', 'portals list --odd'],
    ['a missing argument', 'portals show'],
    ['a missing option', 'rules push rules.yaml'],
    ['an unknown command', 'portals explode'],
    ['a group without its command', 'portals'],
    ['a wrong choice', 'portals mode x destroy'],
    ['two places at once', 'portals list --stage prod'],
  ])('exits with 2 for %s', async (_, command) => {
    const { code, stdout, stderr } = await stage.run(command);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).not.toBe('');
  });

  test('exits with 2 for a port that is none', async () => {
    const { code, stderr } = await stage.run('portals list', { env: { TIDY24_DYNAMODB_PORT: 'high' } });
    expect(code).toBe(2);
    expect(stderr).toContain('TIDY24_DYNAMODB_PORT must be a port');
  });
});

describe('what a portal says of itself', () => {
  test('cannot give orders to the terminal', async () => {
    const stage = await CliStage.start();
    const user = stage.portal.addUser({ name: '\u001b]0;gone\u0007Eve', admin: true });
    const { stdout } = await stage.connect({ url: stage.portal.createWebhook({ userId: user.id }) });
    await stage.close();
    expect(stdout).toContain('Eve');
    // eslint-disable-next-line no-control-regex -- control characters are what is looked for
    expect(stdout).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f]/);
  });
});
