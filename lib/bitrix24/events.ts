import * as z from 'zod/mini';
import { parseDocumentId } from './document-id.ts';
import { lifecycleEvents, recordEventName } from './event-names.ts';
import type { Form } from './form.ts';
import { inboundFields, type InboundEvent } from './inbound-event.ts';
import { NotAnEvent } from './inbound-errors.ts';

const { positiveInt, eventName, memberId, domain, applicationToken, secret, endpoint } = inboundFields;

/** On the wire everything is a string, and Bitrix24 adds fields as it likes: what is not named here is dropped. */
const wireId = z.pipe(
  z.pipe(
    z.string().check(z.regex(/^[1-9]\d{0,15}$/)),
    z.transform((digits: string) => Number(digits)),
  ),
  positiveInt,
);
const wireDomain = z.pipe(z.string().check(z.maxLength(260), z.toLowerCase()), domain);
const wireScope = z.pipe(
  z.string().check(z.maxLength(2000)),
  z.transform((list: string) =>
    list
      .split(',')
      .map((scope) => scope.trim())
      .filter((scope) => scope !== ''),
  ),
);

const wireEvent = z.object({ event: z.pipe(z.string().check(z.maxLength(100), z.toUpperCase()), eventName) });
const wireAuth = z.object({ member_id: memberId, application_token: z.optional(applicationToken) });
const wireOther = z.object({ auth: wireAuth });
const wireLifecycle = z.object({ auth: z.extend(wireAuth, { domain: wireDomain }) });
const wireRenewal = z.object({ auth: z.object({ refresh_token: secret, server_endpoint: endpoint }) });
const wireRecord = z.object({
  data: z.object({ FIELDS: z.object({ ID: wireId, ENTITY_TYPE_ID: z.optional(wireId) }) }),
  auth: z.extend(wireAuth, {
    domain: wireDomain,
    application_token: applicationToken,
    access_token: z.optional(z.unknown()),
    scope: z.optional(z.unknown()),
    status: z.optional(z.unknown()),
  }),
});
const wireInstall = z.object({
  auth: z.extend(wireAuth, {
    domain: wireDomain,
    application_token: applicationToken,
    access_token: secret,
    refresh_token: secret,
    expires_in: wireId,
    scope: wireScope,
    client_endpoint: endpoint,
    server_endpoint: endpoint,
  }),
});

/**
 * What a form from Bitrix24 says.
 *
 * @throws NotAnEvent naming the first field that is missing or malformed
 */
export function parseEvent(form: Form): InboundEvent {
  if (form['event'] === undefined && form['document_id'] !== undefined) return robotEvent(form);
  const { event } = read(wireEvent, form);
  if (event === 'ONAPPINSTALL') return installEvent(form);
  const lifecycle = lifecycleEvents.find((name) => name === event);
  if (lifecycle !== undefined) {
    const { auth } = read(wireLifecycle, form);
    const about = { memberId: auth.member_id, domain: auth.domain, ...tokenOf(auth) };
    return { type: 'lifecycle', event: lifecycle, ...about, ...(lifecycle === 'ONAPPUPDATE' && renewalOf(form)) };
  }
  if (recordEventName(event) !== undefined) return recordEvent(event, form);
  const { auth } = read(wireOther, form);
  return { type: 'other', event, memberId: auth.member_id, ...tokenOf(auth) };
}

function recordEvent(event: string, form: Form): InboundEvent {
  const { data, auth } = read(wireRecord, form);
  const { ID: id, ENTITY_TYPE_ID: typeInBody } = data.FIELDS;
  const name = recordEventName(event);
  const entityTypeId = name?.entityTypeId ?? typeInBody;
  if (name === undefined || entityTypeId === undefined)
    throw new NotAnEvent('data[FIELDS][ENTITY_TYPE_ID]', 'is missing');
  if (typeInBody !== undefined && typeInBody !== entityTypeId) {
    throw new NotAnEvent('data[FIELDS][ENTITY_TYPE_ID]', 'is malformed');
  }
  // An app's events carry its status and scope even when no user acted; a webhook can never be bound to `move`.
  const app =
    [auth.access_token, auth.scope, auth.status].some((field) => field !== undefined) || name.change === 'move';
  return {
    type: 'record',
    event,
    change: name.change,
    memberId: auth.member_id,
    domain: auth.domain,
    applicationToken: auth.application_token,
    entityTypeId,
    id,
    sender: app ? 'app' : 'webhook',
  };
}

function robotEvent(form: Form): InboundEvent {
  const record = parseDocumentId(form['document_id']);
  if (record === undefined) throw new NotAnEvent('document_id', 'is malformed');
  const { auth } = read(wireLifecycle, form);
  return { type: 'robot', memberId: auth.member_id, domain: auth.domain, ...tokenOf(auth), ...record };
}

function installEvent(form: Form): InboundEvent {
  const { auth } = read(wireInstall, form);
  return {
    type: 'install',
    memberId: auth.member_id,
    domain: auth.domain,
    applicationToken: auth.application_token,
    accessToken: auth.access_token,
    refreshToken: auth.refresh_token,
    expiresIn: auth.expires_in,
    scope: auth.scope,
    clientEndpoint: auth.client_endpoint,
    serverEndpoint: auth.server_endpoint,
  };
}

/** Most events bring no refresh token, and one that cannot be read is as good as none. */
function renewalOf(form: Form): { renewal?: { refreshToken: string; serverEndpoint: string } } {
  const parsed = wireRenewal.safeParse(form);
  if (!parsed.success) return {};
  const { refresh_token: refreshToken, server_endpoint: serverEndpoint } = parsed.data.auth;
  return { renewal: { refreshToken, serverEndpoint } };
}

function tokenOf(auth: { application_token?: string | undefined }): { applicationToken?: string } {
  return auth.application_token === undefined ? {} : { applicationToken: auth.application_token };
}

function read<T>(schema: z.ZodMiniType<T>, form: Form): T {
  const parsed = schema.safeParse(form);
  if (parsed.success) return parsed.data;
  // The path is made of keys that our schemas name, so it quotes nothing of the content.
  const path = parsed.error.issues[0]?.path.map(String) ?? [];
  const field = path.map((key, depth) => (depth === 0 ? key : `[${key}]`)).join('');
  throw new NotAnEvent(field, valueAt(form, path) === undefined ? 'is missing' : 'is malformed');
}

function valueAt(form: unknown, path: readonly string[]): unknown {
  let value = form;
  for (const key of path) {
    value = typeof value === 'object' && value !== null ? (Reflect.get(value, key) as unknown) : undefined;
  }
  return value;
}
