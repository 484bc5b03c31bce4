// `npm run bench` lists the benchmarks; `npm run bench -- <name>…` runs some, prints their tables and writes them to
// bench/results/<name>.json, with the machine and the versions that they were measured on.
import { textTable } from '../bin/text-table.ts';
import { benchmarks } from './benchmarks.ts';
import { machine } from './machine.ts';
import { writeResult } from './results.ts';

const names = process.argv.slice(2);
const unknown = names.filter((name) => !Object.hasOwn(benchmarks, name));
if (unknown.length > 0) {
  console.error(`There is no benchmark ${unknown.join(', ')}. There are: ${Object.keys(benchmarks).join(', ')}`);
  process.exit(2);
}
if (names.length === 0) {
  const rows = Object.entries(benchmarks).map(([name, { title }]) => [name, title]);
  console.log(textTable(['benchmark', 'measures'], rows).join('\n'));
}
for (const name of names) {
  const benchmark = benchmarks[name];
  if (benchmark === undefined) continue;
  const where = machine();
  console.log(`${name}: ${benchmark.title}\n${Object.values(where).join(', ')}`);
  const result = await benchmark.run((text) => process.stderr.write(`  ${text}\n`));
  for (const { title, headings, rows } of result.tables) {
    const texts = rows.map((row) => row.map(String));
    console.log(`\n${title}\n${textTable(headings, texts).join('\n')}`);
  }
  console.log(`\n${writeResult(name, { benchmark: name, ...where, ...result })}`);
}
