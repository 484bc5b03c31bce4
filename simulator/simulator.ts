import { setTimeout as delay } from 'node:timers/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Sleep } from '../lib/bitrix24/clock.ts';
import { EntityType, quoteTypeId } from '../lib/bitrix24/entity-types.ts';
import { answerControl } from './control.ts';
import { DataFile } from './data-file.ts';
import { type PortalOptions, type SimulatorOptions, withDefaults } from './options.ts';
import { buildPortal } from './portal-parts.ts';
import { PortalServer } from './portal-server.ts';
import { SimulatedPortal } from './portal.ts';
import { memberIdFor } from './random.ts';
import { html, send } from './rest/reply.ts';
import { readWireRequest } from './rest/wire-request.ts';
import { seedDemoData } from './seed-data.ts';
import { emptyState, type PortalState } from './state.ts';

/** Bitrix24 portals on 127.0.0.1, each with its authorization server on a port of its own. */
export interface Simulator {
  /** `http://127.0.0.1:PORT` of the first portal. */
  readonly url: string;
  /** The first. */
  readonly portal: SimulatedPortal;
  /** By member id. */
  readonly portals: ReadonlyMap<string, SimulatedPortal>;
  addPortal(options?: PortalOptions): Promise<SimulatedPortal>;
  /** Puts the portals' clock forward by ms. */
  clockOffset(ms: number): void;
  /** The portals' clock, ms since the epoch. */
  now(): number;
  /** Until every event has been posted and answered. */
  settle(): Promise<void>;
  /** Ends every listener, timer and open connection, and saves. */
  close(): Promise<void>;
}

/** Rejects with the system's own error when the port is in use (code EADDRINUSE). */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const clock = options.clock ?? Date.now;
  const closing = new AbortController();
  const wait: Sleep = options.sleep ?? ((ms, signal) => delay(ms, undefined, signal ? { signal } : {}));
  // No timer outlives the simulator.
  const sleep: Sleep = (ms, signal) => wait(ms, AbortSignal.any([closing.signal, ...(signal ? [signal] : [])]));
  const seed = options.seed ?? 1;
  const portals = new Map<string, SimulatedPortal>();
  const states = new Map<string, PortalState>();
  const closers: (() => Promise<void>)[] = [];
  let offset = 0;
  const now = (): number => clock() + offset;

  for (const state of options.dataFile === undefined ? [] : await DataFile.load(options.dataFile)) {
    states.set(state.memberId, state);
  }
  const file = options.dataFile === undefined ? undefined : new DataFile(options.dataFile, () => [...states.values()]);

  async function openPortal(portalOptions: PortalOptions, port: number): Promise<SimulatedPortal> {
    const memberId = portalOptions.memberId ?? memberIdFor(seed, portals.size);
    if (portals.has(memberId)) throw new Error(`Portal ${memberId} exists`);
    const server = await PortalServer.listen(port);
    const saved = states.get(memberId);
    const state = saved ?? emptyState(memberId, seed * 7919 + portals.size);
    states.set(memberId, state);
    const parts = buildPortal({
      state,
      config: withDefaults(portalOptions),
      clock: now,
      sleep,
      domain: `127.0.0.1:${server.port}`,
    });
    const portal = new SimulatedPortal(parts, () => {
      state.random = parts.random.state;
      file?.touch();
    });
    if (!saved) furnish(portal);
    portal.addInvoices();
    server.serve((request, response) => handle(portal, request, response));
    closers.push(async () => {
      parts.outbox.close();
      await server.close();
    });
    portals.set(memberId, portal);
    return portal;
  }

  const first = await openPortal(options.portal ?? {}, options.port ?? 0);
  if (options.demoData) seedDemoData(first);
  return {
    url: `http://${first.domain}`,
    portal: first,
    portals,
    addPortal: (portalOptions = {}) => openPortal(portalOptions, 0),
    clockOffset: (ms) => {
      offset += ms;
    },
    now,
    settle: async () => {
      await Promise.all([...portals.values()].map((portal) => portal.settle()));
    },
    close: async () => {
      await Promise.all(closers.splice(0).map((close) => close()));
      closing.abort();
      await file?.close();
    },
  };
}

/** A new portal has an administrator, the lead's stages, the main deal pipeline and the quotes' stages. */
function furnish(portal: SimulatedPortal): void {
  portal.addUser({ admin: true, name: 'Ada', lastName: 'Admin' });
  portal.addPipeline({ id: 0, name: 'Leads', entityTypeId: EntityType.lead });
  portal.addPipeline({ id: 0, name: 'Deals' });
  portal.addPipeline({ id: 0, name: 'Quotes', entityTypeId: quoteTypeId });
}

async function handle(portal: SimulatedPortal, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const wire = await readWireRequest(request);
  const [area, second] = wire?.path ?? [];
  if (!wire) {
    send(html(413), response);
  } else if (area === 'rest') {
    send(await portal.answer('rest', wire), response);
  } else if (area === 'oauth' && second === 'token') {
    send(await portal.answer('token', wire), response);
  } else if (area === 'simulator') {
    send(await answerControl(portal, wire), response);
  } else {
    send(html(404), response);
  }
}
