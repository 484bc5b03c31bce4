import type { Page } from './events/post-form.ts';
import type { PostedEvent } from './events/outbox.ts';
import type { FaultPlan } from './faults/fault-plan.ts';
import { type RefreshRecord, TokenService } from './oauth/token-service.ts';
import { type AppUpdate, type IssuedTokens, type NewApp, PortalApps, type SimulatedApp } from './portal-apps.ts';
import type { PortalParts } from './portal-parts.ts';
import { PortalRecords } from './portal-records.ts';
import type { PhpMap } from './php-form.ts';
import type { RequestRecord } from './request-log.ts';
import type { Reply } from './rest/reply.ts';
import type { WireRequest } from './rest/wire-request.ts';
import { nextId, type OutgoingWebhook } from './state.ts';

/** One Bitrix24 portal: what its users and administrators can do, what it was asked and told, and how it may go wrong. */
export class SimulatedPortal extends PortalRecords {
  readonly faults: FaultPlan;
  readonly #parts: PortalParts;
  readonly #apps: PortalApps;
  readonly #tokenService: TokenService;

  constructor(parts: PortalParts, changed: () => void) {
    super(parts, changed);
    this.#parts = parts;
    this.#apps = new PortalApps(parts);
    this.#tokenService = new TokenService(parts);
    this.faults = parts.faults;
  }

  get memberId(): string {
    return this.#parts.state.memberId;
  }

  /** 127.0.0.1:PORT. */
  get domain(): string {
    return this.#parts.identity.domain;
  }

  /** `http://127.0.0.1:PORT/rest/`, of the portal and of its authorization server. */
  get endpoint(): string {
    return this.#parts.identity.endpoint;
  }

  get tokenUrl(): string {
    return `http://${this.domain}/oauth/token/`;
  }

  /** The newest last; without tokens, secrets and webhook codes. */
  get requests(): readonly RequestRecord[] {
    return this.#parts.log.records;
  }

  /** Every call of a method, alone or as a command of a batch, in its order. */
  calls(method: string): readonly { readonly params: PhpMap; readonly error?: string; readonly inBatch: boolean }[] {
    return this.requests.flatMap((request) => {
      const commands = request.commands.filter((command) => command.method === method);
      const single = request.method === method ? [{ ...request, inBatch: false }] : [];
      return [...single, ...commands.map((command) => ({ ...command, inBatch: true }))];
    });
  }

  /** Every token, secret and webhook code there has been and still is: what a log must not contain. */
  secrets(): string[] {
    const { grants, apps, webhooks, outgoing } = this.#parts.state;
    return [
      ...grants.flatMap((grant) => [grant.accessToken, grant.refreshToken ?? '']),
      ...apps.flatMap((app) => [app.clientSecret, app.applicationToken]),
      ...webhooks.map((webhook) => webhook.code),
      ...outgoing.map((webhook) => webhook.applicationToken),
    ].filter((secret) => secret !== '');
  }

  get refreshes(): readonly RefreshRecord[] {
    return this.#tokenService.records;
  }

  get postedEvents(): readonly PostedEvent[] {
    return this.#parts.outbox.posted;
  }

  /** The URL of a new incoming webhook, ending in a slash. */
  createWebhook(options: { readonly userId?: number; readonly scope?: readonly string[] } = {}): string {
    const { state, random } = this.#parts;
    const webhook = { userId: options.userId ?? 1, code: random.code(16), scope: [...(options.scope ?? ['crm'])] };
    this.change(() => state.webhooks.push(webhook));
    return `${this.endpoint}${webhook.userId}/${webhook.code}/`;
  }

  revokeWebhooks(): void {
    this.change(() => {
      this.#parts.state.webhooks = [];
    });
  }

  /** Events a webhook's form does not offer are refused: ONCRMDEALMOVETOCATEGORY is for apps alone. */
  addOutgoingWebhook(options: {
    readonly url: string;
    readonly events: readonly string[];
    readonly applicationToken?: string;
  }): OutgoingWebhook {
    const { state, random } = this.#parts;
    const events = options.events.map((event) => event.toUpperCase());
    if (events.some((event) => event === 'ONCRMDEALMOVETOCATEGORY' || event.startsWith('ONAPP'))) {
      throw new Error('An outgoing webhook cannot listen to that event');
    }
    const applicationToken = options.applicationToken ?? random.code(32);
    const webhook = { id: nextId(state, 'handler'), url: options.url, events, applicationToken };
    this.change(() => state.outgoing.push(webhook));
    return webhook;
  }

