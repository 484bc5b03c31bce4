import * as z from 'zod';
import { connectionRoutes } from './control/connection-routes.ts';
import { faultRoutes } from './control/fault-routes.ts';
import { recordRoutes } from './control/record-routes.ts';
import type { Route } from './control/route.ts';
import type { SimulatedPortal } from './portal.ts';
import type { Reply } from './rest/reply.ts';
import type { WireRequest } from './rest/wire-request.ts';

const routes: readonly Route[] = [
  {
    method: 'GET',
    path: '',
    does: 'this description; everywhere as=lines answers the values alone, one a line',
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
  if (!route) return asText(404, [JSON.stringify({ error: 'No such address; see GET /simulator/' })]);
  try {
    const answer = await route.run(portal, request.params, parts.filter(isNumber).map(Number));
    return asText(200, isAsLines(request.params) ? Object.values(answer).map(String) : [JSON.stringify(answer)]);
  } catch (error) {
    const text =
      error instanceof z.ZodError ? z.prettifyError(error) : error instanceof Error ? error.message : 'failed';
    return asText(400, [JSON.stringify({ error: text })]);
  }
}

/** Whole lines, for terminals and pipes. */
function asText(status: number, lines: readonly string[]): Reply {
  return { kind: 'text', status, body: `${lines.join('\n')}\n`, contentType: 'application/json; charset=utf-8' };
}

/** `as=lines`: the values alone, one a line, as a command reads secrets from its standard input. */
function isAsLines(params: unknown): boolean {
  return z.looseObject({ as: z.literal('lines') }).safeParse(params).success;
}
