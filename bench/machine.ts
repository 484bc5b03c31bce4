import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';

/** What a number was measured on, and when: without it no number can be compared with another. */
export function machine(): Record<'date' | 'cpu' | 'memory' | 'system' | 'node' | 'load', string> {
  const [load = 0] = loadavg();
  return {
    date: new Date().toISOString(),
    cpu: `${availableParallelism()} x ${cpus()[0]?.model.trim() ?? 'unknown'}`,
    memory: `${(totalmem() / 1024 ** 3).toFixed(1)} GiB`,
    system: `${type()} ${release()}`,
    node: `Node ${process.versions.node}`,
    /** Of the minute before, by others. */
    load: `load ${load.toFixed(2)}`,
  };
}
