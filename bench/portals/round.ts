import { startSimulator } from '../../simulator/simulator.ts';
import { until } from '../drain/until.ts';
import { Deployed } from '../support/deployed/deployed.ts';
import { liveFaster } from '../support/fast-time.ts';
import { type Kind, LostPortal } from './lost-portal.ts';
import type { Setting } from './setting.ts';

/** What one round has shown. Times are the portals' own, in seconds. */
export interface Round {
  /** From the moment when everything came due to each normal portal's last deletion. */
  readonly seconds: readonly number[];
  /** Of the others, how many deals were clean when the last normal portal was, and how many deletions were asked for. */
  readonly others: readonly { readonly kind: Kind; readonly cleaned: number; readonly asked: number }[];
  /** How long the clock's longest run took, that is the function `release`. */
  readonly longestRelease: number;
  /** Processor time over real time, of this process and of that of the functions. */
  readonly load: { readonly surroundings: number; readonly functions: number };
}

/** All normal portals, and those of `beside`, have something to do from the same moment on. */
export async function playRound(setting: Setting, beside: readonly Kind[]): Promise<Round> {
  const { scale, normal } = setting;
  const origin = Date.now();
  const restore = liveFaster(scale, origin);
  const simulator = await startSimulator({ clock: Date.now });
  let longestRelease = 0;
  const deployed = await Deployed.start({
    functionKeys: ['worker', 'release'],
    scale,
    origin,
    environment: { POWERTOOLS_LOG_LEVEL: 'WARN' },
    onInvoked: (functionKey, ms) => {
      if (functionKey === 'release') longestRelease = Math.max(longestRelease, ms / 1000);
    },
  });
  try {
    const kinds = [...beside, ...Array.from({ length: normal }, (): Kind => 'normal')];
    const all: LostPortal[] = [];
    for (const kind of kinds) all.push(await LostPortal.add(simulator, kind, setting));
    const dueAt = Date.now();
    for (const one of all) await one.connect(deployed, dueAt);
    const some = all.filter(({ kind }) => kind === 'normal');

    const [started, startedReal, before] = [Date.now(), performance.now(), await cpuOf(deployed)];
    deployed.run();
    await until(() => some.every(({ left }) => left === 0), 'The normal portals are clean');
    const [realMs, after] = [performance.now() - startedReal, await cpuOf(deployed)];
    return {
      seconds: some.map((one) => one.lastDeletion(started)),
      others: all.filter(({ kind }) => kind !== 'normal').map(({ kind, cleaned, asked }) => ({ kind, cleaned, asked })),
      longestRelease,
      load: {
        surroundings: (after.surroundings - before.surroundings) / realMs,
        functions: (after.functions - before.functions) / realMs,
      },
    };
  } finally {
    await deployed.close();
    await simulator.close();
    restore();
  }
}

/** Processor time until now, ms. */
async function cpuOf({ functions }: Deployed): Promise<{ surroundings: number; functions: number }> {
  const { user, system } = process.cpuUsage();
  return { surroundings: (user + system) / 1000, functions: (await functions.measure()).cpuMs };
}
