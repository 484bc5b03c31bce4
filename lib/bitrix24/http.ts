import { type Call, OutcomeUnknown, PortalMoved, PortalUnreachable, UnusableAnswer } from './failures.ts';

/** Says who calls: a portal's administrator sees it in the log of requests. */
export const userAgent = 'tidy24/0.1.0';

/** The largest answers, pages of 50 full records in a batch of 50, stay far below; 16 MiB. */
const longestAnswer = 16 * 1024 * 1024;

/** Failures of fetch at which surely nothing of the request arrived. */
const nothingSent = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/** The system's codes in an error and its causes. By shape, because an error may come from another realm. */
function codesOf(error: unknown, depth = 0): string[] {
  if (typeof error !== 'object' || error === null || depth > 5) return [];
  const { code, cause, errors } = error as { code?: unknown; cause?: unknown; errors?: unknown };
  return [
    ...(typeof code === 'string' ? [code] : []),
    ...(Array.isArray(errors) ? errors.flatMap((each) => codesOf(each, depth + 1)) : []),
    ...codesOf(cause, depth + 1),
  ];
}

export interface PostOptions {
  call: Call;
  contentType: 'application/json' | 'application/x-www-form-urlencoded';
  body: string;
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

/**
 * One POST without any retry, and its answer as a JSON object. Connections are kept alive by fetch itself.
 *
 * Errors carry no cause: fetch's own may quote the URL, and a webhook's URL is a secret. The system's code stands in
 * the message of the operating system alone, which is not needed to act.
 *
 * @throws PortalUnreachable, OutcomeUnknown, PortalMoved, UnusableAnswer
 */
export async function postForJson(
  fetch: typeof globalThis.fetch,
  url: string,
  { call, contentType, body, timeoutMs, signal }: PostOptions,
): Promise<{ status: number; json: Record<string, unknown> }> {
  const started = performance.now();
  const timeout = AbortSignal.timeout(timeoutMs);
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method: 'POST',
      // Followed, a 302 would become a GET that carries the token to wherever the answer says.
      redirect: 'manual',
      headers: { 'content-type': contentType, accept: 'application/json', 'user-agent': userAgent },
      body,
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
    text = await readText(response);
  } catch (error) {
    if (codesOf(error).some((code) => nothingSent.has(code) || code.startsWith('ERR_SSL_')))
      throw new PortalUnreachable(call);
    throw new OutcomeUnknown(call, performance.now() - started);
  }

  const location = response.headers.get('location');
  if (response.status >= 300 && response.status < 400 && location !== null) {
    const target = URL.parse(location, url);
    throw new PortalMoved(call, { status: response.status, locationHost: target?.host ?? call.host });
  }
  return { status: response.status, json: parseObject(text, call, response.status) };
}

/** The body as text; cut off where it gets too long, which makes it JSON that cannot be read. */
async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > longestAnswer) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseObject(text: string, call: Call, status: number): Record<string, unknown> {
  const body = text.trim();
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    const kind = body === '' ? 'empty' : body.startsWith('<') ? 'html' : /^[[{]/.test(body) ? 'truncated' : 'other';
    throw new UnusableAnswer(call, { kind: 'unusable', status, body: kind });
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new UnusableAnswer(call, { kind: 'unusable', status, body: 'other' });
  }
  return parsed as Record<string, unknown>;
}
