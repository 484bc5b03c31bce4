import {
  appRobotBody,
  documentIdOf,
  frameBody,
  frameQuery,
  installBody,
  webhookRobotBody,
} from './events/event-bodies.ts';
import { type Page, postFromFrame } from './events/post-form.ts';
import { EntityType } from '../lib/bitrix24/entity-types.ts';
import type { PortalParts } from './portal-parts.ts';
import { type App, type Grant, nextId } from './state.ts';

export interface NewApp {
  readonly clientId?: string;
  readonly clientSecret?: string;
  /** Where ONAPPINSTALL is posted, or the app's page is; without it nothing is. */
  readonly installUrl?: string;
  /** The app has a page in the portal: no ONAPPINSTALL, and no event before the page has finished the installation. */
  readonly hasInterface?: boolean;
  /** Who installs, and whose tokens they are. Default 1. */
  readonly userId?: number;
  /** Default `['crm']`. */
  readonly scope?: readonly string[];
}

export interface AppUpdate {
  /** Whether the application token is another one afterwards. Default true. */
  readonly newToken?: boolean;
  /** Whether the event brings a pair of tokens. Default true. */
  readonly withTokens?: boolean;
}

/** A local app as its form shows it. */
export interface SimulatedApp {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** Tokens as an installed app would hold them. */
export interface IssuedTokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** Ms since the epoch. */
  readonly expiresAt: number;
  readonly applicationToken: string;
}

/** What the administrator does with apps, webhooks and robots. */
export class PortalApps {
  readonly #parts: PortalParts;

  constructor(parts: PortalParts) {
    this.#parts = parts;
  }

  create(options: NewApp = {}): SimulatedApp {
    const { random, state } = this.#parts;
    const app: App = {
      id: nextId(state, 'app'),
      clientId: options.clientId ?? `local.${random.hex(14)}.${String(10_000_000 + Math.floor(random.next() * 9e7))}`,
      clientSecret: options.clientSecret ?? random.code(50),
      installUrl: options.installUrl ?? '',
      userId: options.userId ?? 1,
      scope: [...(options.scope ?? ['crm'])],
      version: 1,
      present: false,
      installed: false,
      applicationToken: '',
      hasInterface: options.hasInterface ?? false,
      paymentExpired: false,
    };
    if (state.apps.some((known) => known.clientId === app.clientId)) throw new Error(`App ${app.clientId} exists`);
    state.apps.push(app);
    return { clientId: app.clientId, clientSecret: app.clientSecret };
  }

