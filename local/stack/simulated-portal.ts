import type { Simulator } from '../../simulator/simulator.ts';
import type { StartPortal } from './stack.ts';

/** The portal simulator with its demo dataset; what was done to it before is kept. Loaded only when it is wanted. */
export const simulatedPortal: StartPortal<Simulator> = async ({ port, dataFile }) => {
  const [{ startSimulator }, { seedDemoData }] = await Promise.all([
    import('../../simulator/simulator.ts'),
    import('../../simulator/seed-data.ts'),
  ]);
  const simulator = await startSimulator({ port, ...(dataFile === undefined ? {} : { dataFile }) });
  seedDemoData(simulator.portal);
  return simulator;
};
