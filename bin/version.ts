import { readFileSync } from 'node:fs';
import * as z from 'zod';

const packageSchema = z.object({ version: z.string() });

/** The version of this tidy24, as its package.json has it. */
export function ownVersion(): string {
  return packageSchema.parse(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))).version;
}
