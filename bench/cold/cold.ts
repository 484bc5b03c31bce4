import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Benchmark, BenchmarkResult } from '../benchmark.ts';
import { buildBundles, type Bundle } from '../bundles.ts';
import { percentile } from '../statistics.ts';
import { importTime, type ImportTime } from './import-time.ts';
import { lambdaEnvironment } from './lambda-environment.ts';

/** Each bundle is imported so often, in turn with all others, so that a busy moment meets all of them. */
const rounds = 21;

const columns = ['KB', 'median', 'p90', 'cpu median'];

interface Measured {
  readonly functionKey: string;
  readonly file: string;
  readonly bytes: number;
  readonly times: ImportTime[];
}

/** Import time and size of every function, beside the same code in bundles that have the packages whole. */
export const cold: Benchmark = {
  title: 'import time and size of every function, as it is and with its packages whole',
  async run(progress) {
    const directory = await mkdtemp(join(tmpdir(), 'tidy24-cold-'));
    try {
      const ours = await written(directory, 'ours', await buildBundles());
      const whole = await written(directory, 'whole', await buildBundles({ alias: {} }));
      for (let round = 0; round < rounds; round += 1) {
        for (const { file, functionKey, times } of [...ours, ...whole]) {
          times.push(await importTime(file, lambdaEnvironment(functionKey)));
        }
        progress(`round ${round + 1} of ${rounds}`);
      }
      return resultOf(ours, whole);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  },
};

function written(directory: string, kind: string, bundles: readonly Bundle[]): Promise<Measured[]> {
  return Promise.all(
    bundles.map(async ({ functionKey, code }) => {
      const file = join(directory, `${functionKey}-${kind}.mjs`);
      await writeFile(file, code);
      return { functionKey, file, bytes: code.byteLength, times: [] };
    }),
  );
}

function resultOf(ours: readonly Measured[], whole: readonly Measured[]): BenchmarkResult {
  const starts = [...ours, ...whole].flatMap(({ times }) => times.map(({ startMs }) => startMs));
  const rows = ours.map((one) => {
    const other = whole.find(({ functionKey }) => functionKey === one.functionKey) ?? one;
    return [
      one.functionKey,
      ...figures(one),
      ...figures(other),
      rounded(median(one, 'cpuMs') / median(other, 'cpuMs'), 2),
    ];
  });
  return {
    settings: { rounds, kilobyte: 1000 },
    tables: [
      {
        title: 'Import of a bundle in a new process, in ms; sizes in KB, minified. The ratio is that of processor time',
        headings: ['function', ...columns, ...columns.map((column) => `whole: ${column}`), 'ratio'],
        rows,
      },
      {
        title: "Node's own start before that, in ms",
        headings: ['median', 'p90'],
        rows: [[rounded(percentile(starts, 0.5)), rounded(percentile(starts, 0.9))]],
      },
    ],
  };
}

function figures(bundle: Measured): number[] {
  const imports = bundle.times.map(({ importMs }) => importMs);
  const p90 = percentile(imports, 0.9);
  return [bundle.bytes / 1000, median(bundle, 'importMs'), p90, median(bundle, 'cpuMs')].map((value) => rounded(value));
}

function median({ times }: Measured, which: keyof ImportTime): number {
  return percentile(
    times.map((time) => time[which]),
    0.5,
  );
}

function rounded(value: number, digits = 1): number {
  return Number(value.toFixed(digits));
}
