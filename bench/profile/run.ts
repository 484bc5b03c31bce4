// `npm run profile -- receive|worker`: what the function does with its processor time under load, as a table. Portals,
// queues and tables are in this process, the function is in another one, which is the one that is profiled.
// TIDY24_PROFILE names a file that the profile is written to, for a viewer (.cpuprofile); TIDY24_COUNT the pieces of work.
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { textTable } from '../../bin/text-table.ts';
import { projectRoot } from '../../local/template/serverless-file.ts';
import { machine } from '../machine.ts';
import { Deployed } from '../support/deployed/deployed.ts';
import { receiveLoad } from './receive-load.ts';
import { byGroup, cpuProfileSchema, type FunctionTime, functionTimes } from './self-time.ts';
import { workerLoad } from './worker-load.ts';

const most = 20;
const loads = {
  receive: { make: receiveLoad, warm: 2_000, count: 10_000 },
  worker: { make: workerLoad, warm: 400, count: 2_000 },
};

const name = process.argv[2];
if (name !== 'receive' && name !== 'worker') {
  console.error(`npm run profile -- ${Object.keys(loads).join('|')}`);
  process.exit(2);
}
const { make, warm, count } = loads[name];
const load = make();
console.log(`profile of ${name}\n${Object.values(machine()).join(', ')}`);
const calls = new Map<string, number>();
const deployed = await Deployed.start({
  functionKeys: [load.functionKey],
  // By this name its calls are told from those of this process.
  environment: { AWS_SDK_UA_APP_ID: load.functionKey },
  onCall: ({ action, resource }) => {
    const call = `${action} ${resource.replace(/^tidy24-local-/, '')}`;
    calls.set(call, (calls.get(call) ?? 0) + 1);
  },
  onFailure: (_key, error) => console.error(error),
});
try {
  await load.prepare(deployed);
  // Code that is compiled is what a warm function runs.
  await load.work(warm);
  const before = await deployed.functions.measure();
  calls.clear();
  await deployed.functions.startProfile();
  const done = await load.work(Number(process.env['TIDY24_COUNT'] ?? count));
  const made = [...calls];
  const raw = await deployed.functions.stopProfile();
  const { cpuMs } = await deployed.functions.measure();
  const file = process.env['TIDY24_PROFILE'];
  if (file !== undefined) writeFileSync(file, JSON.stringify(raw));
  printTimes(functionTimes(cpuProfileSchema.parse(raw), pathToFileURL(`${projectRoot}/`).href), done);
  print(
    'Calls to tables and queues',
    ['call', `each ${load.unit}`],
    made.toSorted(([, a], [, b]) => b - a).map(([call, times]) => [call, (times / done).toFixed(2)]),
  );
  console.log(`\n${((cpuMs - before.cpuMs) / done).toFixed(3)} ms of processor time each, all threads of the process`);
} finally {
  await deployed.close();
  await load.close();
}

function printTimes(times: readonly FunctionTime[], done: number): void {
  // What starts and asks the function is no part of it.
  const own = times.filter(({ group }) => group !== 'harness');
  const all = own.reduce((sum, { self }) => sum + self, 0);
  const share = (ms: number): string[] => [`${((100 * ms) / all).toFixed(1)} %`, ((1000 * ms) / done).toFixed(0)];
  const per = `µs each ${load.unit}`;

  console.log(`\n${done} times one ${load.unit}, ${(all / done).toFixed(3)} ms of the main thread each`);
  print(
    'By package: time in its own code',
    ['package', 'share', per],
    byGroup(own).map(({ group, self }) => [group, ...share(self)]),
  );
  print(
    'By function: time in its own code',
    ['function', 'package', 'share', per, 'place'],
    own
      .toSorted((a, b) => b.self - a.self)
      .slice(0, most)
      .map(({ name: called, group, self, place }) => [called, group, ...share(self), place]),
  );
  print(
    'Functions of tidy24, with whatever they call',
    ['function', 'share', per, 'place'],
    own
      .filter(({ group }) => group === 'tidy24')
      .toSorted((a, b) => b.total - a.total)
      .slice(0, most)
      .map(({ name: called, total, place }) => [called, ...share(total), place]),
  );
}

function print(title: string, headings: readonly string[], rows: readonly (readonly string[])[]): void {
  console.log(`\n${title}\n${textTable(headings, rows).join('\n')}`);
}
