import type { Command } from '../../bitrix24/batch.ts';
import { minute } from '../../bitrix24/reactions.ts';
import type { JudgedAnswer } from '../../portals/judge.ts';
import { PortalBusy } from '../../portals/waiting.ts';
import { limitAmong } from '../look.ts';
import { recordKey } from '../read-records.ts';
import type { Run } from '../run.ts';
import type { Trouble } from '../settle.ts';
import type { RecordKey, Task } from '../task.ts';
import type { UndoPlan } from './undo-plan.ts';
import type { Restored, Undo } from './undo-state.ts';

/** Thrown when something could not be read or put back: what it means for the task is in `trouble`. */
export class UndoTrouble extends Error {
  override readonly name = 'UndoTrouble';
  readonly trouble: Trouble;

  constructor(trouble: Trouble) {
    super(trouble.description);
    this.trouble = trouble;
  }
}

/** Thrown when somebody else has ended the task meanwhile. */
export class UndoEnded extends Error {
  override readonly name = 'UndoEnded';
}

/** One try of taking a task back: what there is to do, and what of it is done. */
export class UndoRun {
  readonly run: Run;
  readonly task: Task;
  readonly plan: UndoPlan;
  /** Where deleted records are now. */
  readonly restored: Map<string, Restored>;
  /** Whether this undo, or an earlier one of the same task, had put links back when this try began. */
  readonly hasLinkedBefore: boolean;
  readonly #undo: Undo;
  /** What earlier undos of the same task have noted. */
  readonly #before: ReadonlySet<Restored>;
  readonly #deleted: ReadonlySet<string>;
  #linked: number;
  readonly #relinked: Map<string, RecordKey>;
  #hasProgressed = false;
  #refusal: UndoTrouble | undefined;

  constructor(run: Run, task: Task, undo: Undo, plan: UndoPlan, earlier: readonly Undo[]) {
    this.run = run;
    this.task = task;
    this.plan = plan;
    this.#undo = undo;
    this.#linked = undo.linked;
    this.#relinked = new Map(undo.relinked.map((owner) => [recordKey(owner), owner]));
    this.#deleted = new Set(plan.records.map(recordKey));
    this.restored = new Map([...earlier, undo].flatMap((one) => one.restored).map((one) => [recordKey(one), one]));
    this.#before = new Set(earlier.flatMap((one) => one.restored));
    this.hasLinkedBefore = [...earlier, undo].some(({ linked }) => linked > 0);
  }

  get hasProgressed(): boolean {
    return this.#hasProgressed;
  }

  /** The first thing that the portal would not take back; all others are tried nevertheless. */
  get refusal(): UndoTrouble | undefined {
    return this.#refusal;
  }

  get recreates(): boolean {
    return this.#undo.recreate;
  }

  get linked(): number {
    return this.#linked;
  }

  /** The present id of a record of the snapshot; undefined when it was deleted and is not there again. */
  idNow(record: RecordKey): number | undefined {
    return this.#deleted.has(recordKey(record)) ? this.restored.get(recordKey(record))?.newId : record.id;
  }

  /** Whether it was deleted and is there again: what is there under its old id was never gone. */
  wasAway(record: RecordKey): boolean {
    const restored = this.restored.get(recordKey(record));
    return restored !== undefined && restored.newId !== record.id;
  }

  /** Deleted records that are not there again. */
  missing() {
    return this.plan.records.filter((record) => !this.restored.has(recordKey(record)));
  }

