import * as z from 'zod';
import { connectionRoutes } from './control/connection-routes.ts';
import { faultRoutes } from './control/fault-routes.ts';
import { recordRoutes } from './control/record-routes.ts';
import type { Route } from './control/route.ts';
import type { SimulatedPortal } from './portal.ts';
import { json, type Reply } from './rest/reply.ts';
import type { WireRequest } from './rest/wire-request.ts';

const routes: readonly Route[] = [
  {
    method: 'GET',
    path: '',
    does: 'this description',
    run: (portal) => ({
      memberId: portal.memberId,
      endpoint: portal.endpoint,
      tokenUrl: portal.tokenUrl,
      routes: routes.map((route) => `${route.method} /simulator/${route.path} - ${route.does}`),
    }),
  },
  ...recordRoutes,
  ...connectionRoutes,
  ...faultRoutes,
];

/** `/simulator/…`: what a person does on a portal, for whoever runs the simulator by hand. */
export async function answerControl(portal: SimulatedPortal, request: WireRequest): Promise<Reply> {
  const parts = request.path.slice(1);
  const isNumber = (part: string): boolean => /^\d{1,15}$/.test(part);
  const path = parts.map((part) => (isNumber(part) ? ':id' : part)).join('/');
  const route = routes.find((candidate) => candidate.path === path && candidate.method === request.httpMethod);
  if (!route) return json(404, { error: 'No such address; see GET /simulator/' });
  try {
    return json(200, await route.run(portal, request.params, parts.filter(isNumber).map(Number)));
  } catch (error) {
    const text =
      error instanceof z.ZodError ? z.prettifyError(error) : error instanceof Error ? error.message : 'failed';
    return json(400, { error: text });
  }
}
