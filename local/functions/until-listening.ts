import { connect } from 'node:net';
import { pause } from '../event-source/pause.ts';
import { loopback } from '../servers/listening.ts';

const retryMs = 50;

/** Resolves as soon as something takes connections on `port`, or when `signal` is aborted. */
export async function untilListening(port: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && !(await listens(port))) await pause(retryMs, signal);
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, loopback);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
