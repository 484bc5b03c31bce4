import { mkdirSync } from 'node:fs';
import { once } from 'node:events';
import dynalite from 'dynalite';
import { loopback, portOf, type RunningServer } from './listening.ts';

/**
 * A DynamoDB server in this process, on 127.0.0.1. Without `dataDir` it keeps everything in memory.
 *
 * @param options.port 0 takes a free one
 * @throws NodeJS.ErrnoException EADDRINUSE when the port is taken
 */
export async function startDynamoDb(options: { port: number; dataDir?: string }): Promise<RunningServer> {
  if (options.dataDir !== undefined) mkdirSync(options.dataDir, { recursive: true });
  const server = dynalite({ createTableMs: 0, ...(options.dataDir === undefined ? {} : { path: options.dataDir }) });
  server.listen(options.port, loopback);
  await once(server, 'listening');
  return {
    url: `http://${loopback}:${portOf(server)}`,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error === undefined || error === null ? resolve() : reject(error)));
        // Clients keep their connections for the next request, which will not come.
        server.closeAllConnections();
      }),
  };
}
