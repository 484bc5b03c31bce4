// `npm run bench:docs` puts the figures of bench/results/ where docs/ has places for them.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { projectRoot } from '../local/template/serverless-file.ts';
import { withFigures } from './figures.ts';
import { readResult } from './results.ts';

for (const name of ['benchmarks.md', 'cost.md']) {
  const file = join(projectRoot, 'docs', name);
  const page = withFigures(readFileSync(file, 'utf8'), readResult);
  writeFileSync(file, await format(page, { ...(await resolveConfig(file)), filepath: file }));
}
