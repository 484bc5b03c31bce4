import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { copyFile, mkdir, mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { projectRoot } from '../../../local/template/serverless-file.ts';

const launcher = join(projectRoot, 'bin/tidy24.mjs');

/** A Node of this system that is too old for tidy24 itself. */
function olderNode(): string | undefined {
  const candidates = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'node'));
  return candidates.find((node) => {
    if (!existsSync(node)) return false;
    const major = Number(/^v(\d+)/.exec(execFileSync(node, ['--version'], { encoding: 'utf8' }))?.[1]);
    return major >= 18 && major < 24;
  });
}

async function ended(child: ChildProcess): Promise<{ code: number | null; output: string }> {
  const chunks: string[] = [];
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(String(chunk)));
  child.stderr?.on('data', (chunk: Buffer) => chunks.push(String(chunk)));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output: chunks.join('') };
}

const old = olderNode();
const nodes = [
  ['the Node of the project', process.execPath],
  ['an older Node of the system', old],
] as const;

describe.each(nodes)('the launcher under %s', (_, node) => {
  const ifThere = node === undefined ? test.skip : test;
  const start = (...words: string[]) => spawn(node ?? '', [launcher, ...words]);

  ifThere('runs tidy24', async () => {
    const { code, output } = await ended(start('--help'));
    expect(code).toBe(0);
    expect(output).toContain('Cleans up after lost deals in Bitrix24');
  });

  ifThere.each(['--version', '-V'])('tells its version by %s', async (option) => {
    const { version } = JSON.parse(await readFile(join(projectRoot, 'package.json'), 'utf8')) as { version: string };
    expect(await ended(start(option))).toEqual({ code: 0, output: `${version}\n` });
  });

  ifThere('passes on the exit code, standard input and every word', async () => {
    // Tables that take everything: what is about to be done is recorded before it is asked for.
    const tables = createHttpServer((_request, response) => response.end('{}')).listen(0, '127.0.0.1');
    await once(tables, 'listening');
    const { port } = tables.address() as AddressInfo;
    const child = spawn(node ?? '', [launcher, 'portals', 'connect', '--local'], {
      env: { ...process.env, TIDY24_DYNAMODB_PORT: String(port) },
    });
    child.stdin.end('no webhook at all\n');
    const { code, output } = await ended(child);
    tables.close();
    expect(code).toBe(2);
    expect(output).toContain('That is no URL of an incoming webhook');
  });

  ifThere('passes a signal on, ends when tidy24 has ended, and tells by which signal', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const child = spawn(node ?? '', [launcher, 'portals', 'list', '--local'], {
      env: { ...process.env, TIDY24_DYNAMODB_PORT: String(port) },
    });
    const end = ended(child);
    const [socket] = (await once(silent, 'connection')) as [Socket];
    socket.on('error', () => undefined).resume();

    child.kill('SIGTERM');

    const [{ code }] = await Promise.all([end, once(socket, 'close')]);
    silent.close();
    // Without a process in between it is the signal itself, and no code.
    expect(code ?? 128 + 15).toBe(128 + 15);
  });
});

describe('standard output that takes nothing', () => {
  const full = '/dev/full';

  (existsSync(full) ? test : test.skip)('is said so in one line', async () => {
    const file = await open(full, 'w');
    const child = spawn(process.execPath, [launcher, 'rules', 'schema'], { stdio: ['ignore', file.fd, 'pipe'] });
    const { code, output } = await ended(child);
    await file.close();
    expect(code).toBe(1);
    expect(output).toBe('error: Standard output cannot be written: the disk is full.\n');
  });
});

describe('a command that holds dead letters', () => {
  test('ends by itself after Ctrl-C, which the terminal and the launcher may both send', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const child = spawn(process.execPath, [launcher, 'dlq', 'list', '--local'], {
      env: { ...process.env, TIDY24_SQS_PORT: String(port), TIDY24_DYNAMODB_PORT: '9' },
    });
    const end = ended(child);
    const [socket] = (await once(silent, 'connection')) as [Socket];
    socket.on('error', () => undefined).resume();

    child.kill('SIGINT');
    await once(child.stderr, 'data');
    child.kill('SIGINT');

    const { code, output } = await end;
    silent.close();
    expect(code).toBe(1);
    expect(output).toContain('Stopping; what was not removed is given back');
    expect(output).toContain('error: Receiving from tidy24-local-');
  }, 20_000);
});

describe('the launcher without the project’s Node', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tidy24-launcher-'));
    await mkdir(join(folder, 'bin'));
    await copyFile(launcher, join(folder, 'bin/tidy24.mjs'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  (old === undefined ? test.skip : test)('says in one line what to do', async () => {
    const { code, output } = await ended(spawn(old ?? '', [join(folder, 'bin/tidy24.mjs'), 'portals', 'list']));
    expect(code).toBe(1);
    expect(output).toMatch(/^tidy24 needs Node 24 \(this is \d+\.\d+\.\d+\) .*run npm ci first\.\n$/);
  });
});
