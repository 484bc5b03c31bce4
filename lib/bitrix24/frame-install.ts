import * as z from 'zod';
import type { Form } from './form.ts';
import { inboundFields, type InboundEvent } from './inbound-event.ts';
import { NotAnEvent } from './inbound-errors.ts';

const { positiveInt, memberId, domain, applicationToken, secret, endpoint } = inboundFields;

type InstallEvent = Extract<InboundEvent, { type: 'install' }>;

/** The query of a request, each parameter once. */
export type Query = Readonly<Record<string, string | undefined>>;

const commaList = (list: string): string[] =>
  list
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');

const wireQuery = z.object({
  DOMAIN: z.string().max(260).toLowerCase().pipe(domain),
  /** 1 is https. */
  PROTOCOL: z.enum(['0', '1']).default('1'),
});
const wireBody = z.object({
  AUTH_ID: secret,
  REFRESH_ID: secret,
  AUTH_EXPIRES: z
    .string()
    .regex(/^[1-9]\d{0,15}$/)
    .transform(Number)
    .pipe(positiveInt),
  SERVER_ENDPOINT: endpoint,
  /** Not to be replaced by the query's APP_SID, as old clients do: an opening could not be told from an installation. */
  APPLICATION_TOKEN: applicationToken,
  APPLICATION_SCOPE: z.string().max(2000).default('').transform(commaList),
  member_id: memberId,
});

/** Whether a form is the one that a portal opens an app's page with, in a frame. */
export function isFrame(form: Form): boolean {
  return form['event'] === undefined && (form['AUTH_ID'] !== undefined || form['REFRESH_ID'] !== undefined);
}

/**
 * The POST that opens an app with an interface, read as an installation. Such an app gets no ONAPPINSTALL, and each
 * later opening brings the same fields, with tokens of the user who opens it. Sources: the documentation's
 * settings/app-installation and the official PHP client.
 *
 * @throws NotAnEvent naming the first field that is missing or malformed
 */
export function parseFrame(form: Form, query: Query): InstallEvent {
  const { DOMAIN, PROTOCOL } = read(wireQuery, query);
  const body = read(wireBody, form);
  const origin = URL.parse(`${PROTOCOL === '1' ? 'https' : 'http'}://${DOMAIN}`)?.origin;
  if (origin === undefined) throw new NotAnEvent('DOMAIN', 'is malformed');
  return {
    type: 'install',
    memberId: body.member_id,
    domain: DOMAIN,
    applicationToken: body.APPLICATION_TOKEN,
    accessToken: body.AUTH_ID,
    refreshToken: body.REFRESH_ID,
    expiresIn: body.AUTH_EXPIRES,
    scope: body.APPLICATION_SCOPE,
    clientEndpoint: `${origin}/rest/`,
    serverEndpoint: body.SERVER_ENDPOINT,
  };
}

function read<T>(schema: z.ZodType<T>, fields: Readonly<Record<string, unknown>>): T {
  const parsed = schema.safeParse(fields);
  if (parsed.success) return parsed.data;
  // The schemas are flat, so the first part of the path is a name of ours and quotes nothing of the content.
  const field = String(parsed.error.issues[0]?.path[0] ?? '');
  throw new NotAnEvent(field, fields[field] === undefined ? 'is missing' : 'is malformed');
}
