import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../local/template/serverless-file.ts';

/** Writes what a benchmark has measured. Gives the file's path, relative to the project. */
export function writeResult(name: string, result: Readonly<Record<string, unknown>>): string {
  const file = join('bench', 'results', `${name}.json`);
  writeFileSync(join(projectRoot, file), `${JSON.stringify(result, undefined, 2)}\n`);
  return file;
}
