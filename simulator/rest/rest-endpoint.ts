import { setTimeout as realDelay } from 'node:timers/promises';
import type { Sleep } from '../../lib/bitrix24/clock.ts';
import { EVENT_ROUNDS, Hit } from '../events/hit.ts';
import type { FaultPlan } from '../faults/fault-plan.ts';
import { playFault } from '../faults/play-fault.ts';
import { findMethod } from '../methods/registry.ts';
import { type RequestLog, type RequestRecord, withoutSecrets } from '../request-log.ts';
import { RestError, systemError } from '../rest-error.ts';
import { readAddress, type RestAddress } from './address.ts';
import { accessTokenOf, authorize, type AuthorizationParts } from './authorize.ts';
import { runBatch } from './batch.ts';
import { type BatchCommand, readCommands, readHalt } from './batch-commands.ts';
import type { CallRunner } from './call-runner.ts';
import type { LeakyBucket } from './leaky-bucket.ts';
import type { Caller, MethodPortal } from './method.ts';
import type { OperatingTime } from './operating-time.ts';
import { html, json, type Reply, summary } from './reply.ts';
import type { WireRequest } from './wire-request.ts';

export interface RestParts {
  readonly portal: MethodPortal;
  readonly authorization: AuthorizationParts;
  readonly runner: CallRunner;
  readonly operating: OperatingTime;
  readonly bucket: LeakyBucket;
  readonly faults: FaultPlan;
  readonly log: RequestLog;
  readonly sleep: Sleep;
}

interface Running {
  readonly request: WireRequest;
  readonly address: RestAddress;
  readonly commands: readonly BatchCommand[];
  readonly entry: RequestRecord;
}

/** Everything under `/rest/`. */
export class RestEndpoint {
  readonly #parts: RestParts;

  constructor(parts: RestParts) {
    this.#parts = parts;
  }

  async answer(request: WireRequest): Promise<Reply> {
    const address = readAddress(request.path.slice(1));
    if (!address) return json(404, { error: { code: 'ERROR_METHOD_NOT_FOUND', message: 'Method not found!' } });
    const commands = address.method === 'batch' ? readCommands(request.params['cmd']) : [];
    const running = { request, address, commands, entry: this.#open(request, address) };
    const reply = await this.#cut(this.#reply(running));
    const { now } = this.#parts.portal;
    Object.assign(running.entry, summary(reply), { answeredAt: now() });
    return reply;
  }

  async #reply(running: Running): Promise<Reply> {
    const { bucket, portal, faults, sleep } = this.#parts;
    const { address, request, commands, entry } = running;
    if (!bucket.take(portal.now())) return refusal(systemError('QUERY_LIMIT_EXCEEDED', portal.config.statusProfile));
    const kind = address.method === 'batch' ? 'envelope' : 'call';
    const fault = faults.take({ kind, method: address.method, params: request.params, commands });
    if (!fault) return this.#work(running);
    entry.fault = fault.type;
    const context = { method: address.method, params: entry.params };
    return playFault(fault, context, sleep, () => this.#work(running));
  }

  /** The gateway gives up on a request after a minute; the portal goes on with it. */
  async #cut(work: Promise<Reply>): Promise<Reply> {
    const seconds = this.#parts.portal.config.limits.requestSeconds;
    if (!Number.isFinite(seconds)) return work;
    const giveUp = new AbortController();
    // Real time, whatever a test's clock says: the work it races with takes real time.
    const late = realDelay(seconds * 1000, undefined, { signal: giveUp.signal, ref: false }).then(
      () => html(504),
      () => work,
    );
    try {
      return await Promise.race([work, late]);
    } finally {
      giveUp.abort();
    }
  }

  async #work(running: Running): Promise<Reply> {
    const { portal, authorization } = this.#parts;
    const { address, request, entry } = running;
    const profile = portal.config.statusProfile;
    try {
      if (address.unsupportedFormat) throw systemError('INTERNAL_WRONG_TRANSPORT', profile);
      if (address.method !== 'batch' && !findMethod(address.method))
        throw systemError('ERROR_METHOD_NOT_FOUND', profile);
      const caller = authorize(authorization, address, request);
      entry.userId = caller.user.id;
      const rounds = caller.eventRounds === undefined ? EVENT_ROUNDS : caller.eventRounds - 1;
      const hit = new Hit(caller.user.id, rounds);
      try {
        return await (address.method === 'batch'
          ? this.#batch(running, caller, hit)
          : this.#single(running, caller, hit));
      } finally {
        portal.announcer.announce(hit);
      }
    } catch (error) {
      if (error instanceof RestError) return refusal(error);
      throw error;
    }
  }

  async #single(running: Running, caller: Caller, hit: Hit): Promise<Reply> {
    const { method } = running.address;
    const done = await this.#parts.runner.run(method, running.request.params, caller, hit, false);
    return json(200, {
      result: done.result,
      ...(done.next === undefined ? {} : { next: done.next }),
      ...(done.total === undefined ? {} : { total: done.total }),
      time: done.time,
    });
  }

  async #batch(running: Running, caller: Caller, hit: Hit): Promise<Reply> {
    const { portal, operating, runner, faults, sleep } = this.#parts;
    const { batchBilling, statusProfile } = portal.config;
    const startedAt = portal.now();
    const isBilled = batchBilling !== 'nested';
    if (isBilled && operating.isBlocked(caller.key, 'batch', startedAt)) {
      throw systemError('OPERATION_TIME_LIMIT', statusProfile);
    }
    const parts = { config: portal.config, runner, faults, sleep, caller, hit };
    const halt = readHalt(running.request.params['halt']);
    const outcome = await runBatch(parts, running.commands, halt, (command) => running.entry.commands.push(command));
    if (isBilled) operating.bill(caller.key, 'batch', outcome.seconds * (batchBilling === 'both' ? 0.5 : 1), startedAt);
    const report = operating.report(caller.key, 'batch', startedAt);
    const reply = json(200, { result: outcome.result, time: runner.time(startedAt, outcome.seconds, report) });
    if (!outcome.crash) return reply;
    running.entry.fault = outcome.crash.type;
    const context = { method: 'batch', params: running.entry.params };
    return playFault(outcome.crash, context, sleep, () => Promise.resolve(reply));
  }

  #open(request: WireRequest, address: RestAddress): RequestRecord {
    const credential = address.webhook ? 'webhook' : accessTokenOf(request) === undefined ? 'none' : 'oauth';
    return this.#parts.log.open({
      time: this.#parts.portal.now(),
      method: address.method,
      params: withoutSecrets(request.params),
      commands: [],
      credential,
      userAgent: request.userAgent,
    });
  }
}

/** Refusals never have a `time`. */
function refusal(error: RestError): Reply {
  return json(error.status, { error: error.code, error_description: error.message });
}
