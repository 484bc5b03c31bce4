import * as z from 'zod';
import { portalLimitsSchema } from '../bitrix24/limits.ts';
import { capsSchema } from './caps.ts';
import { originSchema } from './origin.ts';
import { robotKeySchema } from './robot-keys.ts';

/** Why a portal is paused: a stable code, and in plain words what a person must do. */
export const pauseSchema = z.object({
  code: z.string().min(1),
  reason: z.string().min(1),
  /** Of `portal-moved`: the host that the portal redirects to. Nobody has confirmed it. */
  newDomain: z.string().optional(),
  since: z.int().positive(),
});
export type Pause = z.infer<typeof pauseSchema>;

/** What the last daily look at a portal has found. A field is absent where it could not be asked. */
export const healthSchema = z.object({
  /** ms since the epoch. */
  checkedAt: z.int().positive(),
  /** Whether the app's installation is finished; before that none of its events arrives. */
  installed: z.boolean().optional(),
  administrator: z.boolean().optional(),
  /** Events that the rules need and the portal does not let us listen to. */
  missingEvents: z.array(z.string()),
});
export type Health = z.infer<typeof healthSchema>;

const digestSchema = z.string().regex(/^[0-9a-f]{64}$/);

/** The row `portal` of the table `portals`. Times are ms since the epoch. */
export const portalSchema = z.object({
  memberId: z.string(),
  sk: z.literal('portal'),
  /** Host, and port if there is one, of the portal's REST endpoint. */
  domain: z.string().min(1),
  connection: z.enum(['oauth', 'webhook']),
  /** `pending`: something is installed or connected, but not proved; nothing is read from or written to the portal. */
  state: z.enum(['pending', 'active', 'disconnected']),
  mode: z.enum(['observe', 'enforce']),
  /** Losses before this moment are not acted on. Set each time the mode becomes `enforce`. */
  enforcedAt: z.int().positive().optional(),
  /** sha256 of every application_token whose events are this portal's. */
  tokenDigests: z.array(digestSchema),
  /** The installation of the app that is in force: its token's digest, and when it arrived. Absent with webhooks. */
  installation: originSchema.optional(),
  /** When the app was removed: what stood to be done by then is not done any more. */
  disconnectedAt: z.int().positive().optional(),
  /** The keys that a stage robot's URL may carry, as digests. */
  robotKeyDigests: z.array(robotKeySchema).default([]),
  /** Where the portal was last told to send its events. Absent with webhooks, and before the first activation. */
  eventsUrl: z.url().optional(),
  limits: portalLimitsSchema,
  /** Absent: the defaults. */
  caps: capsSchema.optional(),
  pause: pauseSchema.optional(),
  health: healthSchema.optional(),
  /** What has gone wrong with every request since then, by its row of the table of errors. */
  trouble: z.object({ name: z.string(), since: z.int().positive(), count: z.int().positive() }).optional(),
  rulesVersion: z.int().positive().optional(),
  /** Everything that was lost before this moment has been found; absent: since the portal is connected. */
  reconciledUntil: z.int().positive().optional(),
  /** The version of the rules that the look for ended waits has gone through. */
  waitsVersion: z.int().positive().optional(),
  /** How many holds have ever been put on records: whoever read the holds before sees that there are others now. */
  holdsPut: z.int().positive().optional(),
  createdAt: z.int().positive(),
  updatedAt: z.int().positive(),
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
