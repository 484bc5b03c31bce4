import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from './is-alive.ts';

/** Thrown when another run has the data directory: two would overwrite each other's queues without noticing. */
export class DataDirectoryInUse extends Error {
  override readonly name = 'DataDirectoryInUse';
  readonly code = 'DATA_DIRECTORY_IN_USE';

  constructor(directory: string, pid: number) {
    super(
      `${directory} belongs to the run with process id ${pid}. Stop that one, or set TIDY24_DATA_DIR to another directory.`,
    );
  }
}

/**
 * Takes the directory for this process, creating it if need be; gives what lets go of it. The mark of a process that is
 * no more, because it was killed, is taken over.
 *
 * @throws DataDirectoryInUse
 */
export function lockDataDirectory(directory: string): () => void {
  mkdirSync(directory, { recursive: true });
  const mark = join(directory, 'run.pid');
  const take = (): void => writeFileSync(mark, String(process.pid), { flag: 'wx' });
  try {
    take();
  } catch {
    const owner = Number(readFileSync(mark, 'utf8'));
    if (isAlive(owner)) throw new DataDirectoryInUse(directory, owner);
    rmSync(mark, { force: true });
    take();
  }
  return () => rmSync(mark, { force: true });
}
