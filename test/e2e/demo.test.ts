import { spawn } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';

/** Runs the demo as `npm run demo` does. */
function demo(...args: string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['local/demo.ts', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const collect = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}

describe('npm run demo', () => {
  test('plays one lost deal through the running stack, by app', async () => {
    const { code, output } = await demo();

    expect(output).toContain('the expired token was refreshed exactly once');
    expect(output).toMatch(/ms {2}receive +event accepted, deal 1, app/);
    expect(output).toMatch(/ms {2}plan +task planned, deal 1/);
    expect(output).toMatch(/ms {2}portal +batch: crm\.deal\.contact\.items\.delete → 200/);
    expect(output).toMatch(/ms {2}worker +task ended, deal 1, done/);
    expect(code).toBe(0);
  }, 120_000);

  test('plays the same by webhooks, without any token', async () => {
    const { code, output } = await demo('--webhook');

    expect(output).toContain('no token was refreshed');
    expect(output).not.toMatch(/\/rest\/1\/[a-z0-9]{10,}/);
    expect(code).toBe(0);
  }, 120_000);

  test('refuses an option that it does not know', async () => {
    const { code, output } = await demo('--webhok');

    expect(output).toContain('--webhok');
    expect(code).toBe(2);
  });
});
