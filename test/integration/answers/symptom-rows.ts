import type { Fault } from '../../../simulator/faults/fault.ts';

/**
 * What is to come of an answer without usable JSON, besides those of `Reaction`.
 *
 * - `done`: nothing is wrong
 * - `read-back`: the work was done, and reading shows it
 */
export type SymptomReaction = 'waits' | 'retries' | 'stops' | 'done' | 'read-back';

/** An answer of section 8.1: to a batch that deletes and to those that read. */
export interface SymptomRow {
  /** Of the fact: `symptom/<fact>/<position>`. */
  readonly fact: string;
  readonly says: string;
  /** The row of the table of symptoms. */
  readonly row: string;
  /** Of the pause and what it says, where they are not the row's. */
  readonly pause?: { readonly code: string; readonly says: string };
  readonly give: Fault;
  readonly deleting: SymptomReaction;
  readonly reading: Exclude<SymptomReaction, 'read-back'>;
}

const page = (status: number): Fault => ({ type: 'html', status });
const later = { deleting: 'retries', reading: 'retries' } as const;
const stop = { deleting: 'stops', reading: 'stops' } as const;
const limit = { deleting: 'waits', reading: 'waits' } as const;
/** The work was done: a deletion is found to be done, a reading is repeated. */
const lost = { deleting: 'read-back', reading: 'retries' } as const;

export interface SymptomPlace {
  /** The URL of another host. */
  readonly elsewhere: string;
  /** Of the portal itself. */
  readonly domain: string;
  /** Has the client give up waiting a moment later, as it would by itself after a minute. */
  readonly giveUp: () => void;
}

export function symptomRows({ elsewhere, domain, giveUp }: SymptomPlace): readonly SymptomRow[] {
  const silence = (work: 'before' | 'after'): Fault => ({
    type: 'hook',
    run: () => {
      giveUp();
      return { type: 'no-answer', work };
    },
  });
  const status = (code: number) => ({
    fact: `html-${code}`,
    says: `a page with ${code}`,
    give: page(code),
  });
  return [
    { ...status(200), row: 'page-other', ...later },
    { ...status(401), row: 'page-401', ...stop },
    { ...status(403), row: 'page-403', ...later },
    { ...status(404), row: 'page-404', ...stop },
    { ...status(429), row: 'page-429-503', ...limit },
    { ...status(500), row: 'page-500-502-504', ...later },
    { ...status(502), row: 'page-500-502-504', ...later },
    { ...status(503), row: 'page-429-503', ...limit },
    { ...status(504), row: 'page-500-502-504', ...later },
    {
      fact: 'empty-500',
      says: 'nothing, with 500',
      row: 'page-500-502-504',
      give: { type: 'html', status: 500, body: '' },
      ...later,
    },
    {
      fact: 'empty-200',
      says: 'nothing, with 200',
      row: 'page-other',
      give: { type: 'html', status: 200, body: '' },
      ...later,
    },
    { fact: 'truncated', says: 'JSON that is cut off', row: 'page-other', give: { type: 'truncated' }, ...lost },
    {
      fact: 'no-time',
      says: 'a good answer without its time',
      row: 'none',
      give: { type: 'no-time' },
      deleting: 'done',
      reading: 'done',
    },
    {
      fact: 'reset-before',
      says: 'a reset before the work',
      row: 'no-answer',
      give: { type: 'reset', work: 'before' },
      ...later,
    },
    {
      fact: 'reset-after',
      says: 'a reset after the work',
      row: 'no-answer',
      give: { type: 'reset', work: 'after' },
      ...lost,
    },
    {
      fact: 'no-answer-before',
      says: 'never an answer, and no work',
      row: 'no-answer',
      give: silence('before'),
      ...later,
    },
    {
      fact: 'no-answer-after',
      says: 'never an answer to work that is done',
      row: 'no-answer',
      give: silence('after'),
      ...lost,
    },
    {
      fact: 'redirect-elsewhere',
      says: 'a 302 to another host',
      row: 'redirect-elsewhere',
      pause: { code: 'portal-moved', says: 'confirm it: tidy24 portals move' },
      give: { type: 'redirect', location: `${elsewhere}/rest/` },
      ...stop,
    },
    {
      fact: 'redirect-same-host',
      says: 'a 302 to the same host',
      row: 'redirect-same-host',
      give: { type: 'redirect', location: `http://${domain}/bitrix/coupon_activation.php` },
      ...stop,
    },
  ];
}