  /** Also for a second time: bindings are gone and the application token is new; older tokens live on. */
  install(given: SimulatedApp, options: { readonly finished?: boolean } = {}): IssuedTokens {
    const app = this.find(given);
    const { state, random, tokens, outbox, identity, config } = this.#parts;
    app.present = true;
    app.installed = options.finished ?? !app.hasInterface;
    app.applicationToken = random.hex(32);
    state.bindings = state.bindings.filter((binding) => binding.clientId !== app.clientId);
    const grant = tokens.issue(app, app.userId);
    if (app.installUrl !== '' && !app.hasInterface) {
      const body = installBody(identity, app, grant, config.language, this.#ts());
      outbox.put({ event: 'ONAPPINSTALL', sender: 'app', url: app.installUrl, body });
    }
    return issued(app, grant);
  }

  /**
   * A user opens the app: the form goes to its page, and what the page's script does is done, as far as it is the end of
   * the installation. The app must have been added with `install`.
   */
  async open(given: SimulatedApp, userId?: number): Promise<Page> {
    const app = this.find(given);
    if (!app.present || !app.hasInterface) throw new Error('There is no page of that app on the portal');
    const { identity, config, random, tokens } = this.#parts;
    const grant = tokens.issue(app, userId ?? app.userId);
    const url = new URL(app.installUrl);
    url.search = frameQuery(identity, config.language, random.hex(32));
    const body = frameBody(identity, app, grant);
    const page = await postFromFrame(url.href, body, config.eventTimeout, new AbortController().signal);
    if (page.status === 200 && finishesInstallation(page.body)) app.installed = true;
    return page;
  }

  /** Posts ONAPPUPDATE to whoever bound it; then the bindings are gone. Gives the application token in force. */
  update(given: SimulatedApp, { newToken = true, withTokens = true }: AppUpdate): string {
    const app = this.find(given);
    const { announcer, tokens, state, config, random } = this.#parts;
    const data = { VERSION: app.version + 1, PREVIOUS_VERSION: app.version, LANGUAGE_ID: config.language };
    app.version += 1;
    if (newToken) app.applicationToken = random.hex(32);
    const grant = withTokens ? tokens.issue(app, app.userId) : undefined;
    announcer.announceToApp(app, { name: 'ONAPPUPDATE', data }, grant);
    state.bindings = state.bindings.filter((binding) => binding.clientId !== app.clientId);
    return app.applicationToken;
  }

  /** The paid period ends, or begins again; posts ONAPPPAYMENT to whoever bound it. */
  setPayment(given: SimulatedApp, paid: boolean): void {
    const app = this.find(given);
    app.paymentExpired = !paid;
    const data = {
      CODE: app.clientId,
      VERSION: app.version,
      STATUS: 'P',
      PAYMENT_EXPIRED: paid ? 'N' : 'Y',
      DAYS: paid ? 30 : -1,
    };
    this.#parts.announcer.announcePayment(app, { name: 'ONAPPPAYMENT', data });
  }

  /** Posts ONAPPUNINSTALL to whoever bound it; tokens and bindings die. */
  uninstall(given: SimulatedApp, clean: boolean): void {
    const app = this.find(given);
    const { announcer, tokens, state, config } = this.#parts;
    const data = { LANGUAGE_ID: config.language, CLEAN: clean ? 1 : 0 };
    announcer.announceToApp(app, { name: 'ONAPPUNINSTALL', data });
    app.present = false;
    app.installed = false;
    tokens.revoke(app.clientId);
    state.bindings = state.bindings.filter((binding) => binding.clientId !== app.clientId);
  }

  /** A chain of tokens of its own, as a second installation elsewhere would get it. */
  issue(given: SimulatedApp, userId?: number): IssuedTokens {
    const app = this.find(given);
    if (!app.present) throw new Error('The app is not installed');
    return issued(app, this.#parts.tokens.issue(app, userId ?? app.userId));
  }

  /** The portal takes only http(s) URLs with a dot in the host. */
  fireWebhookRobot(url: string, dealId: number): void {
    const { protocol, hostname } = new URL(url);
    if (!/^https?:$/.test(protocol) || !hostname.includes('.')) throw new Error('A robot cannot call that URL');
    const body = webhookRobotBody(this.#parts.identity, documentIdOf(EntityType.deal, dealId));
    this.#parts.outbox.put({ event: 'robot', sender: 'robot', id: dealId, url, body });
  }

  fireAppRobot(
    given: SimulatedApp,
    url: string,
    dealId: number,
    options: { readonly code?: string; readonly properties?: Readonly<Record<string, string>> } = {},
  ): void {
    const app = this.find(given);
    const { random, tokens, identity, outbox } = this.#parts;
    const workflowId = `${random.hex(14)}.${random.hex(8)}`;
    const robot = {
      code: options.code ?? 'tidy',
      properties: options.properties ?? {},
      workflowId,
      eventToken: `${workflowId}|A1_1_1_1|${random.code(24)}.${random.hex(64)}`,
    };
    const grant = tokens.issue(app, app.userId, { rounds: 7 });
    const body = appRobotBody(identity, app, robot, documentIdOf(EntityType.deal, dealId), grant, this.#ts());
    outbox.put({ event: 'robot', sender: 'app', id: dealId, url, body });
  }

  find(given: SimulatedApp): App {
    const app = this.#parts.state.apps.find((candidate) => candidate.clientId === given.clientId);
    if (!app) throw new Error(`No app ${given.clientId}`);
    return app;
  }

  #ts(): number {
    return Math.floor(this.#parts.clock() / 1000);
  }
}

/** A page that loads the portal's library and calls this tells the portal that the app is installed. */
function finishesInstallation(html: string): boolean {
  return (
    /<script src="(?:https:)?\/\/api\.bitrix24\.com\/api\/v1\/"/.test(html) && html.includes('BX24.installFinish()')
  );
}

function issued(app: App, grant: Grant): IssuedTokens {
  return {
    accessToken: grant.accessToken,
    refreshToken: grant.refreshToken ?? '',
    expiresAt: grant.accessUntil,
    applicationToken: app.applicationToken,
  };
}
