import * as z from 'zod';

/** V8's CPU profile, as far as it is used here. `samples` name the node that was on top, `timeDeltas` are in µs. */
export const cpuProfileSchema = z.object({
  nodes: z.array(
    z.object({
      id: z.int(),
      callFrame: z.object({ functionName: z.string(), url: z.string(), lineNumber: z.int() }),
      children: z.array(z.int()).optional(),
    }),
  ),
  samples: z.array(z.int()),
  timeDeltas: z.array(z.number()),
});
export type CpuProfile = z.infer<typeof cpuProfileSchema>;

export interface FunctionTime {
  readonly name: string;
  /** Relative to the project, with its line; V8's own states have none. */
  readonly place: string;
  readonly group: string;
  /** ms in the function's own code, and with whatever it called. */
  readonly self: number;
  readonly total: number;
}

/** What a source is part of: a package, `tidy24`, `node`, `V8` (garbage collection, system calls) or `harness`. */
export function groupOf(url: string, projectUrl: string): string {
  if (url === 'node:inspector') return 'harness';
  if (url.startsWith('node:')) return 'node';
  const inPackage = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  if (inPackage !== undefined) return /^@(aws-sdk|smithy|aws)\//.test(inPackage) ? 'AWS SDK' : inPackage;
  if (!url.startsWith(projectUrl)) return 'V8';
  return /^(lib|handlers)\//.test(url.slice(projectUrl.length)) ? 'tidy24' : 'harness';
}

function shortened(url: string, projectUrl: string): string {
  const inPackages = url.lastIndexOf('node_modules/');
  return inPackages === -1 ? url.replace(projectUrl, '') : url.slice(inPackages + 'node_modules/'.length);
}

/**
 * Time of each function in a profile, the idle time left out.
 *
 * @param projectUrl `file:///…/` of the project
 */
export function functionTimes({ nodes, samples, timeDeltas }: CpuProfile, projectUrl: string): FunctionTime[] {
  const self = new Map<number, number>();
  samples.forEach((id, index) => self.set(id, (self.get(id) ?? 0) + (timeDeltas[index] ?? 0) / 1000));
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const nodeOf = new Map(nodes.map((node) => [node.id, node]));
  const times = new Map<string, FunctionTime>();
  for (const { id, callFrame } of nodes) {
    const ms = self.get(id) ?? 0;
    if (ms === 0 || callFrame.functionName === '(idle)') continue;
    // A function that is on the stack twice has its time once.
    const counted = new Set<string>();
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const frame = nodeOf.get(at)?.callFrame;
      if (!frame || frame.functionName === '(root)') continue;
      const key = `${frame.functionName} ${frame.url}:${frame.lineNumber}`;
      if (counted.has(key)) continue;
      counted.add(key);
      const before = times.get(key);
      times.set(key, {
        name: frame.functionName === '' ? '(anonymous)' : frame.functionName,
        place: frame.url === '' ? '' : `${shortened(frame.url, projectUrl)}:${frame.lineNumber + 1}`,
        group: groupOf(frame.url, projectUrl),
        self: (before?.self ?? 0) + (at === id ? ms : 0),
        total: (before?.total ?? 0) + ms,
      });
    }
  }
  return [...times.values()];
}

/** Self time by group, the most first. */
export function byGroup(times: readonly FunctionTime[]): { group: string; self: number }[] {
  return [...Map.groupBy(times, ({ group }) => group)]
    .map(([group, some]) => ({ group, self: some.reduce((sum, { self }) => sum + self, 0) }))
    .toSorted((a, b) => b.self - a.self);
}
