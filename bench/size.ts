// `npm run size`: what each function weighs, against its target and against what was recorded. Ends with 1 when one is
// over its target or has grown by more than a tenth. `npm run size -- --write` records the sizes as they are.
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { buildBundles } from './bundles.ts';
import { readRecordedSizes, recordSizes } from './recorded-sizes.ts';
import { judgeSizes, sizeTable } from './size-report.ts';

const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } });
const sizes = (await buildBundles()).map(({ functionKey, code }) => ({
  functionKey,
  bytes: code.byteLength,
  gzip: gzipSync(code).byteLength,
}));
const report = judgeSizes(sizes, readRecordedSizes());
console.log(sizeTable(report).join('\n'));
if (values.write) recordSizes(sizes);
for (const { problem } of report) {
  // What is written down now cannot have grown beyond what is written down.
  if (problem === undefined || (values.write && problem.kind !== 'over-target')) continue;
  console.error(problem.text);
  process.exitCode = 1;
}
