import { buildPhpForm } from '../php-form.ts';
import { ACCESS_SECONDS } from '../oauth/token-store.ts';
import type { App, Binding, Grant, OutgoingWebhook } from '../state.ts';
import type { PortalEvent } from './hit.ts';

/** How a portal names itself in a body. */
export interface PortalIdentity {
  readonly domain: string;
  /** `…/rest/`, of the portal and of the authorization server. */
  readonly endpoint: string;
  readonly memberId: string;
}

/** An event for an app. Without a grant, when no user acted, every field of the token is absent. */
export function appEventBody(
  portal: PortalIdentity,
  app: App,
  binding: Binding,
  event: PortalEvent,
  ts: number,
  grant?: Grant,
): string {
  return buildPhpForm({
    event: event.name,
    event_handler_id: binding.id,
    data: event.data,
    ts,
    auth: {
      ...(grant ? { ...tokenFields(grant), scope: app.scope.join(',') } : {}),
      domain: portal.domain,
      server_endpoint: portal.endpoint,
      status: 'L',
      client_endpoint: portal.endpoint,
      member_id: portal.memberId,
      ...(grant ? { user_id: grant.userId } : {}),
      // Of the ordinary events only those of a test and of an update carry a refresh token.
      ...(grant?.refreshToken === undefined ? {} : { refresh_token: grant.refreshToken }),
      application_token: app.applicationToken,
    },
  });
}

/** ONAPPPAYMENT, which names the portal and carries no token of any kind. */
export function paymentBody(portal: PortalIdentity, binding: Binding, event: PortalEvent, ts: number): string {
  return buildPhpForm({
    event: event.name,
    event_handler_id: binding.id,
    data: event.data,
    ts,
    auth: {
      domain: portal.domain,
      server_endpoint: portal.endpoint,
      status: 'L',
      client_endpoint: portal.endpoint,
      member_id: portal.memberId,
    },
  });
}

/** An event for an outgoing webhook: never with tokens. */
export function webhookEventBody(
  portal: PortalIdentity,
  webhook: OutgoingWebhook,
  event: PortalEvent,
  ts: number,
): string {
  return buildPhpForm({
    event: event.name,
    event_handler_id: webhook.id,
    data: event.data,
    ts,
    auth: {
      domain: portal.domain,
      client_endpoint: portal.endpoint,
      server_endpoint: portal.endpoint,
      member_id: portal.memberId,
      application_token: webhook.applicationToken,
    },
  });
}

/** ONAPPINSTALL, the one ordinary body with a refresh token; it names neither the user nor the moment of expiry. */
export function installBody(portal: PortalIdentity, app: App, grant: Grant, language: string, ts: number): string {
  return buildPhpForm({
    event: 'ONAPPINSTALL',
    data: { VERSION: app.version, ACTIVE: 'Y', INSTALLED: app.installed ? 'Y' : 'N', LANGUAGE_ID: language },
    ts,
    auth: {
      domain: portal.domain,
      scope: app.scope.join(','),
      access_token: grant.accessToken,
      refresh_token: grant.refreshToken,
      expires_in: ACCESS_SECONDS,
      server_endpoint: portal.endpoint,
      status: 'L',
      client_endpoint: portal.endpoint,
      member_id: portal.memberId,
      application_token: app.applicationToken,
    },
  });
}

/** The form that opens an app's page in a frame, for the query see `frameQuery`. The tokens are those of who opens it. */
export function frameBody(portal: PortalIdentity, app: App, grant: Grant): string {
  return buildPhpForm({
    AUTH_ID: grant.accessToken,
    AUTH_EXPIRES: ACCESS_SECONDS,
    REFRESH_ID: grant.refreshToken,
    SERVER_ENDPOINT: portal.endpoint,
    APPLICATION_TOKEN: app.applicationToken,
    APPLICATION_SCOPE: app.scope.join(','),
    member_id: portal.memberId,
    status: 'L',
    PLACEMENT: 'DEFAULT',
    PLACEMENT_OPTIONS: '{"any":"26\\/"}',
  });
}

/** `sid` names the frame: it is another one at each opening. */
export function frameQuery(portal: PortalIdentity, language: string, sid: string): string {
  const protocol = portal.endpoint.startsWith('https:') ? 1 : 0;
  return buildPhpForm({ DOMAIN: portal.domain, PROTOCOL: protocol, LANG: language, APP_SID: sid });
}

/** The built-in "Webhook" robot: a document and the portal's names. The URL's own key is the only secret. */
export function webhookRobotBody(portal: PortalIdentity, documentId: readonly string[]): string {
  return buildPhpForm({
    document_id: documentId,
    auth: {
      domain: portal.domain,
      client_endpoint: portal.endpoint,
      server_endpoint: portal.endpoint,
      member_id: portal.memberId,
    },
  });
}

export interface AppRobot {
  readonly code: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly workflowId: string;
  readonly eventToken: string;
}

/** An app's robot, called with `USE_SUBSCRIPTION=N`. */
export function appRobotBody(
  portal: PortalIdentity,
  app: App,
  robot: AppRobot,
  documentId: readonly string[],
  grant: Grant,
  ts: number,
): string {
  return buildPhpForm({
    workflow_id: robot.workflowId,
    code: robot.code,
    document_id: documentId,
    document_type: [documentId[0], documentId[1], documentId[2]?.replace(/_\d+$/, '')],
    event_token: robot.eventToken,
    properties: robot.properties,
    use_subscription: 'N',
    timeout_duration: 0,
    ts,
    auth: {
      ...tokenFields(grant),
      scope: app.scope.join(','),
      domain: portal.domain,
      server_endpoint: portal.endpoint,
      status: 'L',
      client_endpoint: portal.endpoint,
      member_id: portal.memberId,
      user_id: grant.userId,
      application_token: app.applicationToken,
    },
  });
}

/** A record as automation names it. */
export function documentIdOf(entityTypeId: number, id: number): string[] {
  const statics: Readonly<Record<number, readonly [string, string]>> = {
    1: ['CCrmDocumentLead', 'LEAD'],
    2: ['CCrmDocumentDeal', 'DEAL'],
    3: ['CCrmDocumentContact', 'CONTACT'],
    4: ['CCrmDocumentCompany', 'COMPANY'],
    31: ['Bitrix\\Crm\\Integration\\BizProc\\Document\\SmartInvoice', 'SMART_INVOICE'],
  };
  const [document, kind] = statics[entityTypeId] ?? [
    'Bitrix\\Crm\\Integration\\BizProc\\Document\\Dynamic',
    `DYNAMIC_${entityTypeId}`,
  ];
  return ['crm', document, `${kind}_${id}`];
}

function tokenFields(grant: Grant): Record<string, unknown> {
  return {
    access_token: grant.accessToken,
    expires: Math.floor(grant.accessUntil / 1000),
    expires_in: ACCESS_SECONDS,
  };
}