  createApp(options: NewApp = {}): SimulatedApp {
    return this.change(() => this.#apps.create(options));
  }

  /** Posts ONAPPINSTALL, unless the app has an interface: that one is told when it is opened. `finished: false` is an app whose installation never ended: it hears of no event. */
  installApp(app: SimulatedApp, options: { readonly finished?: boolean } = {}): IssuedTokens {
    return this.change(() => this.#apps.install(app, options));
  }

  /** A user (default: who installed) opens the page of an app that was made with `hasInterface`. */
  async openApp(app: SimulatedApp, userId?: number): Promise<Page> {
    try {
      return await this.#apps.open(app, userId);
    } finally {
      this.change(() => {});
    }
  }

  /** Bindings are dropped, application token and tokens are new. */
  reinstall(app: SimulatedApp): IssuedTokens {
    return this.installApp(app);
  }

  uninstallApp(app: SimulatedApp, options: { readonly clean?: boolean } = {}): void {
    this.change(() => this.#apps.uninstall(app, options.clean ?? false));
  }

  /** A new version of the app: bindings are dropped, and the application token may be new. Gives the one in force. */
  updateApp(app: SimulatedApp, options: AppUpdate = {}): string {
    return this.change(() => this.#apps.update(app, options));
  }

  /** Without payment nothing of the app works but app.info, and it hears of no event but this one. */
  setAppPayment(app: SimulatedApp, paid: boolean): void {
    this.change(() => this.#apps.setPayment(app, paid));
  }

  /** A further pair of tokens, without any event. Default user: the one who installed. */
  issueTokens(app: SimulatedApp, userId?: number): IssuedTokens {
    return this.change(() => this.#apps.issue(app, userId));
  }

  expireAccessTokens(): void {
    this.change(() => this.#parts.tokens.expireAccess());
  }

  /** Access and refresh tokens of the app are dead, the app stays. */
  revokeTokens(app: SimulatedApp): void {
    this.change(() => this.#parts.tokens.revoke(this.#apps.find(app).clientId));
  }

  /** The built-in webhook robot of a stage posts to the URL as typed, secret and all. */
  fireRobot(url: string, dealId: number): void {
    this.#apps.fireWebhookRobot(url, dealId);
  }

  /** An app's own robot. */
  fireAppRobot(
    app: SimulatedApp,
    url: string,
    dealId: number,
    options: { readonly code?: string; readonly properties?: Readonly<Record<string, string>> } = {},
  ): void {
    this.change(() => this.#apps.fireAppRobot(app, url, dealId, options));
  }

  /** The next events are lost between portal and handler. */
  dropEvents(count: number): void {
    this.#parts.outbox.dropNext(count);
  }

  /** The next events are posted twice. */
  duplicateEvents(count: number): void {
    this.#parts.outbox.doubleNext(count);
  }

  /** Every event waits that many ms from now on. */
  delayEvents(ms: number): void {
    this.#parts.outbox.delay(ms);
  }

  holdEvents(): void {
    this.#parts.outbox.hold();
  }

  releaseEvents(order?: 'kept' | 'reversed'): void {
    this.#parts.outbox.release(order);
  }

  /** Posts the very same body once more. */
  replayEvent(posted: PostedEvent): void {
    this.#parts.outbox.replay(posted);
  }

  clearRequests(): void {
    this.#parts.log.clear();
  }

  async settle(): Promise<void> {
    await this.#parts.outbox.settled();
  }

  /** For the server: a request under `/rest/` or `/oauth/token`. */
  async answer(kind: 'rest' | 'token', request: WireRequest): Promise<Reply> {
    try {
      return await (kind === 'rest' ? this.#parts.rest : this.#tokenService).answer(request);
    } finally {
      this.change(() => {});
    }
  }
}
