import type { Item, Table } from '../aws/table.ts';
import type { Clock } from '../bitrix24/clock.ts';
import { requestCourse, type Strictness } from '../bitrix24/strictness.ts';
import { type StoredRules, storedRulesSchema } from '../rules/version.ts';
import type { Pause, Portal } from './portal.ts';
import { parsePortal, portalKey, readPortal } from './portal-row.ts';
import { UnreadableRow } from './unreadable-row.ts';
import { HoldStore } from './holds.ts';
import { noteRefusal } from './note-refusal.ts';
import { StageDirectories } from './stage-directories.ts';
import { WaitMarks } from './wait-marks.ts';
import { aheadMs, Watermarks } from './watermarks.ts';

const rulesKey = (memberId: string, version: number) => ({ memberId, sk: `rules#${String(version).padStart(8, '0')}` });

/** The rows `portal` and `rules#<version>` of the table `portals`. */
export class PortalStore {
  /** What the portal's stages mean. */
  readonly stages: StageDirectories;
  /** How far reconciliation has come, type by type. */
  readonly watermarks: Watermarks;
  /** How far the look for ended waits has come, rule by rule. */
  readonly waitMarks: WaitMarks;
  /** What people have put a hold on. */
  readonly holds: HoldStore;
  readonly #table: Table;
  readonly #clock: Clock;

  constructor(table: Table, clock: Clock) {
    this.#table = table;
    this.#clock = clock;
    this.stages = new StageDirectories(table);
    this.watermarks = new Watermarks(table);
    this.waitMarks = new WaitMarks(table);
    this.holds = new HoldStore(table, clock);
  }

  async get(memberId: string): Promise<Portal | undefined> {
    return readPortal(this.#table, memberId);
  }

  /** Every portal there is. Reads the whole table: for an operator's commands, never for a function. */
  async list(): Promise<Portal[]> {
    const portals: Portal[] = [];
    let last: Item | undefined;
    do {
      const page = await this.#table.scan({ where: '#sk = :sk', values: { sk: 'portal' }, startAfter: last });
      portals.push(...page.items.map(parsePortal));
      last = page.last;
    } while (last);
    return portals;
  }

  /** False when there is a portal of that id already. */
  async create(portal: Omit<Portal, 'sk' | 'createdAt' | 'updatedAt'>): Promise<boolean> {
    const now = this.#clock();
    return this.#table.put(
      { ...portal, sk: 'portal', createdAt: now, updatedAt: now },
      { if: 'attribute_not_exists(#memberId)' },
    );
  }

  /** Sets the given fields. Undefined when there is no such portal. */
  async change(
    memberId: string,
    fields: Partial<Omit<Portal, 'memberId' | 'sk' | 'pause'>>,
  ): Promise<Portal | undefined> {
    const entries = Object.entries({ ...fields, updatedAt: this.#clock() });
    const row = await this.#table.update(portalKey(memberId), {
      set: `SET ${entries.map(([name]) => `#${name} = :${name}`).join(', ')}`,
      if: 'attribute_exists(#memberId)',
      values: Object.fromEntries(entries),
    });
    return row && parsePortal(row);
  }

