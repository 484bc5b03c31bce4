import type { Sleep } from '../../lib/bitrix24/clock.ts';
import { findMethod } from '../methods/registry.ts';
import type { Hit } from '../events/hit.ts';
import type { PhpMap } from '../php-form.ts';
import { insufficientScope, RestError, systemError } from '../rest-error.ts';
import { renderMoment } from '../zoned-time.ts';
import type { Caller, MethodAnswer, MethodPortal } from './method.ts';
import { operatingSeconds } from './operating-costs.ts';
import type { OperatingReport, OperatingTime } from './operating-time.ts';
import { Params } from './params.ts';

export interface RunnerParts {
  readonly portal: MethodPortal;
  readonly operating: OperatingTime;
  readonly sleep: Sleep;
}

export interface RunResult extends MethodAnswer {
  readonly time: Readonly<Record<string, unknown>>;
  /** Operating seconds the call took, whoever is billed. */
  readonly seconds: number;
}

/** Runs one method: scope, limit, the work, the bill. Throws a RestError for everything refused. */
export class CallRunner {
  readonly #parts: RunnerParts;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
  }

  async run(name: string, values: PhpMap, caller: Caller, hit: Hit, inBatch: boolean): Promise<RunResult> {
    const { portal, operating } = this.#parts;
    const { config } = portal;
    const method = findMethod(name);
    if (!method) throw systemError('ERROR_METHOD_NOT_FOUND', config.statusProfile);
    if (method.scope !== undefined && !caller.scope.includes(method.scope)) {
      const error = insufficientScope(caller.kind === 'webhook' ? 'webhook' : 'access', config.statusProfile);
      throw inBatch ? new RestError(error.status, error.code, '') : error;
    }
    if (method.appOnly && caller.kind === 'webhook') throw systemError('WRONG_AUTH_TYPE', config.statusProfile);
    const startedAt = portal.now();
    if (operating.isBlocked(caller.key, name, startedAt)) {
      throw systemError('OPERATION_TIME_LIMIT', config.statusProfile);
    }
    const delay = config.delay[name] ?? config.delay['*'];
    if (delay !== undefined) await this.#parts.sleep(delay);
    const seconds = operatingSeconds(name, config.timePerCall);
    const isBilled = !inBatch || config.batchBilling !== 'outer';
    try {
      const answer = method.run({ portal, caller, hit, params: new Params(values, config.numericCodes) });
      if (isBilled) operating.bill(caller.key, name, seconds, startedAt);
      return { ...answer, seconds, time: this.time(startedAt, seconds, operating.report(caller.key, name, startedAt)) };
    } catch (error) {
      // A refused call costs the time it took to refuse it, and the bill grows just the same.
      if (isBilled) operating.bill(caller.key, name, Math.min(seconds, 0.03), startedAt);
      throw error;
    }
  }

  /** The `time` of an answer. A call lasts at least as long as it is billed. */
  time(startedAt: number, seconds: number, report: OperatingReport): Readonly<Record<string, unknown>> {
    const { now, config } = this.#parts.portal;
    const finishedAt = Math.max(now(), startedAt + seconds * 1000);
    const reported = { operating_reset_at: report.operatingResetAt, operating: report.operating };
    return {
      start: startedAt / 1000,
      finish: finishedAt / 1000,
      duration: (finishedAt - startedAt) / 1000,
      processing: seconds,
      date_start: renderMoment(startedAt, config.zoneMinutes),
      date_finish: renderMoment(finishedAt, config.zoneMinutes),
      ...(config.reportsOperating ? reported : {}),
    };
  }
}
