/** A drawn portal and what happens on it: plain data, which play.ts carries out and oracle.ts judges. */

export const lead = 1;
export const deal = 2;
export const contact = 3;
export const company = 4;
/** The two smart processes that every drawn portal has. */
export const processes = [1044, 1050] as const;
/** The number of the pipeline that is drawn; deals have the main one, 0, beside it. */
export const drawnPipeline = 5;

export interface Stage {
  readonly code: string;
  readonly sort: number;
}

/** Entries of `delete` as they stand in the rules file. */
export type Deletion =
  | 'deal-contacts'
  | 'company-contacts'
  | 'company'
  | 'deal'
  | 'lead'
  | 'item'
  | { readonly contacts: { readonly via: string } }
  | { readonly items: { readonly type: number } };

/** The conditions that are drawn: a text, a number, and a link that carrying out the rule may itself remove. */
export type Where =
  | { readonly UF_CRM_REASON: string | { readonly in: readonly string[] } | { readonly empty: boolean } }
  | { readonly UF_CRM_AMOUNT: { readonly 'at-least': number } }
  | { readonly companyId: { readonly empty: boolean } };

export const waits = { '0m': 0, '2h': 2 * 3_600_000, '3d': 72 * 3_600_000, '20d': 480 * 3_600_000 } as const;

export interface Rule {
  readonly id: string;
  readonly enabled: boolean;
  readonly type: number;
  readonly stages: 'all-lost' | readonly string[];
  readonly pipelines?: readonly number[] | undefined;
  readonly where?: Where | undefined;
  readonly wait: keyof typeof waits;
  readonly from: 'loss' | 'last-activity';
  readonly mode: 'observe' | 'enforce';
  readonly delete: readonly Deletion[];
}

/** Numbers of records are taken modulo how many there are; -1 is none. */
export interface NewRecord {
  readonly type: number;
  readonly stage: StageChoice;
  readonly contacts: readonly number[];
  readonly company: number;
  readonly parent: number;
  readonly reason: string;
  readonly amount: number;
}

export interface StageChoice {
  readonly lost: boolean;
  readonly nth: number;
}

/** Whether Bitrix24 tells of it. */
export type Told = 'once' | 'twice' | 'never';

export type RuleChange =
  | Partial<Pick<Rule, 'wait' | 'from' | 'mode' | 'delete' | 'enabled'>>
  | { readonly where: Where | undefined }
  | 'dropped'
  | 'again';

/** What one person does, in one moment. */
export type Deed =
  | { readonly do: 'add'; readonly record: NewRecord; readonly told: Told }
  | { readonly do: 'move'; readonly on: number; readonly to: StageChoice; readonly told: Told }
  /** A lost record is opened and lost again, in the same stage. */
  | { readonly do: 'lose-again'; readonly on: number; readonly told: Told }
  | { readonly do: 'edit'; readonly on: number; readonly reason: string; readonly amount: number; readonly told: Told }
  | { readonly do: 'link'; readonly on: number; readonly contacts: readonly number[]; readonly told: Told }
  | { readonly do: 'company'; readonly on: number; readonly company: number; readonly told: Told }
  | { readonly do: 'employ'; readonly contact: number; readonly companies: readonly number[] }
  | { readonly do: 'remove'; readonly on: number; readonly what: 'record' | 'contact' | 'company' }
  | { readonly do: 'activity'; readonly on: number }
  | { readonly do: 'veto'; readonly on: number; readonly what: 'record' | 'contact' | 'company' }
  | { readonly do: 'rules'; readonly nth: number; readonly change: RuleChange }
  | { readonly do: 'mode'; readonly mode: 'observe' | 'enforce' }
  /** `touch`: a record in that stage is edited afterwards. */
  | { readonly do: 'sort'; readonly nth: number; readonly touch: boolean }
  | { readonly do: 'hold' | 'release' | 'lose-events' | 'expire-token' };

/** How the portal, the tables and the queues go wrong while tidy24 works. Each happens once and is over. */
export type Trouble =
  | {
      readonly at: 'portal';
      readonly call: keyof typeof calls;
      readonly nth: number;
      readonly gives: keyof typeof answers;
    }
  | { readonly at: 'table'; readonly nth: number; readonly when: 'before' | 'after' }
  | { readonly at: 'queue'; readonly queue: 'events' | 'deletions' | 'reconcile'; readonly nth: number };

