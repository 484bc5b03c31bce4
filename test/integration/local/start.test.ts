import { describe, expect, it } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { untilListening } from '../../../local/functions/until-listening.ts';
import { portOf } from '../../../local/servers/listening.ts';
import { freePort } from '../../../local/stack/ports.ts';

interface Run {
  readonly child: ChildProcess;
  readonly ports: Readonly<Record<string, string>>;
  readonly text: () => string;
  readonly exitCode: Promise<number | null>;
}

/** `npm start` without a simulator, on free ports unless `ports` says otherwise. */
async function run(dataDir: string, ports: Record<string, string> = {}): Promise<Run> {
  const chosen = {
    TIDY24_HTTP_PORT: String(await freePort()),
    TIDY24_SQS_PORT: String(await freePort()),
    TIDY24_DYNAMODB_PORT: String(await freePort()),
    TIDY24_PORTAL_PORT: '0',
    ...ports,
  };
  const child = spawn(process.execPath, ['local/start.ts'], {
    env: { ...process.env, ...chosen, TIDY24_DATA_DIR: dataDir, TIDY24_SIMULATOR: 'off' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return {
    child,
    ports: chosen,
    text: () => text,
    exitCode: once(child, 'close').then(([code]: number[]) => code ?? null),
  };
}

async function untilPrinted({ child, text }: Run, wanted: string): Promise<void> {
  while (!text().includes(wanted) && child.exitCode === null) await setTimeout(20);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.once('listening', () => server.close(() => resolve(true)));
  });
}

/** Whether each port of the run can be taken again: nothing has stayed behind. */
async function allFree({ ports }: Run): Promise<boolean> {
  const free = await Promise.all(Object.values(ports).map((port) => isFree(Number(port))));
  return free.every(Boolean);
}

/** The same for a run that was killed: its child has to notice first. */
async function soonAllFree(killed: Run): Promise<boolean> {
  const end = Date.now() + 5_000;
  while (Date.now() < end) {
    if (await allFree(killed)) return true;
    await setTimeout(20);
  }
  return false;
}

async function inDataDir(test: (dataDir: string) => Promise<void>): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tidy24-'));
  try {
    await test(dataDir);
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

describe('npm start', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('prints addresses, and ends on %s with every port free', (signal) =>
    inDataDir(async (dataDir) => {
      const started = await run(dataDir);
      await untilPrinted(started, 'Try this');
      started.child.kill(signal);

      expect(await started.exitCode).toBe(0);
      expect(started.text()).toContain(`http://127.0.0.1:${started.ports['TIDY24_HTTP_PORT']}/bitrix24/events`);
      expect(await allFree(started)).toBe(true);
    }),
  );

  it('leaves no child behind when it is killed', () =>
    inDataDir(async (dataDir) => {
      const started = await run(dataDir);
      await untilPrinted(started, 'Try this');
      started.child.kill('SIGKILL');
      await started.exitCode;
      expect(await soonAllFree(started)).toBe(true);
    }));

  it('says in one line which port is in use and which variable moves it', () =>
    inDataDir(async (dataDir) => {
      const taken = createServer().listen(0, '127.0.0.1');
      await once(taken, 'listening');
      const started = await run(dataDir, { TIDY24_SQS_PORT: String(portOf(taken)) });
      const code = await started.exitCode;
      const port = portOf(taken);
      taken.close();

      expect(code).toBe(1);
      expect(started.text().trim()).toBe(
        `Port ${port} is in use. Stop what listens there, or set TIDY24_SQS_PORT to another port.`,
      );
    }));

  it('refuses a data directory that another run has', () =>
    inDataDir(async (dataDir) => {
      const first = await run(dataDir);
      await untilListening(Number(first.ports['TIDY24_SQS_PORT']), AbortSignal.timeout(10_000));
      const second = await run(dataDir);
      const code = await second.exitCode;
      first.child.kill('SIGINT');
      await first.exitCode;

      expect(code).toBe(1);
      expect(second.text()).toContain(`belongs to the run with process id ${first.child.pid}`);
    }));
});
