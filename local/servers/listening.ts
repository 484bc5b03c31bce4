import type { AddressInfo, Server } from 'node:net';

/** The only address that anything of the local run listens on: nobody else's machine can reach it. */
export const loopback = '127.0.0.1';

/** The port that a listening server was given. */
export function portOf(server: Pick<Server, 'address'>): number {
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server does not listen on a port.');
  return address.port;
}

/** A server of the local run. `close` resolves when its port is free and its data are on disk. */
export interface RunningServer {
  readonly url: string;
  close(): Promise<void>;
}
