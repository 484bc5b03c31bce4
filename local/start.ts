import { readSettings, type LocalSettings } from './stack/settings.ts';
import { simulatedPortal } from './stack/simulated-portal.ts';
import { noPortal, startStack, type Stack, type StartPortal } from './stack/stack.ts';
import { welcome } from './stack/welcome.ts';
import type { Simulator } from '../simulator/simulator.ts';

/** `npm start`: everything of tidy24 on this machine, until Ctrl-C. */

/** Resolves with the first SIGINT or SIGTERM; the second ends the process on the spot. */
function untilAskedToEnd(): Promise<void> {
  return new Promise((resolve) => {
    let asked = 0;
    const onSignal = () => {
      asked += 1;
      if (asked === 1) resolve();
      // The functions' process goes down with this one.
      else process.exit(130);
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
}

function start(settings: LocalSettings): Promise<Stack<Simulator | undefined>> {
  const simulator: StartPortal<Simulator | undefined> = settings.simulator ? simulatedPortal : noPortal;
  return startStack({
    simulator,
    ports: settings.ports,
    dataDir: settings.dataDir,
    watch: true,
    longPollSeconds: 1,
    output: (line) => {
      if (line.trim() !== '') console.log(line);
    },
  });
}

async function main(): Promise<number> {
  const asked = untilAskedToEnd();
  const settings = readSettings(process.env);
  const stack = await start(settings);
  console.log(welcome(stack, settings.dataDir));
  const lastLines = await Promise.race([asked, stack.ended]);
  console.log('Ending. Ctrl-C again to end at once.');
  await stack.close();
  if (lastLines === undefined) return 0;
  console.error(`The functions' process has ended by itself:\n${lastLines}`);
  return 1;
}

try {
  process.exit(await main());
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
