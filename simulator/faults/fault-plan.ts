import { toInt } from '../rest/params.ts';
import type { PhpMap } from '../php-form.ts';
import type { Fault, FaultRule } from './fault.ts';

/** A fault that was added: how often it has happened, and a way to take it back. */
export interface PlannedFault {
  readonly hits: number;
  remove(): void;
}

/** A call, a command, a whole batch or a token request, as conditions see it. */
export interface FaultSubject {
  readonly kind: 'call' | 'envelope' | 'command' | 'token';
  readonly method: string;
  readonly params: PhpMap;
  /** Of an envelope. */
  readonly commands?: readonly { readonly method: string; readonly params: PhpMap }[];
}

interface Entry {
  readonly rule: FaultRule;
  seen: number;
  hits: number;
}

/** The faults a portal is going to play. The first rule that matches gives the fault. */
export class FaultPlan {
  #entries: Entry[] = [];

  add(rule: FaultRule): PlannedFault {
    const entry: Entry = { rule, seen: 0, hits: 0 };
    this.#entries.push(entry);
    return {
      get hits() {
        return entry.hits;
      },
      remove: () => {
        this.#entries = this.#entries.filter((candidate) => candidate !== entry);
      },
    };
  }

  clear(): void {
    this.#entries = [];
  }

  /** Counts the subject in every rule it matches, and takes the fault of the first that is due. */
  take(subject: FaultSubject): Fault | undefined {
    let given: Fault | undefined;
    for (const entry of this.#entries) {
      if (!matches(entry.rule, subject)) continue;
      entry.seen += 1;
      const isDue = entry.seen >= (entry.rule.when.nth ?? 1) && entry.hits < (entry.rule.times ?? 1);
      if (!isDue || given) continue;
      entry.hits += 1;
      given = entry.rule.give;
    }
    return given;
  }
}

function matches({ when }: FaultRule, subject: FaultSubject): boolean {
  if (subject.kind === 'token') return when.method !== undefined && named(when.method, 'oauth/token');
  if (subject.kind === 'call') return when.inBatch === undefined && fits(when, subject);
  if (subject.kind === 'command') return when.inBatch !== 'envelope' && fits(when, subject);
  if (when.inBatch === undefined) return when.method !== undefined && named(when.method, 'batch');
  if (when.inBatch === 'command') return false;
  const meansAny = (when.method === undefined || when.method === 'batch') && when.id === undefined;
  return meansAny || (subject.commands ?? []).some((command) => fits(when, command));
}

function fits(when: FaultRule['when'], call: { readonly method: string; readonly params: PhpMap }): boolean {
  if (when.method !== undefined && !named(when.method, call.method)) return false;
  return when.id === undefined || toInt(call.params['id'] ?? call.params['ID']) === when.id;
}

function named(wanted: string | RegExp, method: string): boolean {
  if (typeof wanted === 'string') return wanted.toLowerCase() === method;
  wanted.lastIndex = 0;
  return wanted.test(method);
}
