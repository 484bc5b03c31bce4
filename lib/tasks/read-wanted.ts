import type { Command } from '../bitrix24/batch.ts';
import { maxBatchCommands } from '../bitrix24/batch.ts';
import { itemListSchema } from '../bitrix24/answers.ts';
import { Bitrix24Error } from '../bitrix24/failures.ts';
import { limitsInForce } from '../bitrix24/limits.ts';
import { minute } from '../bitrix24/reactions.ts';
import { TooLateToStart } from '../bitrix24/rest-client.ts';
import type { JudgedAnswer } from '../portals/judge.ts';
import type { Portal } from '../portals/portal.ts';
import { profileCommand, readProfile } from '../portals/profile.ts';
import { refreshDirectories } from '../portals/read-stages.ts';
import { firstReadersShare, PortalSession, readersShare, type SessionOptions } from '../portals/session.ts';
import { semanticsIn, type StageDirectory, stageOf } from '../portals/stage-directory.ts';
import { PortalBusy, PortalStopped } from '../portals/waiting.ts';
import type { StoredRules } from '../rules/version.ts';
import { limitAmong } from './look.ts';
import { type FoundRecord, historyCommand, lostByHistory, movedIntoLoss } from './own-transition.ts';
import { callsFor } from './planned.ts';
import { readRecords, recordCommands, recordKey, type Records } from './read-records.ts';
import { pausedMs } from './schedule.ts';
import { saysSemantics } from './stage-semantics.ts';
import { isReadAgain, type Wanted } from './wanted.ts';

/** What the stages mean is relied on for so long. */
const directoryAgeMs = 15 * minute;
/** A contradiction reads it anew, but for one that is younger than this: the portal may contradict itself for good. */
const contradictedAgeMs = 10_000;

/** A portal that has refused requests lately is asked about a few records only while nobody else asks it anything. */
const onlyWhenEmpty = 0;

/** The records, and the history of those that are lost: who gets the first alone has asked in vain. */
const requestsToRead = 2;

export interface ReadWanted {
  /** What is known by now; a record that is not in it has to be read later. */
  readonly records: Records;
  /** By record: when its stage became a lost one, if that was noticed; after every move when it did so under the record. */
  readonly stageLostSince: ReadonlyMap<string, number>;
  /** When the portal can be asked again, if it said so; else each record has a backoff of its own. */
  readonly readAgainAt?: number | undefined;
}

/** What is read for the records of one portal, within the time and the requests that there are. */
export class WantedReader {
  readonly #options: SessionOptions;
  readonly #portal: Portal;
  readonly #stored: StoredRules;
  readonly #directories = new Map<number, StageDirectory>();
  readonly #records = new Map<string, Records extends ReadonlyMap<string, infer R> ? R : never>();
  readonly #lostSince = new Map<string, number>();

  constructor(options: SessionOptions, portal: Portal, stored: StoredRules) {
    this.#options = options;
    this.#portal = portal;
    this.#stored = stored;
  }

