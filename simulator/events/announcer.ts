import type { TokenStore } from '../oauth/token-store.ts';
import type { App, Binding, Grant, PortalState } from '../state.ts';
import { appEventBody, paymentBody, type PortalIdentity, webhookEventBody } from './event-bodies.ts';
import type { Hit, PortalEvent } from './hit.ts';
import type { Outbox } from './outbox.ts';

export interface AnnouncerParts {
  readonly state: PortalState;
  readonly tokens: TokenStore;
  readonly outbox: Outbox;
  readonly identity: PortalIdentity;
  readonly now: () => number;
}

/** Turns what happened in a hit into postings to every handler that is bound to it. */
export class Announcer {
  readonly #parts: AnnouncerParts;

  constructor(parts: AnnouncerParts) {
    this.#parts = parts;
  }

  /** At the end of a hit. Apps that are not installed to the end, or not paid, hear nothing, and nobody says so. */
  announce(hit: Hit): void {
    const { state } = this.#parts;
    for (const event of hit.events) {
      for (const binding of state.bindings.filter((candidate) => candidate.event === event.name)) {
        const app = state.apps.find((candidate) => candidate.clientId === binding.clientId);
        if (app?.present && app.installed && !app.paymentExpired) this.#toApp(app, binding, event, hit);
      }
      for (const webhook of state.outgoing.filter((candidate) => candidate.events.includes(event.name))) {
        const { outbox, identity } = this.#parts;
        const body = webhookEventBody(identity, webhook, event, this.#ts());
        outbox.put({ event: event.name, sender: 'webhook', ...recordId(event), url: webhook.url, body });
      }
    }
  }

  /** ONAPPUNINSTALL and the like: whoever acted, no token but the one that is given. */
  announceToApp(app: App, event: PortalEvent, grant?: Grant): void {
    for (const binding of this.#boundTo(app, event)) this.#put(app, binding, event, grant);
  }

  /** ONAPPPAYMENT: without the application token, so that nothing in it proves who sent it. */
  announcePayment(app: App, event: PortalEvent): void {
    const { outbox, identity } = this.#parts;
    for (const binding of this.#boundTo(app, event)) {
      const body = paymentBody(identity, binding, event, this.#ts());
      outbox.put({ event: event.name, sender: 'app', url: binding.handler, body });
    }
  }

  #boundTo(app: App, event: PortalEvent): Binding[] {
    return this.#parts.state.bindings.filter(
      (binding) => binding.clientId === app.clientId && binding.event === event.name,
    );
  }

  #toApp(app: App, binding: Binding, event: PortalEvent, hit: Hit): void {
    const userId = binding.authType === 0 ? hit.actor : binding.authType;
    if (userId === undefined) {
      this.#put(app, binding, event);
      return;
    }
    const isTest = event.name === 'ONAPPTEST';
    const grant = this.#parts.tokens.issue(app, userId, isTest ? undefined : { rounds: hit.rounds });
    this.#put(app, binding, event, grant);
  }

  #put(app: App, binding: Binding, event: PortalEvent, grant?: Grant): void {
    const { outbox, identity } = this.#parts;
    const body = appEventBody(identity, app, binding, event, this.#ts(), grant);
    outbox.put({ event: event.name, sender: 'app', ...recordId(event), url: binding.handler, body });
  }

  #ts(): number {
    return Math.floor(this.#parts.now() / 1000);
  }
}

function recordId(event: PortalEvent): { id?: number } {
  const fields = event.data['FIELDS'];
  const id = typeof fields === 'object' && fields !== null && 'ID' in fields ? Number(fields.ID) : Number.NaN;
  return Number.isNaN(id) ? {} : { id };
}
