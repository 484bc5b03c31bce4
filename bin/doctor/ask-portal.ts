import * as z from 'zod';
import { profileSchema } from '../../lib/bitrix24/answers.ts';
import { parsePortalTime } from '../../lib/bitrix24/portal-time.ts';
import { RestClient } from '../../lib/bitrix24/rest-client.ts';
import { type Binding, bindingSchema } from '../../lib/portals/bindings.ts';
import type { Portal } from '../../lib/portals/portal.ts';
import { PortalSession } from '../../lib/portals/session.ts';
import type { Deployment } from '../deployment.ts';

/** A portal that is well answers in less. ms. */
const answerMs = 15_000;
/** With a refresh of the token, which is started only with a minute left. ms. */
const allMs = 80_000;

const appSchema = z.object({
  INSTALLED: z.boolean().optional().catch(undefined),
  PAYMENT_EXPIRED: z.string().optional().catch(undefined),
  LICENSE_FAMILY: z.string().optional().catch(undefined),
});

const typesSchema = z.object({
  types: z.array(
    z.object({
      entityTypeId: z.coerce.number(),
      title: z.string().catch(''),
      isRecyclebinEnabled: z.enum(['Y', 'N']).optional().catch(undefined),
    }),
  ),
});
/** A smart process as `crm.type.list` gives it. */
export type SmartProcess = z.infer<typeof typesSchema>['types'][number];

/** What a portal says of itself and of us. A field is undefined when that part of the answer cannot be used. */
export interface PortalSays {
  readonly profile: z.infer<typeof profileSchema> | undefined;
  readonly scope: readonly string[] | undefined;
  /** How far the portal's clock is ahead of this computer's, in ms. */
  readonly aheadMs: number | undefined;
  /** Of an app only, like `bindings`. */
  readonly app: z.infer<typeof appSchema> | undefined;
  readonly bindings: readonly Binding[] | undefined;
  /** Asked for only `withTypes`; the first fifty. */
  readonly types: readonly SmartProcess[] | undefined;
}

/**
 * Asks everything in one request.
 *
 * @throws what PortalSession throws
 */
export async function askPortal(
  deployment: Deployment,
  portal: Portal,
  { withTypes }: { withTypes: boolean },
): Promise<PortalSays> {
  const { fetch, clock } = deployment;
  const rest = new RestClient({ fetch, clock, timeoutMs: answerMs });
  const session = new PortalSession({ ...deployment, rest }, portal, clock() + allMs);
  const ofApps = portal.connection === 'oauth' ? ['app.info', 'event.get'] : [];
  const methods = ['profile', 'scope', 'server.time', ...ofApps, ...(withTypes ? ['crm.type.list'] : [])];
  const commands = new Map(methods.map((method) => [keyOf(method), { method, params: {} }] as const));

  const sent = clock();
  const answers = await session.batch(commands, { write: false });
  const middle = (sent + clock()) / 2;

  const read = <T>(method: string, schema: z.ZodType<T>): T | undefined => {
    const answer = answers.get(keyOf(method));
    return schema.safeParse(answer?.kind === 'result' ? answer.result : undefined).data;
  };
  return {
    profile: read('profile', profileSchema),
    scope: read('scope', z.array(z.string())),
    aheadMs: ahead(read('server.time', z.string()), middle),
    app: read('app.info', appSchema),
    bindings: read('event.get', z.array(bindingSchema)),
    types: read('crm.type.list', typesSchema)?.types,
  };
}

function keyOf(method: string): string {
  return method.replaceAll('.', '_');
}

/** A portal writes whole seconds: half of one is added, as the most likely. */
function ahead(time: string | undefined, now: number): number | undefined {
  if (time === undefined) return undefined;
  try {
    return parsePortalTime(time) + 500 - now;
  } catch {
    return undefined;
  }
}
