import type { PortalParts } from '../portal-parts.ts';
import { playFault } from '../faults/play-fault.ts';
import { withoutSecrets } from '../request-log.ts';
import { json, type Reply, summary } from '../rest/reply.ts';
import { toText } from '../rest/params.ts';
import type { WireRequest } from '../rest/wire-request.ts';
import { answerTokenRequest } from './token-endpoint.ts';

/** A request to the token endpoint: `rotated`, or the error's code, or the type of a fault that kept the answer back. */
export interface RefreshRecord {
  /** Ms since the epoch. */
  readonly time: number;
  readonly outcome: string;
  readonly clientId: string;
  readonly userId?: number;
}

/** The authorization server's `/oauth/token/` with its log and its faults. */
export class TokenService {
  readonly #parts: PortalParts;
  readonly #records: RefreshRecord[] = [];

  constructor(parts: PortalParts) {
    this.#parts = parts;
  }

  get records(): readonly RefreshRecord[] {
    return this.#records;
  }

  async answer(request: WireRequest): Promise<Reply> {
    const { faults, log, clock, sleep } = this.#parts;
    const { params, userAgent } = request;
    const entry = log.open({
      time: clock(),
      method: 'oauth/token',
      params: withoutSecrets(params),
      commands: [],
      credential: 'none',
      userAgent,
    });
    const recorded = this.#records.length;
    const fault = faults.take({ kind: 'token', method: 'oauth/token', params });
    const work = (): Promise<Reply> => Promise.resolve(this.#work(request));
    const context = { method: 'oauth/token', params: entry.params };
    const reply = await (fault ? playFault(fault, context, sleep, work) : work());
    if (fault) entry.fault = fault.type;
    const told = summary(reply);
    if (fault && this.#records.length === recorded) this.#record(told.error ?? fault.type, toText(params['client_id']));
    Object.assign(entry, told, { answeredAt: clock() });
    return reply;
  }

  #work({ params }: WireRequest): Reply {
    const { state, tokens, config, identity } = this.#parts;
    const { domain, endpoint } = identity;
    const reply = answerTokenRequest({ state, tokens, statusProfile: config.statusProfile, domain, endpoint }, params);
    const error = reply.body['error'];
    const outcome = typeof error === 'string' ? error : 'rotated';
    this.#record(outcome, toText(params['client_id']), reply.userId);
    return json(reply.status, reply.body);
  }

  #record(outcome: string, clientId: string, userId?: number): void {
    const time = this.#parts.clock();
    this.#records.push({ time, outcome, clientId, ...(userId === undefined ? {} : { userId }) });
  }
}
