import type { Closable, StartPortal } from './stack.ts';

interface RunningPortal extends Closable {
  readonly url: string;
}

interface SimulatorModule {
  startSimulator(options: { port: number; dataFile?: string }): Promise<RunningPortal>;
}

/** The portal simulator, loaded only when it is wanted. */
export const simulatedPortal: StartPortal<RunningPortal> = async ({ port, dataFile }) => {
  const module: SimulatorModule = await import(new URL('../../simulator/simulator.ts', import.meta.url).href);
  return module.startSimulator({ port, ...(dataFile === undefined ? {} : { dataFile }) });
};
