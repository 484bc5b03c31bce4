import { type Profiler, Session } from 'node:inspector/promises';

/** Samples what this process does with its processor time, as `node --cpu-prof` does, from one moment to another. */
export class CpuProfiler {
  readonly #session = new Session();
  #isConnected = false;

  async start(): Promise<void> {
    if (!this.#isConnected) this.#session.connect();
    this.#isConnected = true;
    await this.#session.post('Profiler.enable');
    await this.#session.post('Profiler.setSamplingInterval', { interval: 500 });
    await this.#session.post('Profiler.start');
  }

  /** @throws when nothing was started */
  async stop(): Promise<Profiler.Profile> {
    const { profile } = await this.#session.post('Profiler.stop');
    return profile;
  }
}
