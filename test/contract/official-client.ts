import { B24OAuth, EnumAppStatus, type RestrictionParams } from '@bitrix24/b24jssdk';
import type { SimulatedPortal } from '../../simulator/portal.ts';
import type { IssuedTokens, SimulatedApp } from '../../simulator/portal-apps.ts';

/** The SDK without its own waiting: every error arrives at once, as the portal gave it. */
const AT_ONCE: Partial<RestrictionParams> = {
  maxRetries: 1,
  retryDelay: 1,
  adaptiveConfig: { enabled: false, thresholdPercent: 100, coefficient: 0.001, maxDelay: 1 },
  rateLimit: { burstLimit: 1000, drainRate: 1000, adaptiveEnabled: false },
};

/** The official client in OAuth mode, as an app holding these tokens would set it up. */
export function officialClient(
  portal: SimulatedPortal,
  app: SimulatedApp,
  tokens: IssuedTokens,
  restrictionParams: Partial<RestrictionParams> = AT_ONCE,
): B24OAuth {
  const client = new B24OAuth(
    {
      applicationToken: tokens.applicationToken,
      userId: 1,
      memberId: portal.memberId,
      accessToken: tokens.accessToken,
      refreshToken: tokens.refreshToken,
      expires: Math.floor(tokens.expiresAt / 1000),
      expiresIn: 3600,
      scope: 'crm',
      domain: portal.domain,
      clientEndpoint: portal.endpoint,
      serverEndpoint: portal.endpoint,
      status: EnumAppStatus.Local,
    },
    { clientId: app.clientId, clientSecret: app.clientSecret },
    { restrictionParams },
  );
  client.offClientSideWarning();
  return client;
}
