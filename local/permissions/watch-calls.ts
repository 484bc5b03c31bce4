import { readServerlessFile } from '../template/serverless-file.ts';
import type { Call } from './call.ts';
import { roleCheck } from './roles.ts';

/** Collects the calls that AWS would refuse. */
export interface WatchedCalls {
  readonly onCall: (call: Call) => void;
  /** One line for each kind of call, at its first time. */
  readonly refusable: readonly string[];
}

/**
 * Holds each call of a function against its role. The servers on this machine refuse nothing, so that without this a
 * missing permission would first be noticed in production.
 */
export function watchCalls(output: (line: string) => void): WatchedCalls {
  const allows = roleCheck(readServerlessFile());
  const refusable: string[] = [];
  const onCall = (call: Call): void => {
    if (allows(call)) return;
    const line = `${call.functionKey}: its role in serverless.yml does not allow ${call.action} on ${call.resource}`;
    if (refusable.includes(line)) return;
    refusable.push(line);
    output(line);
  };
  return { onCall, refusable };
}
