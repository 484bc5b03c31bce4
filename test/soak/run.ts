// `npm run test:soak`: half an hour of everything at once, against portals whose answers go wrong. TIDY24_SOAK_MINUTES
// and TIDY24_SOAK_SEED change that. Ends with 1 when an event was lost, memory has grown or a resource has leaked.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { textTable } from '../../bin/text-table.ts';
import { machine } from '../../bench/machine.ts';
import { Soak } from './soak.ts';

const minutes = Number(process.env['TIDY24_SOAK_MINUTES'] ?? 30);
const seed = Number(process.env['TIDY24_SOAK_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
if (!(minutes >= 1) || !Number.isInteger(seed)) throw new RangeError('TIDY24_SOAK_MINUTES and _SEED must be numbers');

const print = (text: string): void => void process.stdout.write(`${text}\n`);
print(`soak of ${minutes} minutes, seed ${seed}\n${Object.values(machine()).join(', ')}`);
const logFile = join(tmpdir(), `tidy24-soak-${seed}.log`);
print(`What the functions log: ${logFile}`);
const soak = await Soak.start(seed, logFile, (text) => process.stderr.write(`  ${text}\n`));
try {
  await soak.load(minutes / 2);
  await soak.rest('middle');
  await soak.load(minutes / 2);
  await soak.finish();
  const { tables, wrong } = await soak.report();
  for (const { title, headings, rows } of tables) print(`\n${title}\n${textTable(headings, rows).join('\n')}`);
  print(wrong.length === 0 ? '\nNothing is wrong.' : `\nWrong:\n${wrong.map((text) => `- ${text}`).join('\n')}`);
  if (wrong.length > 0) process.exitCode = 1;
} finally {
  await Promise.race([soak.close(), delay(20_000, undefined, { ref: false })]);
}
