import { day, fewAttempts, second, type Verdict } from './reactions.ts';

type Body = 'html' | 'empty' | 'truncated' | 'other';
const whole: readonly Body[] = ['html', 'empty', 'other'];

/**
 * An answer without usable JSON, or none at all.
 *
 * - `unreachable`: DNS failure, refused connection, TLS error: nothing was sent.
 * - `no-answer`: timed out or reset after sending began: nobody knows whether the work was done.
 * - `redirect-elsewhere`, `redirect-same-host`: a 3xx with a `Location`.
 * - `unusable`: an HTTP answer whose body is HTML, empty, cut off, or JSON without `result` and `error`.
 */
export type Symptom =
  | { readonly kind: 'unreachable' }
  | { readonly kind: 'no-answer' }
  | { readonly kind: 'redirect-elsewhere' | 'redirect-same-host'; readonly status: number }
  | { readonly kind: 'unusable'; readonly status: number; readonly body: Body };

/** One row of the table of symptoms; the first whose conditions hold wins. */
export interface SymptomRow extends Verdict {
  readonly kind: Symptom['kind'];
  readonly statuses?: readonly number[];
  /** With these bodies only. An answer that was cut off has said something, and nobody knows what. */
  readonly bodies?: readonly Body[];
}

/** What an answer without usable JSON means and what to do about it. */
export const symptomTable: readonly SymptomRow[] = [
  {
    name: 'unreachable',
    kind: 'unreachable',
    reaction: 'retry-later',
    meaning: 'The network or the portal is down, or its address no longer exists. Nothing was sent.',
    mend: 'Check that the portal still exists at this address, then resume it.',
    stopsPortal: true,
    countsAttempt: true,
    escalate: { to: 'operator', afterMs: day },
  },
  {
    name: 'no-answer',
    kind: 'no-answer',
    reaction: 'retry-later',
    meaning: 'The request was sent and no answer came: nobody knows whether it was carried out.',
    countsAttempt: true,
    verifyBeforeRepeat: true,
  },
  {
    name: 'redirect-elsewhere',
    kind: 'redirect-elsewhere',
    reaction: 'moved',
    meaning: 'The portal has been renamed.',
    mend: 'Confirm the new address: tidy24 portals move, or connect the portal again.',
    stopsPortal: true,
    countsAttempt: false,
  },
  {
    name: 'redirect-same-host',
    kind: 'redirect-same-host',
    reaction: 'operator',
    meaning: 'The portal sends every request to a page of its own: its licence has expired or it is closed.',
    mend: 'Renew the licence of the self-hosted portal or open its public part, then resume it.',
    stopsPortal: true,
    countsAttempt: false,
  },
  {
    name: 'page-401',
    kind: 'unusable',
    statuses: [401],
    bodies: whole,
    reaction: 'operator',
    meaning: 'A proxy in front of the portal asks for a password.',
    mend: 'Open the REST interface of the portal to requests without a proxy password.',
    stopsPortal: true,
    countsAttempt: false,
  },
  {
    name: 'page-403',
    kind: 'unusable',
    statuses: [403],
    reaction: 'retry-later',
    meaning: 'The portal is deleted or blocked, or a firewall refuses our address.',
    mend: 'Check that the portal is open and that no firewall refuses requests from AWS, then resume it.',
    stopsPortal: true,
    countsAttempt: true,
    escalate: { to: 'operator', afterAttempts: 3 },
  },
  {
    name: 'page-404',
    kind: 'unusable',
    statuses: [404],
    bodies: whole,
    reaction: 'operator',
    meaning: 'There is no REST interface at this address: the portal is gone or its path is wrong.',
    mend: 'Check the address of the portal and connect it again.',
    stopsPortal: true,
    countsAttempt: false,
  },
  {
    name: 'page-429-503',
    kind: 'unusable',
    statuses: [429, 503],
    reaction: 'wait-for-limit',
    meaning: 'The edge of the cloud asks for less, or the portal is under maintenance.',
    mend: 'Check whether the portal is still under maintenance, then resume it.',
    stopsPortal: true,
    countsAttempt: false,
    limit: 'rate',
    waitMs: 30 * second,
    escalate: { to: 'operator', afterMs: day },
  },
  {
    name: 'page-500-502-504',
    kind: 'unusable',
    statuses: [500, 502, 504],
    reaction: 'retry-later',
    meaning: 'The portal crashed, or the request was cut at 60 s; the work may have been done.',
    countsAttempt: true,
    verifyBeforeRepeat: true,
  },
  {
    name: 'page-other',
    kind: 'unusable',
    reaction: 'retry-later',
    meaning: 'The portal or a proxy answered with something that is no JSON answer; the work may have been done.',
    countsAttempt: true,
    verifyBeforeRepeat: true,
    escalate: { to: 'permanent', afterAttempts: fewAttempts },
  },
];

/** The row of `symptomTable` for an answer without usable JSON. */
export function classifySymptom(symptom: Symptom): SymptomRow {
  const row = symptomTable.find(
    ({ kind, statuses, bodies }) =>
      kind === symptom.kind &&
      (statuses === undefined || ('status' in symptom && statuses.includes(symptom.status))) &&
      (bodies === undefined || ('body' in symptom && bodies.includes(symptom.body))),
  );
  if (row === undefined) throw new TypeError(`The table of symptoms has no row for ${symptom.kind}.`);
  return row;
}
