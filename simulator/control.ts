import * as z from 'zod';
import type { SimulatedPortal } from './portal.ts';
import { json, type Reply } from './rest/reply.ts';
import type { WireRequest } from './rest/wire-request.ts';

const id = z.coerce.number().int().positive();
const ids = z.preprocess((value) => (typeof value === 'string' ? value.split(',') : value), z.array(id));

const moveSchema = z.object({ stage: z.string().min(1), actor: z.enum(['user', 'robot']).optional() });
const dealSchema = z.object({
  title: z.string().optional(),
  categoryId: z.coerce.number().int().nonnegative().default(0),
  stageId: z.string().optional(),
  /** `1,2,3` or a list. */
  contactIds: ids.optional(),
});
const appSchema = z.object({
  installUrl: z.url(),
  clientId: z.string().optional(),
  clientSecret: z.string().optional(),
});
const webhookSchema = z.object({ url: z.url(), events: z.string().default('ONCRMDEALADD,ONCRMDEALUPDATE') });

interface Route {
  readonly method: 'GET' | 'POST';
  /** A segment of `:id` is a record's id. */
  readonly path: string;
  readonly does: string;
  readonly run: (portal: SimulatedPortal, params: unknown, recordId: number) => Readonly<Record<string, unknown>>;
}

const ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '',
    does: 'this description',
    run: (portal) => ({
      memberId: portal.memberId,
      endpoint: portal.endpoint,
      tokenUrl: portal.tokenUrl,
      routes: ROUTES.map((route) => `${route.method} /simulator/${route.path} - ${route.does}`),
    }),
  },
  {
    method: 'GET',
    path: 'stages/:id',
    does: 'the stages of a deal pipeline and what they mean; the main pipeline is 0',
    run: (portal, _params, pipelineId) => ({ stages: portal.stages(pipelineId) }),
  },
  {
    method: 'POST',
    path: 'deals',
    does: 'a new deal: title, categoryId, stageId, contactIds=1,2',
    run: (portal, params) => {
      const { title, stageId, contactIds, categoryId } = dealSchema.parse(params);
      const dealId = portal.addDeal({
        categoryId,
        ...(title === undefined ? {} : { title }),
        ...(stageId === undefined ? {} : { stageId }),
        ...(contactIds === undefined ? {} : { contactIds }),
      });
      return describe(portal, dealId);
    },
  },
  {
    method: 'GET',
    path: 'deals/:id',
    does: 'a deal and its contacts',
    run: (portal, _params, dealId) => describe(portal, dealId),
  },
  {
    method: 'POST',
    path: 'deals/:id/move',
    does: 'moves a deal to another stage: stage=C5:UC_7K2M, actor=user|robot',
    run: (portal, params, dealId) => {
      const { stage, actor } = moveSchema.parse(params);
      portal.moveDeal(dealId, stage, actor === undefined ? {} : { actor });
      return describe(portal, dealId);
    },
  },
  {
    method: 'POST',
    path: 'contacts',
    does: 'a new contact; the answer is its id',
    run: (portal) => ({ id: portal.addContact() }),
  },
  {
    method: 'POST',
    path: 'apps/install',
    does: 'a new local app is installed: installUrl; answers client id and secret, as its form shows them',
    run: (portal, params) => {
      const { installUrl, clientId, clientSecret } = appSchema.parse(params);
      const app = portal.createApp({
        installUrl,
        ...(clientId === undefined ? {} : { clientId }),
        ...(clientSecret === undefined ? {} : { clientSecret }),
      });
      portal.installApp(app);
      return { ...app };
    },
  },
  {
    method: 'POST',
    path: 'webhooks/incoming',
    does: 'a new incoming webhook of the administrator; the answer is its URL',
    run: (portal) => ({ url: portal.createWebhook() }),
  },
  {
    method: 'POST',
    path: 'webhooks/outgoing',
    does: 'a new outgoing webhook: url, events=ONCRMDEALUPDATE; answers its application token',
    run: (portal, params) => {
      const { url, events } = webhookSchema.parse(params);
      return { applicationToken: portal.addOutgoingWebhook({ url, events: events.split(',') }).applicationToken };
    },
  },
  {
    method: 'POST',
    path: 'tokens/expire',
    does: 'every access token expires now',
    run: (portal) => {
      portal.expireAccessTokens();
      return { expired: true };
    },
  },
  {
    method: 'GET',
    path: 'requests',
    does: 'what the portal was asked, without secrets',
    run: (portal) => ({ requests: portal.requests, refreshes: portal.refreshes, events: portal.postedEvents }),
  },
];

/** `/simulator/…`: what a person does on a portal, for whoever runs the simulator by hand. */
export async function answerControl(portal: SimulatedPortal, request: WireRequest): Promise<Reply> {
  const parts = request.path.slice(1);
  const path = parts.map((part) => (/^\d+$/.test(part) ? ':id' : part)).join('/');
  const route = ROUTES.find((candidate) => candidate.path === path && candidate.method === request.httpMethod);
  if (!route) return json(404, { error: 'No such address; see GET /simulator/' });
  const recordId = Number(parts.find((part) => /^\d+$/.test(part)) ?? 0);
  try {
    return json(200, route.run(portal, request.params, recordId));
  } catch (error) {
    const text =
      error instanceof z.ZodError ? z.prettifyError(error) : error instanceof Error ? error.message : 'failed';
    return json(400, { error: text });
  }
}

function describe(portal: SimulatedPortal, dealId: number): Readonly<Record<string, unknown>> {
  const deal = portal.deal(dealId);
  if (!deal) throw new Error(`No deal ${dealId}`);
  return { deal, contacts: portal.contactsOf(dealId) };
}