/** Which calls a trouble of the portal meets. */
export const calls = {
  batch: { method: 'batch' },
  look: { method: 'profile', inBatch: 'envelope' },
  write: { method: /\.delete$/, inBatch: 'envelope' },
  deletion: { method: /\.delete$/, inBatch: 'command' },
  list: { method: 'crm.item.list', inBatch: 'command' },
  profile: { method: 'profile' },
  token: { method: 'oauth/token' },
} as const;

export const answers = {
  'html-502': { type: 'html', status: 502, work: 'before' },
  'html-502-after': { type: 'html', status: 502, work: 'after' },
  'html-503': { type: 'html', status: 503, work: 'before' },
  'html-504-after': { type: 'html', status: 504, work: 'after' },
  'html-200': { type: 'html', status: 200, work: 'before' },
  'html-200-after': { type: 'html', status: 200, work: 'after' },
  reset: { type: 'reset', work: 'before' },
  'reset-after': { type: 'reset', work: 'after' },
  'no-time': { type: 'no-time' },
  truncated: { type: 'truncated' },
  'rate-limit': { type: 'error', status: 503, error: 'QUERY_LIMIT_EXCEEDED', description: 'Too many requests' },
  'operating-limit': { type: 'error', status: 429, error: 'OPERATION_TIME_LIMIT', description: 'Method is blocked' },
  crash: { type: 'error', status: 500, error: 'INTERNAL_SERVER_ERROR', description: 'Internal server error' },
  'crash-after': { type: 'error', status: 500, error: 'INTERNAL_SERVER_ERROR', description: '', work: 'after' },
  'expired-token': { type: 'error', status: 401, error: 'expired_token', description: 'The access token has expired' },
  slow: { type: 'slow', ms: 20_000 },
  'very-slow': { type: 'slow', ms: 70_000 },
} as const;

/** People do something; then tidy24 works for a while, against troubles. */
export interface Phase {
  readonly deeds: readonly Deed[];
  /** ms that pass at least, after the deeds. */
  readonly passes: number;
  readonly troubles: readonly Trouble[];
}

export interface Scenario {
  /** Of the drawn pipeline, beside its WON, which is sorted at 50. */
  readonly stages: readonly Stage[];
  readonly mode: 'observe' | 'enforce';
  readonly rules: readonly Rule[];
  readonly companies: number;
  /** Each with its companies. */
  readonly contacts: readonly (readonly number[])[];
  readonly records: readonly NewRecord[];
  readonly phases: readonly Phase[];
}

const mainStages: readonly Stage[] = ['NEW', 'PREPARATION', 'WON', 'LOSE', 'APOLOGY'].map(at(10));
const leadStages: readonly Stage[] = ['NEW', 'IN_PROCESS', 'CONVERTED', 'JUNK'].map(at(10));
const itemStages: readonly Stage[] = ['NEW', 'CLIENT', 'SUCCESS', 'FAIL', 'LATE'].map(at(10));

function at(step: number) {
  return (code: string, index: number): Stage => ({ code, sort: (index + 1) * step });
}

/** Which pipelines records of a type have: their stages with full codes, and which of them mean lost. */
export interface Pipeline {
  readonly id: number;
  readonly stages: readonly { readonly code: string; readonly lost: boolean }[];
}

/** A stage means lost when it is the failure stage, or is sorted past the success stage. */
export function pipelinesOf(type: number, drawn: readonly Stage[]): Pipeline[] {
  if (type === lead) return [pipeline(0, '', leadStages)];
  const process = processes.findIndex((one) => one === type);
  if (process >= 0) return [pipeline(process + 2, `DT${type}_${process + 2}:`, itemStages)];
  if (type !== deal) return [];
  const all = [...drawn, { code: 'WON', sort: 50 }];
  return [pipeline(0, '', mainStages), pipeline(drawnPipeline, `C${drawnPipeline}:`, all)];
}

function pipeline(id: number, prefix: string, stages: readonly Stage[]): Pipeline {
  const success = stages.find(({ code }) => /^(WON|CONVERTED|SUCCESS)$/.test(code))?.sort ?? Number.POSITIVE_INFINITY;
  const isLost = ({ code, sort }: Stage) => /^(LOSE|JUNK|FAIL)$/.test(code) || sort > success;
  return { id, stages: stages.map((stage) => ({ code: `${prefix}${stage.code}`, lost: isLost(stage) })) };
}
