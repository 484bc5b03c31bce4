import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { projectRoot } from '../local/template/serverless-file.ts';

const cellSchema = z.union([z.string(), z.number()]);
/** A ResultTable that another process or a file gives. */
export const tableSchema = z.strictObject({
  title: z.string(),
  headings: z.array(z.string()),
  rows: z.array(z.array(cellSchema)),
});
const resultSchema = z.strictObject({
  benchmark: z.string(),
  date: z.iso.datetime(),
  cpu: z.string(),
  memory: z.string(),
  system: z.string(),
  node: z.string(),
  load: z.string(),
  settings: z.record(z.string(), cellSchema),
  tables: z.array(tableSchema),
});

/** A file of bench/results/: what a benchmark has measured, on what, and when. */
export type StoredResult = z.infer<typeof resultSchema>;

/** Writes what a benchmark has measured. Gives the file's path, relative to the project. */
export function writeResult(name: string, result: Readonly<Record<string, unknown>>): string {
  const file = fileOf(name);
  writeFileSync(join(projectRoot, file), `${JSON.stringify(result, undefined, 2)}\n`);
  return file;
}

/** @throws when the benchmark was never run, or the file is no result */
export function readResult(name: string): StoredResult {
  return resultSchema.parse(JSON.parse(readFileSync(join(projectRoot, fileOf(name)), 'utf8')));
}

function fileOf(name: string): string {
  return join('bench', 'results', `${name}.json`);
}
