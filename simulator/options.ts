import type { Clock, Sleep } from '../lib/bitrix24/clock.ts';

/** Which source's HTTP statuses a portal answers errors with: the documentation, its newest include, or the server's source. */
export type StatusProfile = 'docs' | 'newest' | 'source';

/**
 * Whom a batch's operating time is billed to. The sources disagree, so a client has to survive all three:
 * - `nested`: each command to its own method, `batch` itself to nobody (the documentation);
 * - `outer`: everything to `batch`, the commands stay at 0 (measured on a self-hosted portal of 2026);
 * - `both`: each command to its method and the whole to `batch` at weight 0.5; exceeding blocks the key for a fixed 300 s.
 */
export type BatchBilling = 'nested' | 'outer' | 'both';

export type Language = 'en' | 'ru';

/** A portal's limits. `Infinity` switches a limit off. */
export interface PortalLimits {
  /** Requests the leaky bucket holds before it answers 503. Default 50 (Enterprise 250). */
  readonly burst: number;
  /** Requests the bucket lets out in a second. Default 2 (Enterprise 5). */
  readonly perSecond: number;
  /** Whether refused requests fill the bucket as well: nobody knows, so it can be chosen. Default false. */
  readonly refusedFill: boolean;
  /** Operating seconds a method of one credential may use in a window. Default 480. */
  readonly operatingSeconds: number;
  /** Length of that window in seconds; it is kept in ten baskets. Default 600. */
  readonly windowSeconds: number;
  /** How long a key stays blocked with `batchBilling: 'both'`, in seconds. Default 300. */
  readonly banSeconds: number;
  /** Calls that take no longer than this are not billed. Default 0; the server's source says 0.1. */
  readonly unbilledSeconds: number;
  /** Real seconds after which the gateway cuts a request with a 504 page while the work goes on. Default 60. */
  readonly requestSeconds: number;
}

export interface PortalOptions {
  /** 32 hexadecimal digits. Default: derived from the simulator's seed and the portal's index. */
  readonly memberId?: string;
  readonly limits?: Partial<PortalLimits>;
  /** `strict`: a used refresh token and the access token issued with it die. Default `strict`. */
  readonly rotation?: 'strict' | 'lenient';
  /** Default `docs`. */
  readonly statusProfile?: StatusProfile;
  /** Default `nested`. */
  readonly batchBilling?: BatchBilling;
  /** Of the texts that a portal localizes. Default `en`. */
  readonly language?: Language;
  /** What crm.contact.delete says of a contact that is gone: ERROR_CORE (`operation`), or an empty code and text (`legacy`). */
  readonly contactDeleteFate?: 'operation' | 'legacy';
  /** Whether a move to another pipeline emits ONCRMDEALUPDATE beside ONCRMDEALMOVETOCATEGORY. Default false. */
  readonly pipelineMoveAlsoUpdates?: boolean;
  /** Whether crm.item.list filters deals by `contactIds`; the documentation of 2025 said for a while that it cannot. Default true. */
  readonly dealsFilterByContacts?: boolean;
  /** Operating seconds a call of a method is billed, by method name in lower case. Defaults: operating-costs.ts. */
  readonly timePerCall?: Partial<Record<string, number>>;
  /** Real ms a call of a method takes, by method name in lower case; `*` for all others. Default none. */
  readonly delay?: Partial<Record<string, number>>;
  /** Offset of the portal's zone from UTC in minutes. Default 120, rendered as +02:00. */
  readonly zoneMinutes?: number;
  /** Whether the portal goes on accepting an access token it has seen after the token was revoked. Default false. */
  readonly remembersTokens?: boolean;
  /** Whether `error` of the D7 argument errors is the number 100 instead of text. Default false. */
  readonly numericCodes?: boolean;
  /** Whether `time` names `operating` and `operating_reset_at`; self-hosted and older portals do not. Default true. */
  readonly reportsOperating?: boolean;
  /** Ms a handler has to answer an event. Default 10,000. */
  readonly eventTimeout?: number;
  /** Events that are posted side by side. Default 20. */
  readonly eventConcurrency?: number;
}

export interface SimulatorOptions {
  /** Of the first portal; 0, the default, takes any free one. Always on 127.0.0.1. */
  readonly port?: number;
  /** Default 1. The same seed gives the same ids and tokens. */
  readonly seed?: number;
  readonly clock?: Clock;
  readonly sleep?: Sleep;
  /** A JSON file that state is loaded from when it exists and saved to after changes. */
  readonly dataFile?: string;
  /** Of the first portal. */
  readonly portal?: PortalOptions;
  /** Whether the first portal gets the demo dataset of seed-data.ts when it is new. Default false. */
  readonly demoData?: boolean;
}

/** A portal's options with every default filled in. */
export interface PortalConfig extends Required<Omit<PortalOptions, 'memberId' | 'limits'>> {
  readonly limits: PortalLimits;
}

export function withDefaults(options: PortalOptions = {}): PortalConfig {
  return {
    rotation: options.rotation ?? 'strict',
    statusProfile: options.statusProfile ?? 'docs',
    batchBilling: options.batchBilling ?? 'nested',
    language: options.language ?? 'en',
    contactDeleteFate: options.contactDeleteFate ?? 'operation',
    pipelineMoveAlsoUpdates: options.pipelineMoveAlsoUpdates ?? false,
    dealsFilterByContacts: options.dealsFilterByContacts ?? true,
    timePerCall: options.timePerCall ?? {},
    delay: options.delay ?? {},
    zoneMinutes: options.zoneMinutes ?? 120,
    remembersTokens: options.remembersTokens ?? false,
    numericCodes: options.numericCodes ?? false,
    reportsOperating: options.reportsOperating ?? true,
    eventTimeout: options.eventTimeout ?? 10_000,
    eventConcurrency: options.eventConcurrency ?? 20,
    limits: {
      burst: 50,
      perSecond: 2,
      refusedFill: false,
      operatingSeconds: 480,
      windowSeconds: 600,
      banSeconds: 300,
      unbilledSeconds: 0,
      requestSeconds: 60,
      ...options.limits,
    },
  };
}
