import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as z from 'zod';
import { type PortalState, portalStateSchema } from './state.ts';

const fileSchema = z.object({ version: z.literal(1), portals: z.array(portalStateSchema) });

const QUIET_MS = 100;

/** Keeps the portals' states in a JSON file. A save replaces the file as a whole, so that a crash leaves the former one. */
export class DataFile {
  readonly #path: string;
  readonly #states: () => readonly PortalState[];
  #timer: NodeJS.Timeout | undefined;
  #saving: Promise<void> = Promise.resolve();

  constructor(path: string, states: () => readonly PortalState[]) {
    this.#path = path;
    this.#states = states;
  }

  /** The saved states, none when there is no file. Throws on a file that is not one of ours. */
  static async load(path: string): Promise<PortalState[]> {
    try {
      return fileSchema.parse(JSON.parse(await readFile(path, 'utf8'))).portals;
    } catch (error) {
      if (isMissing(error)) return [];
      throw new Error(`Cannot read the simulator's data in ${path}`, { cause: error });
    }
  }

  /** Saves soon; changes in quick succession are saved together. */
  touch(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      // A full disk must not end the process of whoever runs the simulator; the next change tries again.
      void this.save().catch(() => {});
    }, QUIET_MS);
  }

  async save(): Promise<void> {
    const former = this.#saving.catch(() => {});
    this.#saving = former.then(() => this.#write());
    return this.#saving;
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.save();
  }

  async #write(): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true });
    const temporary = `${this.#path}.${process.pid}.tmp`;
    // The file holds tokens, if only simulated ones.
    await writeFile(temporary, JSON.stringify({ version: 1, portals: this.#states() }), { mode: 0o600 });
    await rename(temporary, this.#path);
  }
}

function isMissing(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT';
}
