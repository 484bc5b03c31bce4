import type { IncomingMessage } from 'node:http';
import { parsePhpForm, type PhpMap, type PhpValue } from '../php-form.ts';

const MAX_BYTES = 8 * 1024 * 1024;

/** An HTTP request as PHP would see it. */
export interface WireRequest {
  readonly httpMethod: string;
  /** The parts of the path without empty ones: `/rest//crm.item.get/` is `['rest', 'crm.item.get']`. */
  readonly path: readonly string[];
  /** Query and body, the body winning. */
  readonly params: PhpMap;
  /** From `Authorization: Bearer`. */
  readonly bearer?: string;
  readonly userAgent: string;
}

/** Resolves to undefined when the body is larger than the server takes. */
export async function readWireRequest(request: IncomingMessage): Promise<WireRequest | undefined> {
  const url = request.url ?? '/';
  const mark = url.indexOf('?');
  const path = (mark < 0 ? url : url.slice(0, mark)).split('/').filter((part) => part !== '');
  const query = parsePhpForm(mark < 0 ? '' : url.slice(mark + 1));
  const body = await readBody(request);
  if (body === undefined) return undefined;
  const bearer = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
  return {
    httpMethod: request.method ?? 'GET',
    path: path.map(decodePart),
    params: { ...query, ...parseBody(body, request.headers['content-type'] ?? '') },
    ...(bearer === undefined ? {} : { bearer }),
    userAgent: request.headers['user-agent'] ?? '',
  };
}

/** A body of any other type, and broken JSON, is overlooked. */
function parseBody(body: string, contentType: string): PhpMap {
  const type = contentType.split(';')[0]?.trim().toLowerCase();
  if (type === 'application/x-www-form-urlencoded') return parsePhpForm(body);
  if (type !== 'application/json' || body === '') return {};
  try {
    const parsed = JSON.parse(body) as PhpValue;
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? parsed : {};
  } catch {
    return {};
  }
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