  /**
   * Sends changes. Each is one that may be sent twice, or is looked for before.
   *
   * @throws PortalBusy before anything is sent, when a person has stopped or paused, or ended this task, meanwhile
   */
  async write(commands: ReadonlyMap<string, Command>): Promise<Map<string, JudgedAnswer>> {
    const { session, options } = this.run;
    const answers = await session.batch(commands, { write: true, stillHolds: () => this.#mayGoOn() });
    const limit = limitAmong(answers.values());
    if (limit)
      throw new PortalBusy(limit.meaning, { until: options.clock() + (limit.waitMs ?? minute), verdict: limit });
    return answers;
  }

  async #mayGoOn(): Promise<boolean> {
    const { options, portal } = this.run;
    const [now, stop, [task]] = await Promise.all([
      options.portals.get(portal.memberId),
      options.killSwitch.stopped(),
      options.tasks.getMany([this.task.taskId]),
    ]);
    return now?.state === 'active' && now.pause === undefined && stop === undefined && task?.status === 'open';
  }

  /** @throws UndoTrouble unless the answer is a result */
  resultOf(answer: JudgedAnswer | undefined, what: string): unknown {
    if (answer?.kind === 'result') return answer.result;
    if (answer?.kind !== 'error') {
      throw new UndoTrouble({ code: 'NO_OUTCOME', description: `The portal does not say what became of ${what}` });
    }
    const { row, error, description } = answer;
    throw new UndoTrouble({ code: error === '' ? row.name : error, description: `${what}: ${description}`, row });
  }

  /**
   * The result; undefined when the portal has refused, which is told at the end.
   *
   * @throws UndoTrouble for any other answer
   */
  resultUnlessRefused(answer: JudgedAnswer | undefined, what: string): unknown {
    try {
      return this.resultOf(answer, what) ?? true;
    } catch (error) {
      const reaction = error instanceof UndoTrouble ? error.trouble.row?.reaction : undefined;
      if (!(error instanceof UndoTrouble) || (reaction !== 'permanent' && reaction !== 'bug')) throw error;
      this.#refusal ??= error;
      return undefined;
    }
  }

  /** Something is left as it is, because it is not known what is there: told at the end, when all else is done. */
  leave(description: string): void {
    this.#refusal ??= new UndoTrouble({ code: 'PRESENT_UNREADABLE', description });
  }

  /** These are there again: held from now on, known to the undos of other tasks, and noted. */
  async bring(back: readonly Restored[], how: string): Promise<void> {
    if (back.length === 0) return;
    const { options, portal } = this.run;
    for (const one of back) this.restored.set(recordKey(one), one);
    await this.hold(back.map(({ entityTypeId, newId }) => ({ entityTypeId, id: newId })));
    await options.tasks.undos.place(portal.memberId, back, options.clock());
    const names = back.map(({ entityTypeId, id, newId }) => `${entityTypeId}/${id} as ${newId}`);
    await this.note({ text: `${how}: ${names.join(', ')}` });
  }

  /** These have got all that belonged to them. */
  async complete(records: readonly Restored[]): Promise<void> {
    if (records.length === 0) return;
    const { options, portal } = this.run;
    const complete = records.map((one) => ({ ...one, complete: true }));
    for (const one of complete) this.restored.set(recordKey(one), one);
    await this.note();
    await options.tasks.undos.place(portal.memberId, complete, options.clock());
  }

  /** From now on no rule touches these records. */
  async hold(records: readonly RecordKey[]): Promise<void> {
    const { options, portal } = this.run;
    for (const { entityTypeId, id } of records) {
      const why = `Put back by the undo of task ${this.#undo.of.slice(0, 12)}`;
      const hold = { entityTypeId, id, by: 'undo', at: options.clock(), why };
      await options.portals.holds.keep(portal.memberId, hold);
    }
  }

  /** Writes down what has come back: by this undo, and not by an earlier one. */
  async note({
    text,
    linked = [],
    named = 0,
  }: { text?: string; linked?: readonly RecordKey[]; named?: number } = {}): Promise<void> {
    const { options, settle } = this.run;
    this.#linked += linked.length + named;
    const unlinked = this.plan.unlinked.filter(({ entityTypeId, id }) =>
      linked.some((owner) => owner.entityTypeId === entityTypeId && owner.id === this.idNow({ entityTypeId, id })),
    );
    for (const owner of unlinked) this.#relinked.set(recordKey(owner), owner);
    const restored = [...this.restored.values()].filter((one) => !this.#before.has(one) && one.newId !== one.id);
    const undo = { ...this.#undo, restored, linked: this.#linked, relinked: [...this.#relinked.values()] };
    const history = text !== undefined && settle.roomIn(this.task) ? [settle.entry('answered', text)] : [];
    const isNoted = await options.tasks.undos.note(this.task.taskId, undo, history);
    this.#hasProgressed = true;
    if (!isNoted) throw new UndoEnded('The task has ended meanwhile');
  }
}
