import { constants } from 'node:fs';
import { access, type FileHandle, link, open, rename, unlink } from 'node:fs/promises';
import { CommandError } from './command-error.ts';
import type { CliIo } from './io.ts';

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such folder',
  ENOTDIR: 'there is no such folder',
  EISDIR: 'it is a folder',
  EACCES: 'you may not write there',
  EROFS: 'nothing can be written there',
  ENOSPC: 'the disk is full',
  EEXIST: 'it is there already',
};

/** Where a long result goes, piece by piece. */
export interface Output {
  write(text: string): Promise<void>;
  /** All is written: the file gets its name. */
  finish(): Promise<void>;
  /** It came to nothing: no file is left. */
  abandon(): Promise<void>;
}

/**
 * Standard output, or a new file that has its name only when it is whole; one that is there is never overwritten. Only
 * its owner can read it.
 *
 * @throws CommandError when it cannot be written
 */
export async function openOutput({ stdout, newId }: Pick<CliIo, 'stdout' | 'newId'>, file?: string): Promise<Output> {
  if (file === undefined) {
    const nothing = (): Promise<void> => Promise.resolve();
    const write = (text: string): Promise<void> => Promise.resolve(void stdout.write(text));
    return { write, finish: nothing, abandon: nothing };
  }
  if (await exists(file)) throw new CommandError(`${file} is there already, and is not overwritten.`);
  const partial = `${file}.${newId().slice(0, 8)}.partial`;
  const handle = await attempt(file, () => open(partial, 'wx', 0o600));
  return {
    write: (text) => attempt(file, () => writeAll(handle, text)),
    finish: async () => {
      await attempt(file, async () => {
        await handle.sync();
        await handle.close();
        await giveName(partial, file);
      });
    },
    abandon: async () => {
      await handle.close().catch(() => undefined);
      await unlink(partial).catch(() => undefined);
    },
  };
}

async function writeAll(handle: FileHandle, text: string): Promise<void> {
  await handle.appendFile(text);
}

/** A second name, which fails where there is a file; not every file system has such names. */
async function giveName(partial: string, file: string): Promise<void> {
  try {
    await link(partial, file);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw error;
    await rename(partial, file);
    return;
  }
  await unlink(partial);
}

async function attempt<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new CommandError(`${file} cannot be written: ${whyNotWritten(error)}.`, { cause: error });
  }
}

/** `the disk is full` */
export function whyNotWritten(error: unknown): string {
  return reasons[codeOf(error)] ?? codeOf(error);
}

function exists(file: string): Promise<boolean> {
  return access(file, constants.F_OK).then(
    () => true,
    () => false,
  );
}

/** By shape, because an error may come from another realm. */
function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unknown';
}
