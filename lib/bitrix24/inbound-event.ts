import * as z from 'zod/mini';
import { lifecycleEvents } from './event-names.ts';
import { memberIdSchema as memberId } from './member-id.ts';

const positiveInt = z.int().check(z.positive());
const eventName = z.string().check(z.regex(/^[A-Z0-9_:.-]{1,100}$/));
/** Host and, for a portal on a port of its own, `:port`; in lower case. */
const domain = z.string().check(z.regex(/^[\p{Ll}\p{Lo}\p{N}._-]{1,253}(:\d{1,5})?$/u));
const applicationToken = z.string().check(z.regex(/^[\x21-\x7e]{1,256}$/));
const secret = z.string().check(z.regex(/^[\x21-\x7e]{1,2048}$/));
const endpoint = z.url({ protocol: /^https?$/ }).check(z.maxLength(500), z.regex(/^[^@?#\s]+$/));

/** The fields of an inbound event, for reading them off the wire by the same rules. */
export const inboundFields = { positiveInt, eventName, memberId, domain, applicationToken, secret, endpoint };

/** Every kind of event that comes in, reduced to what is used. Sources: events/*.md, local-webhooks.md, bizproc-robot/*. */
export const inboundEventSchema = z.discriminatedUnion('type', [
  /** Something about one record changed. The application token is not yet compared with anything. */
  z.strictObject({
    type: z.literal('record'),
    event: eventName,
    change: z.enum(['add', 'update', 'delete', 'move']),
    memberId,
    domain,
    applicationToken,
    entityTypeId: positiveInt,
    id: positiveInt,
    /** An outgoing webhook's auth block lacks what an app's always has. A hint, no proof. */
    sender: z.enum(['app', 'webhook']),
  }),
  /** A stage robot. The portal's own webhook robot sends no token at all: only a key in the URL can prove it. */
  z.strictObject({
    type: z.literal('robot'),
    memberId,
    domain,
    applicationToken: z.optional(applicationToken),
    entityTypeId: positiveInt,
    id: positiveInt,
  }),
  /** An installation, told by ONAPPINSTALL or by an app's first opening. Nothing in it is proved yet. */
  z.strictObject({
    type: z.literal('install'),
    memberId,
    domain,
    applicationToken,
    accessToken: secret,
    refreshToken: secret,
    /** In seconds. */
    expiresIn: positiveInt,
    scope: z.array(z.string()),
    /** Where the portal's methods are, `https://demo.bitrix24.com/rest/`. */
    clientEndpoint: endpoint,
    /** On the authorization server's host, `https://oauth.bitrix.info/rest/`. Not to be trusted: compare with a list. */
    serverEndpoint: endpoint,
  }),
  z.strictObject({
    type: z.literal('lifecycle'),
    event: z.enum(lifecycleEvents),
    memberId,
    domain,
    applicationToken: z.optional(applicationToken),
    /** Tokens, where the event brings them: ONAPPUPDATE may. */
    renewal: z.optional(z.strictObject({ refreshToken: secret, serverEndpoint: endpoint })),
  }),
  /** An event that we know nothing of. */
  z.strictObject({
    type: z.literal('other'),
    event: eventName,
    memberId,
    applicationToken: z.optional(applicationToken),
  }),
]);
export type InboundEvent = z.infer<typeof inboundEventSchema>;
