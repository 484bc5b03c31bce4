import { textTable } from '../bin/text-table.ts';

/** What a function weighs, in bytes: as one minified file, and as that is sent. */
export interface Size {
  readonly functionKey: string;
  readonly bytes: number;
  readonly gzip: number;
}

export interface SizeProblem {
  readonly kind: 'over-target' | 'grown' | 'not-recorded';
  readonly text: string;
}

export interface JudgedSize extends Size {
  /** No function may be larger, in bytes. */
  readonly target: number;
  readonly recorded: number | undefined;
  readonly problem: SizeProblem | undefined;
}

const kilobyte = 1000;
/** `receive` starts while Bitrix24 waits for its answer. The others start behind a queue or by the clock. */
const targets: Readonly<Record<string, number>> = { receive: 350 * kilobyte };
const ordinaryTarget = 700 * kilobyte;
/** A function may grow by so much until somebody has to look at it and record the new size. */
const growth = 0.1;

/** Each size beside its target and the recorded one, by name. `recorded`: bytes by the function's name. */
export function judgeSizes(sizes: readonly Size[], recorded: Readonly<Record<string, number>>): JudgedSize[] {
  return sizes.map((size) => {
    const target = targets[size.functionKey] ?? ordinaryTarget;
    const before = recorded[size.functionKey];
    return { ...size, target, recorded: before, problem: problemOf(size, target, before) };
  });
}

function problemOf(
  { functionKey, bytes }: Size,
  target: number,
  recorded: number | undefined,
): SizeProblem | undefined {
  const is = `${functionKey} has ${bytes} bytes`;
  if (bytes > target) return { kind: 'over-target', text: `${is}, and may have ${target} at most.` };
  if (recorded === undefined) {
    return { kind: 'not-recorded', text: `${is}, of which nothing is recorded: run \`npm run size -- --write\`.` };
  }
  if (bytes <= recorded * (1 + growth)) return undefined;
  const text = `${is}, ${change(bytes, recorded)} of what is recorded. Look why; if it is right, run \`npm run size -- --write\`.`;
  return { kind: 'grown', text };
}

export function sizeTable(sizes: readonly JudgedSize[]): string[] {
  const headings = ['function', 'bytes', 'KB', 'gzip KB', 'target KB', 'recorded', 'change', ''];
  return textTable(
    headings,
    sizes.map(({ functionKey, bytes, gzip, target, recorded, problem }) => [
      functionKey,
      String(bytes),
      (bytes / kilobyte).toFixed(1),
      (gzip / kilobyte).toFixed(1),
      String(target / kilobyte),
      recorded === undefined ? '-' : String(recorded),
      recorded === undefined ? '-' : change(bytes, recorded),
      problem?.kind ?? '',
    ]),
  );
}

function change(bytes: number, recorded: number): string {
  const percent = (bytes / recorded - 1) * 100;
  return `${percent < 0 ? '' : '+'}${percent.toFixed(1)} %`;
}
