import { readFileSync, writeFileSync } from 'node:fs';
import * as z from 'zod';

const file = new URL('results/size.json', import.meta.url);

/** Bytes of each function, minified, by its name in serverless.yml. */
const recordedSchema = z.record(z.string(), z.int().positive());

/** The sizes that were last accepted. */
export function readRecordedSizes(): Readonly<Record<string, number>> {
  return recordedSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
}

export function recordSizes(sizes: readonly { readonly functionKey: string; readonly bytes: number }[]): void {
  const recorded = Object.fromEntries(sizes.map(({ functionKey, bytes }) => [functionKey, bytes]));
  writeFileSync(file, `${JSON.stringify(recorded, undefined, 2)}\n`);
}
