import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** An HTTP server on 127.0.0.1 whose port is known before anything behind it exists. */
export class PortalServer {
  readonly #server: Server;
  #handler: RequestHandler | undefined;

  private constructor(server: Server) {
    this.#server = server;
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      void this.#handle(request, response);
    });
  }

  /** Port 0 takes any free one. Rejects with the system's error, EADDRINUSE among them. */
  static async listen(port: number): Promise<PortalServer> {
    const server = createServer({ keepAliveTimeout: 5000, requestTimeout: 0 });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => {
        server.removeListener('error', reject);
        resolve();
      });
    });
    return new PortalServer(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  serve(handler: RequestHandler): void {
    this.#handler = handler;
  }

  /** Ends open connections as well, also those that a fault left without an answer. */
  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#handler?.(request, response);
    } catch (error) {
      // A mistake of the simulator itself must be seen: it is no answer a portal would give.
      if (request.errored || response.destroyed) return;
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      response.writeHead(500, { 'Content-Type': 'text/plain' }).end(`The simulator failed: ${text}`);
    }
  }
}
