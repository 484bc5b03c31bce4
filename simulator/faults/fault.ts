import type { PhpMap } from '../php-form.ts';

/** What a hook is told. Parameters never hold credentials. */
export interface FaultContext {
  readonly method: string;
  readonly params: PhpMap;
  /** The key of a batch's command. */
  readonly command?: string;
}

/** `before`: nothing was done. `after`: the portal did the work, and only its answer is lost. */
export type Work = 'before' | 'after';

/** One way in which an answer goes wrong. On a command of a batch, all but `error`, `slow`, `no-time` and `hook` end the whole request there. */
export type Fault =
  | {
      readonly type: 'error';
      /** HTTP status; without a meaning for a command of a batch. Default 400. */
      readonly status?: number;
      readonly error: string | number;
      readonly description?: string;
      /** Default `before`. */
      readonly work?: Work;
    }
  | { readonly type: 'html'; readonly status: number; readonly body?: string; readonly work?: Work }
  /** The right status and half of the right JSON. */
  | { readonly type: 'truncated' }
  /** The right answer without `time`. */
  | { readonly type: 'no-time' }
  /** The connection is reset. */
  | { readonly type: 'reset'; readonly work: Work }
  /** The connection stays open and silent until the client gives up or the simulator closes. */
  | { readonly type: 'no-answer'; readonly work: Work }
  /** The answer comes ms later; the work is done after the wait. */
  | { readonly type: 'slow'; readonly ms: number; readonly then?: Fault }
  | { readonly type: 'redirect'; readonly location: string; readonly status?: number }
  /** Runs a test's own code at that moment, before the work unless told otherwise; a fault it returns is played next. */
  | {
      readonly type: 'hook';
      readonly run: (context: FaultContext) => Fault | undefined | void | Promise<Fault | undefined | void>;
      readonly work?: Work;
    };

export interface FaultCondition {
  /** Text is compared in lower case. `oauth/token` is the token endpoint; without a method every REST call is meant. */
  readonly method?: string | RegExp;
  /** The call's `id`. */
  readonly id?: number;
  /** From which matching call on, counted from 1. */
  readonly nth?: number;
  /** `envelope`: a whole batch (that has a matching command); `command`: only commands inside one. */
  readonly inBatch?: 'envelope' | 'command';
}

export interface FaultRule {
  readonly when: FaultCondition;
  /** How often it happens. Default 1; Infinity until it is removed. */
  readonly times?: number;
  readonly give: Fault;
}
