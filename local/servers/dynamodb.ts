import { mkdirSync } from 'node:fs';
import { once } from 'node:events';
import type { IncomingMessage, Server } from 'node:http';
import dynalite from 'dynalite';
import { callsOf, type Call } from '../permissions/call.ts';
import { loopback, portOf, type RunningServer } from './listening.ts';

/**
 * A DynamoDB server in this process, on 127.0.0.1. Without `dataDir` it keeps everything in memory.
 *
 * @param options.port 0 takes a free one
 * @param options.onCall is told of each call that a function makes
 * @throws NodeJS.ErrnoException EADDRINUSE when the port is taken
 */
export async function startDynamoDb(options: {
  port: number;
  dataDir?: string;
  onCall?: (call: Call) => void;
}): Promise<RunningServer> {
  if (options.dataDir !== undefined) mkdirSync(options.dataDir, { recursive: true });
  const server = dynalite({ createTableMs: 0, ...(options.dataDir === undefined ? {} : { path: options.dataDir }) });
  if (options.onCall !== undefined) watch(server, options.onCall);
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

/** Listens to what the server reads anyway, in the same tick, so that neither misses a part of it. */
function watch(server: Server, onCall: (call: Call) => void): void {
  server.prependListener('request', (request: IncomingMessage) => {
    const named = { target: String(request.headers['x-amz-target']), userAgent: request.headers['user-agent'] ?? '' };
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => callsOf(named, JSON.parse(Buffer.concat(chunks).toString('utf8'))).forEach(onCall));
  });
}
