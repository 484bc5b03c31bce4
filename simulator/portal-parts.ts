import type { Clock, Sleep } from '../lib/bitrix24/clock.ts';
import { Operations } from './crm/operations.ts';
import { Announcer } from './events/announcer.ts';
import type { PortalIdentity } from './events/event-bodies.ts';
import { Outbox } from './events/outbox.ts';
import { postForm } from './events/post-form.ts';
import { FaultPlan } from './faults/fault-plan.ts';
import { TokenStore } from './oauth/token-store.ts';
import type { PortalConfig } from './options.ts';
import { SeededRandom } from './random.ts';
import { RequestLog } from './request-log.ts';
import { CallRunner } from './rest/call-runner.ts';
import { LeakyBucket } from './rest/leaky-bucket.ts';
import { OperatingTime } from './rest/operating-time.ts';
import { RestEndpoint } from './rest/rest-endpoint.ts';
import type { PortalState } from './state.ts';

export interface PortalSetting {
  readonly state: PortalState;
  readonly config: PortalConfig;
  readonly clock: Clock;
  readonly sleep: Sleep;
  /** host:port. */
  readonly domain: string;
}

/** Everything a portal is made of, put together around its state. */
export interface PortalParts {
  readonly state: PortalState;
  readonly config: PortalConfig;
  readonly identity: PortalIdentity;
  readonly random: SeededRandom;
  readonly crm: Operations;
  readonly tokens: TokenStore;
  readonly outbox: Outbox;
  readonly announcer: Announcer;
  readonly faults: FaultPlan;
  readonly log: RequestLog;
  readonly rest: RestEndpoint;
  readonly clock: Clock;
  readonly sleep: Sleep;
}

export function buildPortal({ state, config, clock, sleep, domain }: PortalSetting): PortalParts {
  const identity = { domain, endpoint: `http://${domain}/rest/`, memberId: state.memberId };
  const random = new SeededRandom(state.random);
  const { pipelineMoveAlsoUpdates, rotation, remembersTokens, statusProfile } = config;
  const crm = new Operations(state, { now: clock, pipelineMoveAlsoUpdates });
  const tokens = new TokenStore(state, { now: clock, random, strict: rotation === 'strict', remembersTokens });
  const { eventConcurrency: concurrency, eventTimeout: timeout } = config;
  const outbox = new Outbox({ clock, sleep, concurrency, timeout, post: postForm });
  const announcer = new Announcer({ state, tokens, outbox, identity, now: clock });
  const faults = new FaultPlan();
  const log = new RequestLog();
  const operating = new OperatingTime(config.limits, config.batchBilling);
  const portal = { state, config, crm, announcer, now: clock };
  const rest = new RestEndpoint({
    portal,
    authorization: { state, tokens, statusProfile },
    runner: new CallRunner({ portal, operating, sleep }),
    operating,
    bucket: new LeakyBucket(config.limits),
    faults,
    log,
    sleep,
  });
  return { state, config, identity, random, crm, tokens, outbox, announcer, faults, log, rest, clock, sleep };
}
