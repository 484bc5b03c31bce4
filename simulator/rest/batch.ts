import type { Sleep } from '../../lib/bitrix24/clock.ts';
import type { Hit } from '../events/hit.ts';
import type { Fault } from '../faults/fault.ts';
import type { FaultPlan } from '../faults/fault-plan.ts';
import type { PortalConfig } from '../options.ts';
import type { PhpMap } from '../php-form.ts';
import { type CommandRecord, withoutSecrets } from '../request-log.ts';
import { RestError, systemError } from '../rest-error.ts';
import { type BatchCommand, phpArray, resolveReferences } from './batch-commands.ts';
import type { CallRunner, RunResult } from './call-runner.ts';
import type { Caller } from './method.ts';

const MAX_COMMANDS = 50;

export interface BatchParts {
  readonly config: PortalConfig;
  readonly runner: CallRunner;
  readonly faults: FaultPlan;
  readonly sleep: Sleep;
  readonly caller: Caller;
  readonly hit: Hit;
}

export interface BatchOutcome {
  readonly result: Readonly<Record<string, unknown>>;
  /** Operating seconds of all commands together. */
  readonly seconds: number;
  /** A fault that ended the whole request at one of the commands. */
  readonly crash?: Fault;
}

class Maps {
  readonly result = new Map<string, unknown>();
  readonly errors = new Map<string, unknown>();
  readonly totals = new Map<string, unknown>();
  readonly nexts = new Map<string, unknown>();
  readonly times = new Map<string, unknown>();
}

/** Runs commands one after the other. `record` is told of each command as it ends. */
export async function runBatch(
  parts: BatchParts,
  commands: readonly BatchCommand[],
  halt: boolean,
  record: (command: CommandRecord) => void,
): Promise<BatchOutcome> {
  const maps = new Maps();
  let seconds = 0;
  let crash: Fault | undefined;
  for (const [index, command] of commands.entries()) {
    const params = resolveReferences(command.params, Object.fromEntries(maps.result)) as PhpMap;
    const seen = { key: command.key, method: command.method, params: withoutSecrets(params) };
    try {
      const done = await runCommand(parts, { ...command, params }, index);
      if ('crash' in done) {
        crash = done.crash;
        record(seen);
        break;
      }
      seconds += done.result.seconds;
      keep(maps, command.key, done.result, done.withTime);
      record(seen);
    } catch (error) {
      if (!(error instanceof RestError)) throw error;
      maps.errors.set(command.key, { error: error.code, error_description: error.message });
      record({ ...seen, error: String(error.code), description: error.message });
      if (halt) break;
    }
  }
  return { result: render(maps), seconds, ...(crash ? { crash } : {}) };
}

type CommandOutcome = { readonly result: RunResult; readonly withTime: boolean } | { readonly crash: Fault };

async function runCommand(parts: BatchParts, command: BatchCommand, index: number): Promise<CommandOutcome> {
  const { config, faults } = parts;
  if (index >= MAX_COMMANDS) throw systemError('ERROR_BATCH_LENGTH_EXCEEDED', config.statusProfile);
  if (/^batch$|\.(upload|download)$/.test(command.method)) {
    throw systemError('ERROR_BATCH_METHOD_NOT_ALLOWED', config.statusProfile);
  }
  const work = (): Promise<RunResult> =>
    parts.runner.run(command.method, command.params, parts.caller, parts.hit, true);
  const fault = faults.take({ kind: 'command', method: command.method, params: command.params });
  return fault ? playOnCommand(parts, command, fault, work) : { result: await work(), withTime: true };
}

async function playOnCommand(
  parts: BatchParts,
  command: BatchCommand,
  fault: Fault,
  work: () => Promise<RunResult>,
): Promise<CommandOutcome> {
  switch (fault.type) {
    case 'error':
      if (fault.work === 'after') await work();
      throw new RestError(fault.status ?? 400, fault.error, fault.description ?? '');
    case 'slow':
      await parts.sleep(fault.ms);
      return fault.then ? playOnCommand(parts, command, fault.then, work) : { result: await work(), withTime: true };
    case 'no-time':
      return { result: await work(), withTime: false };
    case 'hook':
      break;
    case 'html':
    case 'reset':
    case 'no-answer':
      if (fault.work === 'after') await work();
      return { crash: { ...fault, work: 'before' } };
    case 'truncated':
    case 'redirect':
      await work();
      return { crash: fault };
  }
  const done = fault.work === 'after' ? await work() : undefined;
  const next = await fault.run({ method: command.method, params: command.params, command: command.key });
  const rest = done ? (): Promise<RunResult> => Promise.resolve(done) : work;
  return next ? playOnCommand(parts, command, next, rest) : { result: await rest(), withTime: true };
}

function keep(maps: Maps, key: string, done: RunResult, withTime: boolean): void {
  maps.result.set(key, done.result);
  if (done.total !== undefined) maps.totals.set(key, done.total);
  if (done.next !== undefined) maps.nexts.set(key, done.next);
  if (withTime) maps.times.set(key, done.time);
}

function render(maps: Maps): Readonly<Record<string, unknown>> {
  return {
    result: phpArray(maps.result),
    result_error: phpArray(maps.errors),
    result_total: phpArray(maps.totals),
    result_next: phpArray(maps.nexts),
    result_time: phpArray(maps.times),
  };
}
