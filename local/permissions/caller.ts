import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';

/** `app/NAME` at the end of the SDK's user agent. */
const named = /\s*\bapp\/(\S+)/;
/** What Powertools, once it is loaded, adds to a name, or puts where there is none. The SDK writes its slashes as dashes. */
const powertools = /(?:^|[-/])PT[-/].*$/;

/** The function that has sent a request, by its name in serverless.yml; undefined for any other caller. */
export function callerOf(userAgent: string): string | undefined {
  const name = named.exec(userAgent)?.[1]?.replace(powertools, '');
  return name === '' ? undefined : name;
}

/**
 * Names functions that share a process in the requests they send, as AWS_SDK_UA_APP_ID names one that has a process to
 * itself.
 *
 * @example
 * const caller = Caller.start();
 * await caller.runAs('worker', () => worker(event, context));
 * caller.stop();
 */
export class Caller {
  readonly #functions = new AsyncLocalStorage<string | undefined>();

  static start(): Caller {
    const caller = new Caller();
    subscribe('http.client.request.created', caller.#name);
    return caller;
  }

  /** Whatever `work` calls is called by that function; by nobody's when there is none. */
  runAs<T>(functionKey: string | undefined, work: () => T): T {
    return this.#functions.run(functionKey, work);
  }

  /** Whose work this is, by `runAs`. */
  get functionKey(): string | undefined {
    return this.#functions.getStore();
  }

  stop(): void {
    unsubscribe('http.client.request.created', this.#name);
  }

  readonly #name = (message: unknown): void => {
    const { request } = message as { request: ClientRequest };
    const functionKey = this.#functions.getStore();
    if (functionKey === undefined || request.headersSent) return;
    const userAgent = String(request.getHeader('user-agent') ?? '');
    request.setHeader('user-agent', `${userAgent.replace(named, '')} app/${functionKey}`);
  };
}
