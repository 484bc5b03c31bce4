import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive } from '../stack/is-alive.ts';
import { projectRoot } from '../template/serverless-file.ts';

const parent = '.esbuild';
let runs = 0;

/**
 * A folder for the bundles of one run, relative to the project as serverless-esbuild wants it. Those of runs that were
 * killed are removed on the way.
 */
export async function claimWorkFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const entries = await readdir(join(projectRoot, parent)).catch(() => []);
  for (const entry of entries) {
    const owner = /^run-(\d+)-\d+$/.exec(entry)?.[1];
    if (owner !== undefined && !isAlive(Number(owner))) await remove(join(parent, entry));
  }
  const path = join(parent, `run-${process.pid}-${++runs}`);
  return { path, remove: () => remove(path) };
}

function remove(path: string): Promise<void> {
  return rm(join(projectRoot, path), { recursive: true, force: true });
}
