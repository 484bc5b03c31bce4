import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { each } from '../../../lib/tasks/each.ts';
import { CliStage } from './cli-stage.ts';
import { ended, everyKind, planned } from './task-rows.ts';

const day = 86_400_000;
const moved = Date.UTC(2027, 0, 1, 10);

describe('tasks export', () => {
  let stage: CliStage;
  beforeEach(async () => {
    stage = await CliStage.start();
    await stage.connect();
    stage.now = moved;
  });
  afterEach(() => stage.close());

  /** A name in a folder of its own that nothing has yet. */
  const target = async (name: string): Promise<string> => `${await stage.file('folder', '')}-${name}`;
  const lines = (text: string): string[] => text.trimEnd().split(/\r?\n/);

  async function busy(): Promise<string> {
    const taskId = await planned(stage);
    await ended(stage, taskId, everyKind(moved + 500), { status: 'failed', reason: 'access-denied' });
    return taskId;
  }

  test('JSON lines hold each task with everything about it', async () => {
    const taskId = await busy();
    const open = await planned(stage, { record: { entityTypeId: 1, id: 8 } });
    stage.now += 1;

    const { stdout, stderr, code } = await stage.run('tasks export');

    expect(code).toBe(0);
    const tasks = lines(stdout).map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(tasks.map((task) => task['taskId'])).toEqual([open, taskId]);
    expect(tasks[1]).toMatchObject({ status: 'failed', domain: stage.portal.domain });
    expect(tasks[1]?.['deletions']).toHaveLength(105);
    expect(stderr).toContain('2 tasks of');
  });

  test('CSV has a line for each deletion, and one for a task without any', async () => {
    await busy();
    await planned(stage, { record: { entityTypeId: 1, id: 8 }, rule: 'other' });
    stage.now += 1;
    const rows = lines((await stage.run('tasks export --format csv')).stdout).map((line) => line.split(','));

    expect(rows[0]?.slice(0, 3)).toEqual(['task', 'portal', 'member_id']);
    expect(new Set(rows.map((row) => row.length))).toEqual(new Set([26]));
    expect(rows).toHaveLength(1 + 105 + 1);
    expect(rows.filter((row) => row[21] === 'refused')).toHaveLength(1);
    expect(rows.find((row) => row[5] === 'other')?.slice(15)).toEqual(Array.from({ length: 11 }, () => ''));
  });

  test('the period counts when something happened, not when the task was made', async () => {
    const waited = await planned(stage);
    stage.now += 40 * day;
    await ended(stage, waited, everyKind(stage.now));
    await planned(stage, { record: { entityTypeId: 2, id: 2 } });
    stage.now += 1;
    const idsIn = async (period: string): Promise<unknown[]> =>
      lines((await stage.run(`tasks export ${period}`)).stdout)
        .filter((line) => line !== '')
        .map((line) => (JSON.parse(line) as { taskId: unknown }).taskId);
    expect(await idsIn('--since 1d')).toHaveLength(2);
    expect(await idsIn('--since 2027-01-02 --until 2027-02-01')).toEqual([]);
    expect(await idsIn('--until 2027-01-02')).toEqual([waited]);
    expect((await stage.run('tasks export --since 1d --until 2027-01-01')).code).toBe(2);
  });

  test('a file gets its name when it is whole, and none is overwritten', async () => {
    await busy();
    stage.now += 1;
    const file = await target('tasks.csv');
    const first = await stage.json(`tasks export --format csv --out ${file}`);
    const content = await readFile(file, 'utf8');
    expect(first).toMatchObject({ file, written: 1, unreadable: [] });
    expect(lines(content)).toHaveLength(106);

    const again = await stage.run(`tasks export --format csv --out ${file}`);
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('is there already') });
    expect(await readFile(file, 'utf8')).toBe(content);
    expect(await readdir(dirname(file))).not.toContainEqual(expect.stringContaining('partial'));
    expect((await stage.run(`tasks export --out ${dirname(file)}/nowhere/x`)).stderr).toContain('no such folder');
    expect((await stage.run('tasks export --json')).code).toBe(2);
  });

  test('what cannot be read makes the export fail, and the rest is there', async () => {
    await busy();
    const { memberId } = stage.portal;
    await stage.tables.tasks.put({ taskId: 'e'.repeat(64), sk: 'task', memberId, createdAt: moved, status: 'odd' });
    stage.now += 1;
    const { code, stdout, stderr } = await stage.run('tasks export');
    expect(code).toBe(1);
    expect(lines(stdout)).toHaveLength(1);
    expect(stderr).toContain('1 task cannot be read and is missing there');
    expect((await stage.run('tasks export --act')).stdout).toContain('count,tasks that cannot be read,1');
  });

  describe('the destruction record', () => {
    test.each(['csv', 'jsonl'])('as %s ends in the digest of all lines before', async (format) => {
      await busy();
      stage.now += 1;
      const { stdout } = await stage.run(`tasks export --act --format ${format}`);
      const last = stdout.trimEnd().lastIndexOf('\n') + 1;
      const digest = createHash('sha256').update(stdout.slice(0, last)).digest('hex');
      expect(stdout.slice(last)).toContain(digest);
    });

    test('has a line for what was really deleted, and counts everything else', async () => {
      const taskId = await busy();
      const skipped = await planned(stage, { record: { entityTypeId: 2, id: 5 } });
      await ended(stage, skipped, [], { status: 'skipped', reason: 'record-gone' });
      stage.now += 1;
      const rows = lines((await stage.run('tasks export --act')).stdout).map((line) => line.split(','));
      const named = (line: string) => rows.filter(([first]) => first === line);

      expect(named('deleted')).toHaveLength(101);
      expect(named('deleted')[0]?.slice(3)).toEqual([
        'deal-contacts',
        '2',
        '1',
        '3 4',
        '2027-01-01T10:00:00.500Z',
        'spam',
        '1',
        'crm.deal.contact.items.delete',
        'deleted',
        'answer',
        taskId,
      ]);
      expect(named('count').map((row) => row.slice(1, 3))).toEqual([
        ['deletions already-gone', '1'],
        ['deletions deleted', '101'],
        ['deletions refused', '1'],
        ['deletions spared', '1'],
        ['tasks failed (access-denied)', '1'],
        ['tasks skipped (record-gone)', '1'],
      ]);
      expect(named('head').map((row) => row.slice(1, 3))).toEqual(
        expect.arrayContaining([
          ['portal', stage.portal.domain],
          ['exported-by', 'ada@laptop'],
          ['deleted-before', new Date(stage.now).toISOString()],
        ]),
      );
      expect(named('end')).toHaveLength(1);
    });

    test('counts only what was deleted in the period', async () => {
      await busy();
      stage.now += day;
      const { stdout } = await stage.run('tasks export --act --since 1h');
      expect(stdout).toContain('count,deletions deleted,0');
      expect(stdout).not.toContain('\ndeleted,');
    });

    test('says of items that are only counted that they are', async () => {
      const taskId = await planned(stage);
      await stage.tasks.end(taskId, {
        status: 'done',
        items: { 1044: { after: 900, complete: true, gone: 450 } },
        history: [],
      });
      stage.now += 1;
      expect((await stage.run('tasks export --act')).stdout).toMatch(/count,"items gone .*",450,/);
      expect((await stage.run('tasks export --act')).stdout).not.toContain('count,tasks');
    });
  });

  test('3,000 tasks go through, each once', async () => {
    await each(
      Array.from({ length: 3_000 }, (_, index) => index + 1),
      (id) => planned(stage, { record: { entityTypeId: 2, id } }),
    );
    stage.now += 1;
    const { stdout } = await stage.run('tasks export --format csv');
    expect(new Set(lines(stdout)).size).toBe(3_001);
  }, 120_000);
});
