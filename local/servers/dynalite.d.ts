declare module 'dynalite' {
  import type { Server } from 'node:http';

  interface Options {
    /** Directory of the LevelDB store; in memory without it. */
    readonly path?: string;
    /** How long a new table stays in CREATING, ms. */
    readonly createTableMs?: number;
  }

  function dynalite(options?: Options): Server;
  export = dynalite;
}
