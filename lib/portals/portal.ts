import * as z from 'zod/mini';
import { portalLimitsSchema } from '../bitrix24/limits.ts';
import { strictnessSchema } from '../bitrix24/strictness.ts';
import { capsSchema } from './caps-schema.ts';
import { originSchema } from './origin.ts';
import { robotKeySchema } from './robot-keys.ts';

/** Why a portal is paused: a stable code, and in plain words what a person must do. */
export const pauseSchema = z.object({
  code: z.string().check(z.minLength(1)),
  reason: z.string().check(z.minLength(1)),
  /** Of `portal-moved`: the host that the portal redirects to. Nobody has confirmed it. */
  newDomain: z.optional(z.string()),
  since: z.int().check(z.positive()),
});
export type Pause = z.infer<typeof pauseSchema>;

/** What the last daily look at a portal has found. A field is absent where it could not be asked. */
export const healthSchema = z.object({
  /** ms since the epoch. */
  checkedAt: z.int().check(z.positive()),
  /** Whether the app's installation is finished; before that none of its events arrives. */
  installed: z.optional(z.boolean()),
  administrator: z.optional(z.boolean()),
  /** Events that the rules need and the portal does not let us listen to. */
  missingEvents: z.array(z.string()),
});
export type Health = z.infer<typeof healthSchema>;

const digestSchema = z.string().check(z.regex(/^[0-9a-f]{64}$/));

/** By hand: `z.catch` alone would make `receive` 9 KB larger. */
const readableStrictness = z.pipe(
  z.unknown(),
  z.transform((value) => strictnessSchema.safeParse(value).data),
);

/** The row `portal` of the table `portals`. Times are ms since the epoch. */
export const portalSchema = z.object({
  memberId: z.string(),
  sk: z.literal('portal'),
  /** Host, and port if there is one, of the portal's REST endpoint. */
  domain: z.string().check(z.minLength(1)),
  connection: z.enum(['oauth', 'webhook']),
  /** `pending`: something is installed or connected, but not proved; nothing is read from or written to the portal. */
  state: z.enum(['pending', 'active', 'disconnected']),
  mode: z.enum(['observe', 'enforce']),
  /** Losses before this moment are not acted on. Set each time the mode becomes `enforce`. */
  enforcedAt: z.optional(z.int().check(z.positive())),
  /** sha256 of every application_token whose events are this portal's. */
  tokenDigests: z.array(digestSchema),
  /** The installation of the app that is in force: its token's digest, and when it arrived. Absent with webhooks. */
  installation: z.optional(originSchema),
  /** When the app was removed: what stood to be done by then is not done any more. */
  disconnectedAt: z.optional(z.int().check(z.positive())),
  /** The keys that a stage robot's URL may carry, as digests. */
  robotKeyDigests: z._default(z.array(robotKeySchema), []),
  /** Where the portal was last told to send its events. Absent with webhooks, and before the first activation. */
  eventsUrl: z.optional(z.url()),
  limits: portalLimitsSchema,
  /** It has refused requests that its limits allow. What cannot be read of that is no reason to stop. */
  strictness: z.optional(readableStrictness),
  /** Absent: the defaults. */
  caps: z.optional(capsSchema),
  pause: z.optional(pauseSchema),
  health: z.optional(healthSchema),
  /** What has gone wrong with every request since then, by its row of the table of errors. */
  trouble: z.optional(
    z.object({ name: z.string(), since: z.int().check(z.positive()), count: z.int().check(z.positive()) }),
  ),
  rulesVersion: z.optional(z.int().check(z.positive())),
  /** Everything that was lost before this moment has been found; absent: since the portal is connected. */
  reconciledUntil: z.optional(z.int().check(z.positive())),
  /** The version of the rules that the look for ended waits has gone through. */
  waitsVersion: z.optional(z.int().check(z.positive())),
  /** How many holds have ever been put on records: whoever read the holds before sees that there are others now. */
  holdsPut: z.optional(z.int().check(z.positive())),
  createdAt: z.int().check(z.positive()),
  updatedAt: z.int().check(z.positive()),
});
export type Portal = z.infer<typeof portalSchema>;

/**
 * A webhook connection made without a member id is kept under this id until the first event with its domain and
 * application token names the real one.
 */
export function pendingWebhookId(domain: string): string {
  return `pending@${domain}`;
}

/** A portal may have several senders of events, each with its token; the oldest of more than these goes. */
const maxTokenDigests = 10;

/** The digests with this one as the newest. */
export function withTokenDigest(digests: readonly string[], digest: string): string[] {
  return [...digests.filter((known) => known !== digest), digest].slice(-maxTokenDigests);
}
