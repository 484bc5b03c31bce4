import * as z from 'zod';
import { given, type Route } from './route.ts';

const yes = z.stringbool().default(false);
const appSchema = z.object({
  installUrl: z.url(),
  clientId: z.string().optional(),
  clientSecret: z.string().optional(),
  interface: yes,
});
const whichSchema = z.object({ clientId: z.string() });
const webhookSchema = z.object({ url: z.url(), events: z.string().default('ONCRMDEALADD,ONCRMDEALUPDATE') });
const robotSchema = z.object({ url: z.url(), deal: z.coerce.number().int().positive() });
const userSchema = z.object({ admin: z.stringbool().optional(), active: z.stringbool().optional() });

/** The simulator finds an app by its client id alone. */
const appOf = (params: unknown) => ({ clientSecret: '', ...whichSchema.parse(params) });

export const connectionRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: 'apps/install',
    does: 'a new local app is installed: installUrl, interface=yes for one with a page; answers client id and secret, as its form shows them',
    run: async (portal, params) => {
      const { interface: hasInterface, ...options } = appSchema.parse(params);
      const app = portal.createApp(given({ ...options, hasInterface }));
      portal.installApp(app);
      if (!hasInterface) {
        await portal.settle();
        return { ...app };
      }
      const page = await portal.openApp(app);
      return { ...app, opened: page };
    },
  },
  {
    method: 'POST',
    path: 'apps/open',
    does: 'the administrator opens the page of an app with an interface: clientId',
    run: async (portal, params) => ({ opened: await portal.openApp(appOf(params)) }),
  },
  {
    method: 'POST',
    path: 'apps/uninstall',
    does: 'an app is removed: clientId',
    run: (portal, params) => {
      portal.uninstallApp(appOf(params));
      return { uninstalled: true };
    },
  },
  {
    method: 'POST',
    path: 'apps/update',
    does: 'an app is updated, its bindings are gone: clientId',
    run: (portal, params) => {
      portal.updateApp(appOf(params));
      return { updated: true };
    },
  },
  {
    method: 'POST',
    path: 'apps/payment',
    does: 'the paid period of an app ends or begins: clientId, paid=yes|no',
    run: (portal, params) => {
      const { paid } = z.object({ paid: z.stringbool() }).parse(params);
      portal.setAppPayment(appOf(params), paid);
      return { paid };
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
    path: 'webhooks/revoke',
    does: 'every incoming webhook is deleted',
    run: (portal) => {
      portal.revokeWebhooks();
      return { revoked: true };
    },
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
    path: 'robots/fire',
    does: 'the webhook robot of a stage posts to the URL typed there: url, deal',
    run: (portal, params) => {
      const { url, deal } = robotSchema.parse(params);
      portal.fireRobot(url, deal);
      return { fired: true };
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
    method: 'POST',
    path: 'tokens/revoke',
    does: 'access and refresh tokens of an app die: clientId',
    run: (portal, params) => {
      portal.revokeTokens(appOf(params));
      return { revoked: true };
    },
  },
  {
    method: 'POST',
    path: 'users/:id',
    does: 'makes a user an administrator or not, active or not: admin=yes|no, active=yes|no',
    run: (portal, params, [userId = 0]) => {
      portal.changeUser(userId, given(userSchema.parse(params)));
      return { users: portal.users };
    },
  },
];