  /** `readBy`, ms since the epoch: when the answers must be there; `startBy`: when nothing is begun any more. */
  async read(wanted: readonly Wanted[], { readBy, startBy }: { readBy: number; startBy: number }): Promise<ReadWanted> {
    const { clock, log } = this.#options;
    const { memberId, pause, domain } = this.#portal;
    let readAgainAt: number | undefined;
    try {
      if (pause) throw new PortalStopped(`${domain} is paused: ${pause.reason}`);
      if (clock() > startBy) throw new TooLateToStart('Too little time is left to read records');
      const isFirst = !wanted.some(isReadAgain);
      const isScarce = limitsInForce(this.#portal, clock()).burst < this.#portal.limits.burst;
      const bucketShare = isFirst ? firstReadersShare : readersShare;
      const session = new PortalSession({ ...this.#options, bucketShare }, this.#portal, readBy);
      await session.reserve(requestsToRead, isFirst && isScarce ? onlyWhenEmpty : bucketShare);
      try {
        try {
          readAgainAt = await this.#readRecords(session, wanted);
        } finally {
          // Of what was read before something else could not be, it has to be known as well.
          await this.#checkTransitions(session, wanted);
        }
      } finally {
        await session.release();
      }
    } catch (error) {
      readAgainAt = readAgainAfter(error, clock());
      const reason = error instanceof Error ? error.message : 'unknown';
      log.warn('records not read, they come due again', { memberId, records: wanted.length, reason });
    }
    return { records: this.#records, stageLostSince: this.#lostSince, readAgainAt };
  }

  /** Returns when the portal can be asked again, if it said so. */
  async #readRecords(session: PortalSession, wanted: readonly Wanted[]): Promise<number | undefined> {
    const keys = wanted.map(({ record }) => record);
    const commands = new Map([profileCommand, ...recordCommands(keys, this.#stored.rules)]);
    const answers = await session.batch(commands, { write: false });
    const profile = readProfile(answers);
    const { mode } = this.#portal;
    if (mode === 'enforce' && profile?.ADMIN === false) throw await session.stopForWantOfRights();
    const limit = limitAmong(answers.values());
    const readAgainAt = limit && this.#options.clock() + (limit.waitMs ?? minute);
    // Who does not know whether deals are hidden from us must not take one that is not shown for gone.
    if (mode === 'enforce' && !profile) return readAgainAt;

    this.#take(readRecords(keys, answers).records);
    const unsaid = new Set(keys.map(({ entityTypeId }) => entityTypeId).filter((type) => !saysSemantics(type)));
    if (unsaid.size > 0) {
      const stages = stagesIn(answers);
      await this.#require(session, unsaid, (directory) =>
        stages.every(
          (stageId) => belongsElsewhere(directory, stageId) || stageOf(directory, { categoryId: 0, stageId }),
        ),
      );
      const semanticsOf = (type: number, stageId: string) => {
        const directory = this.#directories.get(type);
        return directory && semanticsIn(directory, stageId);
      };
      this.#take(readRecords(keys, answers, semanticsOf).records);
    }
    return readAgainAt;
  }

  #take(records: Records): void {
    for (const [key, record] of records) this.#records.set(key, record);
  }

  /**
   * Finds out which of the lost records that rules name came to their stage when it was a lost one. Those of which that
   * is not known count as not read.
   */
  async #checkTransitions(session: PortalSession, wanted: readonly Wanted[]): Promise<void> {
    const open = new Map(wanted.flatMap((wish) => this.#named(wish)));
    try {
      const types = new Set([...open.values()].map(({ record }) => record.entityTypeId));
      await this.#require(session, types, (directory) =>
        [...open.values()]
          .filter(({ record }) => record.entityTypeId === directory.entityTypeId)
          .every(({ record }) => stageOf(directory, record)?.semantics === 'F'),
      );
      const asked = new Map<string, { id: number; record: FoundRecord }>();
      for (const [key, named] of open) {
        const directory = this.#directories.get(named.record.entityTypeId);
        const verdict = directory && movedIntoLoss(named.record, directory);
        if (verdict === 'ask') asked.set(key, named);
        else if (verdict !== undefined) this.#settle(open, key, verdict);
      }
      await this.#askHistory(session, open, asked);
    } finally {
      for (const key of open.keys()) this.#records.delete(key);
    }
  }

  #named(wish: Wanted): [string, { id: number; record: FoundRecord }][] {
    const key = recordKey(wish.record);
    const record = this.#records.get(key);
    if (record?.found !== true) return [];
    const calls = callsFor(record, this.#stored.rules, this.#portal, wish, { now: this.#options.clock() });
    // What a person asks for needs no transition of its own.
    const isNamed = calls.some(({ source }) => source !== 'operator');
    return isNamed ? [[key, { id: wish.record.id, record }]] : [];
  }

  async #askHistory(
    session: PortalSession,
    open: Map<string, unknown>,
    asked: ReadonlyMap<string, { id: number; record: FoundRecord }>,
  ): Promise<void> {
    const all = [...asked];
    for (let start = 0; start < all.length; start += maxBatchCommands) {
      const some = all.slice(start, start + maxBatchCommands);
      const commands = some.map(([, { id, record }]): [string, Command] => [
        `h${id}t${record.entityTypeId}`,
        historyCommand(record, id),
      ]);
      const answers = await session.batch(new Map(commands), { write: false });
      for (const [key, { id, record }] of some) {
        const verdict = lostByHistory(record, answers.get(`h${id}t${record.entityTypeId}`));
        if (verdict !== undefined) this.#settle(open, key, verdict);
      }
    }
  }

  #settle(open: Map<string, unknown>, key: string, moved: boolean): void {
    open.delete(key);
    if (!moved) this.#lostSince.set(key, Number.POSITIVE_INFINITY);
  }

  /** Makes sure of directories that are young enough and, as far as can be, agree with what was read. */
  async #require(
    session: PortalSession,
    types: ReadonlySet<number>,
    agrees: (directory: StageDirectory) => boolean,
  ): Promise<void> {
    const { portals, clock } = this.#options;
    const { memberId } = this.#portal;
    const stale: number[] = [];
    for (const type of types) {
      const directory = this.#directories.get(type) ?? (await portals.stages.get(memberId, type));
      const age = directory ? clock() - directory.readAt : Number.POSITIVE_INFINITY;
      if (directory && age <= directoryAgeMs) this.#directories.set(type, directory);
      if (!directory || age > directoryAgeMs || (age > contradictedAgeMs && !agrees(directory))) stale.push(type);
    }
    const fresh = await refreshDirectories(portals, session, { memberId, types: stale, clock });
    for (const [type, directory] of fresh) this.#directories.set(type, directory);
  }
}

/** The stages that the rows of the answers name, in types that do not say what they mean. */
function stagesIn(answers: ReadonlyMap<string, JudgedAnswer>): string[] {
  const stages = new Set<string>();
  for (const answer of answers.values()) {
    const list = answer.kind === 'result' ? itemListSchema.safeParse(answer.result) : undefined;
    for (const row of list?.data?.items ?? []) {
      if (typeof row === 'object' && row !== null && 'stageId' in row && typeof row.stageId === 'string') {
        if (row.stageId.startsWith('DT')) stages.add(row.stageId);
      }
    }
  }
  return [...stages];
}

function belongsElsewhere({ entityTypeId }: StageDirectory, stageId: string): boolean {
  return !stageId.startsWith(`DT${entityTypeId}_`);
}

/**
 * When to read again, if the error says so; undefined when the portal was at fault and a backoff is due. Throws what
 * is not about the portal: then the batch has failed.
 */
function readAgainAfter(error: unknown, now: number): number | undefined {
  if (error instanceof PortalBusy) return Math.max(error.until, now + 1_000);
  if (error instanceof PortalStopped) return now + pausedMs;
  if (error instanceof TooLateToStart) return now;
  if (error instanceof Bitrix24Error) return undefined;
  throw error;
}
