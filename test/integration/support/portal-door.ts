import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as it came in at a door. */
export interface DoorRequest {
  readonly method: string;
  readonly path: string;
  readonly body: string;
}

/**
 * An address of a simulated portal and of its authorization server: what comes in is passed on to the simulator, or
 * sent elsewhere as by a portal that has moved.
 */
export interface PortalDoor {
  /** 127.0.0.1:PORT */
  readonly host: string;
  /** `http://127.0.0.1:PORT/rest/` */
  readonly endpoint: string;
  readonly requests: DoorRequest[];
  /** The `Location` that every REST request is answered with; undefined: it is passed on. */
  redirect: ((path: string) => string) | undefined;
  /** The portal's endpoint as the authorization server names it; undefined: as the simulator does. */
  names: string | undefined;
  close(): Promise<void>;
}

export async function openDoor(simulatorUrl: string): Promise<PortalDoor> {
  const requests: DoorRequest[] = [];

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const { method = '', url: path = '/', headers } = request;
    const body = Buffer.concat(chunks).toString();
    requests.push({ method, path, body });
    const isToken = path.startsWith('/oauth/');
    if (!isToken && door.redirect) {
      response.writeHead(302, { location: door.redirect(path) }).end();
      return;
    }
    const contentType = headers['content-type'] ?? 'application/json';
    const reply = await fetch(`${simulatorUrl}${path}`, { method, body, headers: { 'content-type': contentType } });
    const text = await reply.text();
    const named = isToken && door.names !== undefined && reply.ok;
    response
      .writeHead(reply.status, { 'content-type': reply.headers.get('content-type') ?? 'text/plain' })
      .end(named ? JSON.stringify({ ...(JSON.parse(text) as object), client_endpoint: door.names }) : text);
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const door: PortalDoor = {
    host,
    endpoint: `http://${host}/rest/`,
    requests,
    redirect: undefined,
    names: undefined,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return door;
}
