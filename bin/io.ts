import type { Readable } from 'node:stream';
import type { Clock, Random, Sleep } from '../lib/bitrix24/clock.ts';

export interface TextSink {
  write(text: string): unknown;
}

/** Everything of the process that a command uses, so that a test can be the process. */
export interface CliIo {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable & { readonly isTTY?: boolean | undefined };
  /** The result alone: text, or one JSON document. */
  readonly stdout: TextSink;
  /** Questions, warnings and errors. */
  readonly stderr: TextSink;
  readonly fetch: typeof globalThis.fetch;
  readonly clock: Clock;
  readonly sleep: Sleep;
  readonly random: Random;
  readonly newId: () => string;
  /**
   * Has the listener called when somebody wants the command to end (Ctrl-C), instead of ending it at once. Returns what
   * takes the listener away. Only for commands that have something to give back.
   */
  readonly onInterrupt?: (listener: () => void) => () => void;
  /** Who runs the command, for the record: `ada@laptop`. */
  readonly user: string;
}
