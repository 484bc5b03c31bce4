import type { FaultRule } from '../../simulator/faults/fault.ts';
import type { PlannedFault } from '../../simulator/faults/fault-plan.ts';
import type { Dice } from '../hostile/dice.ts';
import type { Member } from './stage.ts';

const envelope = { inBatch: 'envelope' } as const;
const deletion = { method: /\.delete$/, inBatch: 'command' } as const;

/** What goes wrong with the portals' answers, each once when it is drawn. */
const rules: Readonly<Record<string, FaultRule>> = {
  '503': {
    when: envelope,
    give: { type: 'error', status: 503, error: 'QUERY_LIMIT_EXCEEDED', description: 'Too many requests' },
  },
  '429 of one command': {
    when: deletion,
    give: { type: 'error', status: 429, error: 'OPERATION_TIME_LIMIT', description: 'Method is blocked' },
  },
  'a page instead of an answer': { when: envelope, give: { type: 'html', status: 502, work: 'before' } },
  'a page after the work': { when: envelope, give: { type: 'html', status: 504, work: 'after' } },
  'half an answer': { when: envelope, give: { type: 'truncated' } },
  'reset before the work': { when: envelope, give: { type: 'reset', work: 'before' } },
  'reset after the work': { when: envelope, give: { type: 'reset', work: 'after' } },
  'crash after the work': {
    when: envelope,
    give: { type: 'error', status: 500, error: 'INTERNAL_SERVER_ERROR', description: '', work: 'after' },
  },
  'no time in the answer': { when: envelope, give: { type: 'no-time' } },
  'slow answer': { when: envelope, give: { type: 'slow', ms: 4_000 } },
  'one command fails': {
    when: deletion,
    give: { type: 'error', error: 'INTERNAL_SERVER_ERROR', description: 'Internal server error' },
  },
};
const tokenEnds = 'access token ends';
/** What happens once, where everything else happens eight times: it closes a method for up to ten minutes. */
const rare = '429 of one command';
const drawn = [...Object.keys(rules), tokenEnds].flatMap((name) => Array<string>(name === rare ? 1 : 8).fill(name));

/** Troubles of the portals, drawn. */
export class Troubles {
  readonly #members: readonly Member[];
  readonly #dice: Dice;
  readonly #planned: { readonly name: string; readonly fault: PlannedFault }[] = [];
  #expired = 0;

  constructor(members: readonly Member[], dice: Dice) {
    this.#members = members;
    this.#dice = dice;
  }

  add(): void {
    const member = this.#dice.one(this.#members);
    const name = this.#dice.one(drawn);
    if (!member || name === undefined) return;
    const rule = rules[name];
    if (rule) this.#planned.push({ name, fault: member.portal.faults.add(rule) });
    else if (member.app) {
      member.portal.expireAccessTokens();
      this.#expired += 1;
    }
    if (this.#dice.chance(0.1)) member.portal.delayEvents(this.#dice.below(1_000));
  }

  /** Nothing goes wrong any more. */
  end(): void {
    for (const { portal } of this.#members) {
      portal.faults.clear();
      portal.delayEvents(0);
    }
  }

  /** How often each has happened. */
  counts(): Map<string, number> {
    const counts = new Map([[tokenEnds, this.#expired]]);
    for (const { name, fault } of this.#planned) counts.set(name, (counts.get(name) ?? 0) + fault.hits);
    return counts;
  }
}
