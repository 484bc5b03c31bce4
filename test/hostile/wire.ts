import type { SimulatedPortal } from '../../simulator/portal.ts';
import type { Reply } from '../../simulator/rest/reply.ts';

/** One command of a batch as it is sent: its key, its method, its parameters. */
export interface SentCommand {
  readonly key: string;
  readonly method: string;
  readonly params: URLSearchParams;
}

export function commandsIn(body: string): SentCommand[] {
  const { cmd = {} } = JSON.parse(body) as { cmd?: Record<string, string> };
  return Object.entries(cmd).map(([key, command]) => {
    const [method = '', query = ''] = command.split('?');
    return { key, method, params: new URLSearchParams(query) };
  });
}

/** What the portal does with a request, without a network between: nothing else moves meanwhile. */
export function answerOf(portal: SimulatedPortal, url: string, body: string): Promise<Reply> {
  const { pathname } = new URL(url);
  return portal.answer('rest', {
    httpMethod: 'POST',
    path: pathname.split('/').filter((part) => part !== ''),
    params: JSON.parse(body) as never,
    userAgent: '',
  });
}

/** The same as fetch would give it. */
export function responseOf(reply: Reply): Response {
  switch (reply.kind) {
    case 'json':
      return Response.json(reply.body, { status: reply.status });
    case 'text':
      return new Response(reply.body, { status: reply.status });
    case 'redirect':
      return new Response(null, { status: reply.status, headers: { location: reply.location } });
    case 'reset':
    case 'no-answer':
      break;
  }
  throw Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNRESET' } });
}

/** The results of a batch by the keys of its commands; of those that were refused there are none. */
export function resultsIn(reply: Reply): Readonly<Record<string, unknown>> {
  const body = reply.kind === 'json' ? (reply.body as { result?: { result?: unknown } }) : {};
  return (body.result?.result ?? {}) as Record<string, unknown>;
}
