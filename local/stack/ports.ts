import { once } from 'node:events';
import { createServer } from 'node:net';
import { loopback, portOf } from '../servers/listening.ts';

/** Ports of a local run; 0 takes a free one. */
export interface Ports {
  /** The functions' HTTP API: Bitrix24's events go here. */
  readonly http: number;
  readonly sqs: number;
  readonly dynamoDb: number;
  /** The simulated portal. */
  readonly portal: number;
}

/** The variable that sets each port, for whoever has to change it. */
export const portVariables: Readonly<Record<keyof Ports, string>> = {
  http: 'TIDY24_HTTP_PORT',
  sqs: 'TIDY24_SQS_PORT',
  dynamoDb: 'TIDY24_DYNAMODB_PORT',
  portal: 'TIDY24_PORTAL_PORT',
};

/** Thrown before anything is started when a port is taken; says which variable moves it. */
export class PortInUse extends Error {
  override readonly name = 'PortInUse';
  readonly code = 'PORT_IN_USE';
  readonly port: number;

  constructor(port: number, variable: string) {
    super(`Port ${port} is in use. Stop what listens there, or set ${variable} to another port.`);
    this.port = port;
  }
}

/** Binds a port of 127.0.0.1 and lets go of it again; gives its number. */
async function tryPort(port: number): Promise<number> {
  const server = createServer().listen(port, loopback);
  await once(server, 'listening');
  const taken = portOf(server);
  server.close();
  await once(server, 'close');
  return taken;
}

/** Below the ports that systems give to connections and to listeners on port 0: nobody takes one of these by chance. */
const [lowest, highest] = [20_000, 32_000];
const mostTries = 100;
const given = new Set<number>();

/**
 * A port that nobody listens on at this moment, and that this process has not given before: what listens there may start
 * a while later.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < mostTries; tries += 1) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest));
    if (given.has(port)) continue;
    try {
      await tryPort(port);
      given.add(port);
      return port;
    } catch (error) {
      if (!isTaken(error)) throw error;
    }
  }
  throw new Error(`None of ${mostTries} ports between ${lowest} and ${highest} is free`);
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}

/**
 * The ports to use, each tried out, 0 replaced by a free one.
 *
 * @throws PortInUse for the first that is taken
 */
export async function claimPorts(ports: Ports): Promise<Ports> {
  const claim = async (key: keyof Ports): Promise<number> => {
    try {
      return ports[key] === 0 ? await freePort() : await tryPort(ports[key]);
    } catch (error) {
      if (!isTaken(error)) throw error;
      throw new PortInUse(ports[key], portVariables[key]);
    }
  };
  return {
    http: await claim('http'),
    sqs: await claim('sqs'),
    dynamoDb: await claim('dynamoDb'),
    portal: await claim('portal'),
  };
}
