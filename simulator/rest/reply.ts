import type { ServerResponse } from 'node:http';

/** How the portal answers a request, or fails to. */
export type Reply =
  | { readonly kind: 'json'; readonly status: number; readonly body: Readonly<Record<string, unknown>> }
  | { readonly kind: 'text'; readonly status: number; readonly body: string; readonly contentType: string }
  | { readonly kind: 'redirect'; readonly status: number; readonly location: string }
  | { readonly kind: 'reset' }
  | { readonly kind: 'no-answer' };

const JSON_TYPE = 'application/json; charset=utf-8';

export function json(status: number, body: Readonly<Record<string, unknown>>): Reply {
  return { kind: 'json', status, body };
}

export function html(status: number, body?: string): Reply {
  const page =
    body ?? `<html><head><title>${status}</title></head><body><center><h1>${status}</h1></center></body></html>`;
  return { kind: 'text', status, body: page, contentType: 'text/html; charset=utf-8' };
}

/** The same answer cut off in the middle, as a proxy leaves it. */
export function truncated(reply: Reply): Reply {
  if (reply.kind !== 'json') return reply;
  const whole = JSON.stringify(reply.body);
  return {
    kind: 'text',
    status: reply.status,
    body: whole.slice(0, Math.ceil(whole.length / 2)),
    contentType: JSON_TYPE,
  };
}

export function withoutTime(reply: Reply): Reply {
  if (reply.kind !== 'json') return reply;
  const { time: _time, ...body } = reply.body;
  return { ...reply, body };
}

/** What the request log says of a reply. */
export function summary(reply: Reply): { status: number | 'reset' | 'no-answer'; error?: string } {
  if (reply.kind === 'reset' || reply.kind === 'no-answer') return { status: reply.kind };
  const error = reply.kind === 'json' ? reply.body['error'] : undefined;
  if (typeof error === 'string' || typeof error === 'number') return { status: reply.status, error: String(error) };
  return { status: reply.status };
}

/** Writes the reply. A reset ends the connection with RST, so that the client sees ECONNRESET and not a clean end. */
export function send(reply: Reply, response: ServerResponse): void {
  switch (reply.kind) {
    case 'reset':
      response.socket?.resetAndDestroy();
      return;
    case 'no-answer':
      return;
    case 'redirect':
      response.writeHead(reply.status, { Location: reply.location }).end();
      return;
    case 'json':
      response.writeHead(reply.status, { 'Content-Type': JSON_TYPE }).end(JSON.stringify(reply.body));
      return;
    case 'text':
      response.writeHead(reply.status, { 'Content-Type': reply.contentType }).end(reply.body);
  }
}
