import type { PhpMap } from './php-form.ts';

/** A command of a batch, as the log keeps it. */
export interface CommandRecord {
  readonly key: string;
  readonly method: string;
  readonly params: PhpMap;
  /** The code of a command that failed; it may be empty. */
  readonly error?: string;
  readonly description?: string;
}

/** A request as the log keeps it. It never holds a token, a secret or a webhook's code. */
export interface RequestRecord {
  /** Ms since the epoch on the simulator's clock. */
  readonly time: number;
  /** In lower case; `oauth/token` for the token endpoint. */
  readonly method: string;
  readonly params: PhpMap;
  /** Those that ran, when the method is `batch`. */
  readonly commands: CommandRecord[];
  readonly credential: 'webhook' | 'oauth' | 'none';
  readonly userAgent: string;
  userId?: number;
  /** Undefined while the request is being answered. */
  status?: number | 'reset' | 'no-answer';
  /** The error code of the answer; it may be empty. */
  error?: string;
  /** The type of the fault that was played. */
  fault?: string;
  answeredAt?: number;
}

const MAX_RECORDS = 50_000;
const SECRET = /^(auth|access_token|refresh_token|client_secret|code|auth_id|refresh_id|application_token)$/i;

/** The requests a portal has received, the newest last; the oldest give way. */
export class RequestLog {
  readonly #records: RequestRecord[] = [];

  get records(): readonly RequestRecord[] {
    return this.#records;
  }

  open(record: RequestRecord): RequestRecord {
    if (this.#records.length >= MAX_RECORDS) this.#records.splice(0, MAX_RECORDS / 10);
    this.#records.push(record);
    return record;
  }

  clear(): void {
    this.#records.length = 0;
  }
}

/** Parameters as the log may keep them. A batch's own commands stand apart, without their text. */
export function withoutSecrets(params: PhpMap): PhpMap {
  return Object.fromEntries(
    Object.entries(params).filter(([name]) => !SECRET.test(name) && name !== 'cmd' && !name.startsWith('bx24_')),
  );
}