  /** The portal has another address now. False when it is not (any more) at `from`. */
  async moveDomain(memberId: string, from: string, to: string): Promise<boolean> {
    const row = await this.#table.update(portalKey(memberId), {
      set: 'SET #domain = :to, #updatedAt = :now',
      if: '#domain = :from',
      values: { from, to, now: this.#clock() },
    });
    return row !== undefined;
  }

  /** False when somebody changed the portal since `seen` was read: their keys would be lost. */
  async setRobotKeys(seen: Portal, robotKeyDigests: Portal['robotKeyDigests']): Promise<boolean> {
    const row = await this.#table.update(portalKey(seen.memberId), {
      set: 'SET #robotKeyDigests = :keys, #updatedAt = :now',
      if: '#updatedAt = :seen',
      values: { keys: robotKeyDigests, now: Math.max(this.#clock(), seen.updatedAt + 1), seen: seen.updatedAt },
    });
    return row !== undefined;
  }

  /** Stops all work for the portal until a person resumes it. False when it is paused already. */
  async pause(memberId: string, pause: Omit<Pause, 'since'>): Promise<boolean> {
    const row = await this.#table.update(portalKey(memberId), {
      set: 'SET #pause = :pause, #pausedMark = :mark',
      // Of a portal that is disconnected nobody expects work, so nobody is to be alarmed.
      if: 'attribute_exists(#memberId) AND attribute_not_exists(#pause) AND #state <> :disconnected',
      values: { pause: { ...pause, since: this.#clock() }, mark: 'paused', disconnected: 'disconnected' },
    });
    return row !== undefined;
  }

  /** `code`: only if it is paused for that. */
  async resume(memberId: string, code?: string): Promise<boolean> {
    const row = await this.#table.update(portalKey(memberId), {
      set: 'REMOVE #pause, #pausedMark, #trouble',
      if: `attribute_exists(#pause)${code === undefined ? '' : ' AND #pause.#code = :code'}`,
      ...(code !== undefined && { values: { code } }),
    });
    return row !== undefined;
  }

  /**
   * The app has been removed, as an event with this application token says that arrived at `receivedAt`. Undefined when
   * that is not the token of the installation in force, or a newer installation has come: nothing is changed then.
   * Repeated before `forgetInstallation`, it gives the portal again.
   */
  async disconnect(memberId: string, tokenDigest: string, receivedAt: number): Promise<Portal | undefined> {
    const now = this.#clock();
    const row = await this.#table.update(portalKey(memberId), {
      set:
        'SET #state = :disconnected, #mode = :observe, #disconnectedAt = :now, #updatedAt = :now ' +
        'REMOVE #pause, #pausedMark, #enforcedAt',
      if:
        '#connection = :oauth AND contains(#tokenDigests, :digest) AND (attribute_not_exists(#installation) OR ' +
        '(#installation.#tokenDigest = :digest AND #installation.#receivedAt <= :receivedAt))',
      values: {
        disconnected: 'disconnected',
        observe: 'observe',
        oauth: 'oauth',
        digest: tokenDigest,
        receivedAt,
        now,
      },
    });
    return row && parsePortal(row);
  }

  /**
   * A person has given the portal up, at `at` (ms since the epoch). Undefined when there is no such portal, or its app
   * has been installed again since.
   */
  async disconnectByHand(memberId: string, at: number): Promise<Portal | undefined> {
    const now = this.#clock();
    const row = await this.#table.update(portalKey(memberId), {
      set:
        'SET #state = :disconnected, #mode = :observe, #disconnectedAt = :now, #updatedAt = :now ' +
        'REMOVE #pause, #pausedMark, #enforcedAt',
      if: 'attribute_exists(#memberId) AND (attribute_not_exists(#installation) OR #installation.#receivedAt <= :at)',
      values: { disconnected: 'disconnected', observe: 'observe', at, now },
    });
    return row && parsePortal(row);
  }

  /** The last step of a disconnection: no token proves anything any more. Without `tokenDigest`: whatever is known. */
  async forgetInstallation(memberId: string, tokenDigest?: string): Promise<void> {
    await this.#table.update(portalKey(memberId), {
      set: 'SET #tokenDigests = :none REMOVE #installation',
      if: `#state = :disconnected${tokenDigest === undefined ? '' : ' AND contains(#tokenDigests, :digest)'}`,
      values: {
        disconnected: 'disconnected',
        none: [],
        ...(tokenDigest !== undefined && { digest: tokenDigest }),
      },
    });
  }

  /** Everything lost before `until` (ms since the epoch) has been found, of whatever type. Never moves back. */
  async endRound(memberId: string, until: number): Promise<void> {
    await this.#table.update(portalKey(memberId), {
      set: 'SET #reconciledUntil = :until',
      if:
        'attribute_exists(#memberId) AND ' +
        '(attribute_not_exists(#reconciledUntil) OR #reconciledUntil < :until OR #reconciledUntil > :mistaken)',
      values: { until, mistaken: until + aheadMs },
    });
  }

  /** One more request has gone wrong in that way. Gives since when and how often in a row that has been so. */
  async noteTrouble(memberId: string, name: string): Promise<Portal['trouble']> {
    const now = this.#clock();
    const again = await this.#table.update(portalKey(memberId), {
      set: 'SET #trouble.#count = #trouble.#count + :one',
      if: '#trouble.#name = :name',
      values: { one: 1, name },
    });
    const row =
      again ??
      (await this.#table.update(portalKey(memberId), {
        set: 'SET #trouble = :trouble',
        if: 'attribute_exists(#memberId)',
        values: { trouble: { name, since: now, count: 1 } },
      }));
    return row && parsePortal(row).trouble;
  }

  /** A request went well: whatever was wrong has ended. */
  async endTrouble(memberId: string): Promise<void> {
    await this.#table.update(portalKey(memberId), { set: 'REMOVE #trouble', if: 'attribute_exists(#trouble)' });
  }

  /**
   * The portal has refused a request for want of room in its bucket. Gives how much stricter than its settings it counts
   * as from now on; undefined when that is no stricter than before.
   */
  async tightenRequests(memberId: string): Promise<Strictness | undefined> {
    const portal = await this.get(memberId);
    if (portal === undefined) return undefined;
    const kept = { key: portalKey(memberId), attribute: 'strictness', seen: portal.strictness };
    return noteRefusal(this.#table, kept, requestCourse, this.#clock());
  }

  async countPaused(): Promise<number> {
    const page = await this.#table.query({
      index: 'paused',
      where: '#pausedMark = :mark',
      values: { mark: 'paused' },
      countOnly: true,
    });
    return page.count;
  }

  async remove(memberId: string): Promise<void> {
    await this.#table.delete(portalKey(memberId));
  }

  async rules(memberId: string, version: number): Promise<StoredRules | undefined> {
    const row = await this.#table.get(rulesKey(memberId, version));
    if (!row) return undefined;
    const { memberId: _, sk: __, ...content } = row;
    const parsed = storedRulesSchema.safeParse(content);
    if (!parsed.success) throw new UnreadableRow(`Version ${version} of the rules of ${memberId} cannot be read`);
    return parsed.data;
  }

  /**
   * Stores a new version of the rules and makes it the one in force; each version is kept. A number that is taken
   * (someone pushed at the same time, or a push died between its two writes) is passed over.
   *
   * @returns the version as stored
   */
  async pushRules(memberId: string, rules: StoredRules): Promise<StoredRules> {
    for (let version = rules.version; version < rules.version + 10; version += 1) {
      const stored = { ...rules, version };
      const put = await this.#table.put(
        { ...rulesKey(memberId, version), ...stored },
        { if: 'attribute_not_exists(#memberId)' },
      );
      if (!put) continue;
      await this.#table.update(portalKey(memberId), {
        set: 'SET #rulesVersion = :version, #updatedAt = :now',
        if: 'attribute_exists(#memberId) AND (attribute_not_exists(#rulesVersion) OR #rulesVersion < :version)',
        values: { version, now: this.#clock() },
      });
      return stored;
    }
    throw new Error(`Ten numbers after version ${rules.version - 1} of the rules of ${memberId} are taken`);
  }
}
