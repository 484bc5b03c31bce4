import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as z from 'zod';

const run = promisify(execFile);
const script = fileURLToPath(new URL('measure-import.mjs', import.meta.url));
const measuredSchema = z.object({ importMs: z.number(), cpuMs: z.number(), startMs: z.number() });

/** How long a new Node took to start, and then to import a bundle: by the clock, and of the processor. In ms. */
export type ImportTime = z.infer<typeof measuredSchema>;

/** Imports `file` in a new process that has `environment` and nothing else. */
export async function importTime(file: string, environment: Readonly<Record<string, string>>): Promise<ImportTime> {
  const { stdout } = await run(process.execPath, [script, file], { env: environment });
  return measuredSchema.parse(JSON.parse(stdout));
}
