import { isDeepStrictEqual } from 'node:util';
import type { Command } from '../bitrix24/batch.ts';
import { Bitrix24Error } from '../bitrix24/failures.ts';
import { minute, second } from '../bitrix24/reactions.ts';
import { capReason, capsOf } from '../portals/caps.ts';
import type { JudgedAnswer } from '../portals/judge.ts';
import { OutOfDate } from '../portals/waiting.ts';
import { commandOf } from './deletion.ts';
import { each } from './each.ts';
import { finishWave } from './finish-wave.ts';
import { afterFailure, earliest, isPortalTrouble, type Ready, type Run, troubleOf } from './run.ts';
import type { Trouble } from './settle.ts';
import type { Deletion, Outcome, Task } from './task.ts';
import { verify } from './verify.ts';

/** Nothing is deleted for a record that was read longer ago than this when the request is sent (promise P4). */
export const freshMs = 60 * second;

/** One deletion of a batch, and what became of it as far as that is known. */
export interface Sent {
  readonly ready: Ready;
  readonly deletion: Deletion;
  outcome?: Omit<Outcome, 'at'>;
  trouble?: Trouble;
  /** The portal has refused it: no other try changes that. */
  refused?: true;
  /** Nobody knows whether it was carried out. */
  unclear?: true;
}

/** A batch that was answered. */
export interface CarriedOut {
  /** When to come again for what was not sent or met a limit, in ms since the epoch. */
  readonly again: number | undefined;
  /** Writes down what became of it, task by task. Gives when to come again for those that have more to do. */
  readonly settle: () => Promise<number | undefined>;
}

export interface Sending {
  /** When the records were read, in ms since the epoch. */
  readonly readAt: number;
  /** Told when the batch is on its way: nothing else may delay the checks before. */
  readonly onSent: () => void;
}

const nothingToSettle = (): Promise<undefined> => Promise.resolve(undefined);

/**
 * Deletes what fits into one batch and the portal's caps. What became of it is to be settled whatever follows: the next
 * batch need not wait for that.
 */
export async function carryOut(run: Run, ready: readonly Ready[], { readAt, onSent }: Sending): Promise<CarriedOut> {
  if (ready.length === 0) return { again: undefined, settle: nothingToSettle };
  const { options, session, portal } = run;
  const wanted = ready.flatMap((one) => one.wave.map((deletion): Sent => ({ ready: one, deletion })));
  const room = await session.room(wanted.map(({ deletion }) => commandOf(deletion)));
  const fitting = wanted.filter((_, index) => room.fits[index] === true);
  const isBlocked = (room.waitUntil ?? 0) > options.clock();
  if (isBlocked) await letWait(run, wanted, new Set(fitting), room.waitUntil ?? 0);
  const rest = fitting.length < wanted.length && !isBlocked ? options.clock() : undefined;
  if (fitting.length === 0) return { again: rest, settle: nothingToSettle };

  // Counted from here on, whatever becomes of them.
  const { granted, exceeded } = await options.caps.reserve(portal.memberId, capsOf(portal), fitting.length);
  const sent = await send(run, fitting.slice(0, granted), { readAt, onSent });
  if (granted === fitting.length) return { ...sent, again: earliest(rest, sent.again) };
  // What is left of the cap was used; nothing goes beyond it until a person has looked. The next round lets tasks wait.
  if (exceeded) await session.stop(`cap-${exceeded.cap}`, capReason(exceeded));
  return { ...sent, again: options.clock() + (exceeded ? 0 : second) };
}

/**
 * What has to wait for a method stands in its line: it must not hold up the portal's other work. A method that has too
 * little left for any of its calls counts as having none.
 */
async function letWait({ settle, session }: Run, wanted: readonly Sent[], fitting: ReadonlySet<Sent>, until: number) {
  const going = new Set([...fitting].map(({ ready }) => ready));
  const open = new Set([...fitting].map(({ deletion }) => deletion.method));
  const methods = new Set(wanted.map(({ deletion }) => deletion.method));
  const full = [...methods].filter((method) => !open.has(method));
  if (full.length > 0) await session.noteFull(full, until);
  const blocked = new Map(wanted.map(({ ready, deletion }) => [ready, deletion.method]));
  await each([...blocked], async ([ready, method]) => {
    if (!going.has(ready)) await settle.waitFor(method, ready.task, until);
  });
}

/** Sends one batch, and looks for what became of it where the answer does not say. */
async function send(run: Run, batch: readonly Sent[], { readAt, onSent }: Sending): Promise<CarriedOut> {
  if (batch.length === 0) return { again: undefined, settle: nothingToSettle };
  const { options, session, portal } = run;
  const commands = new Map(batch.map((sent, index): [string, Command] => [`d${index}`, commandOf(sent.deletion)]));
  let again: number | undefined;
  try {
    const answers = await session.batch(commands, {
      write: true,
      freshUntil: readAt + freshMs,
      stillHolds: () => isAsDecided(run, tasksOf(batch)),
      onSent,
    });
    again = judgeAnswers(run, batch, answers);
  } catch (error) {
    if (!(error instanceof Bitrix24Error && error.row.verifyBeforeRepeat === true)) {
      // Of any other error nobody knows whether the request had gone out by then.
      const isUnsent = isPortalTrouble(error) || error instanceof OutOfDate;
      if (isUnsent) await options.caps.giveBack(portal.memberId, batch.length);
      return { again: await afterFailure(run, tasksOf(batch), error), settle: nothingToSettle };
    }
    for (const sent of batch) Object.assign(sent, { unclear: true, trouble: troubleOf(error) });
  }
  const unclear = batch.filter((sent) => sent.unclear);
  if (unclear.length > 0) await verify(run, unclear);
  return { again, settle: () => finishWave(run, batch) };
}

function tasksOf(batch: readonly Sent[]): Task[] {
  return [...new Set(batch.map((sent) => sent.ready.task))];
}

/**
 * Whether tidy24 still runs, nobody has ended one of the tasks or put a hold on a record, and the portal still says what
 * was decided upon.
 */
async function isAsDecided({ options, portal }: Run, batch: readonly Task[]): Promise<boolean> {
  const [now, stop, tasks] = await Promise.all([
    options.portals.get(portal.memberId),
    options.killSwitch.stopped(),
    options.tasks.getMany(batch.map(({ taskId }) => taskId)),
  ]);
  return (
    stop === undefined &&
    tasks.length === batch.length &&
    tasks.every(({ status }) => status === 'open') &&
    now !== undefined &&
    now.state === 'active' &&
    now.pause === undefined &&
    now.mode === portal.mode &&
    isDeepStrictEqual(now.caps, portal.caps) &&
    now.enforcedAt === portal.enforcedAt &&
    now.rulesVersion === portal.rulesVersion &&
    now.holdsPut === portal.holdsPut
  );
}

/** Classifies each command's answer by itself. Returns when to come again for those that met a limit. */
function judgeAnswers(
  { options }: Run,
  batch: readonly Sent[],
  answers: ReadonlyMap<string, JudgedAnswer>,
): number | undefined {
  let again: number | undefined;
  for (const [index, sent] of batch.entries()) {
    const answer = answers.get(`d${index}`) ?? { kind: 'missing' };
    if (answer.kind === 'result' && isSuccess(sent.deletion, answer.result)) {
      sent.outcome = { result: 'deleted', proof: 'answer' };
      continue;
    }
    if (answer.kind !== 'error') {
      const description = 'The answer to the batch does not say what became of this command.';
      Object.assign(sent, { unclear: true, trouble: { code: 'NO_OUTCOME', description } });
      continue;
    }
    const { row } = answer;
    const code = answer.error === '' ? row.name : answer.error;
    const trouble: Trouble = { code, description: answer.description, row };
    if (row.reaction === 'already-gone') {
      sent.outcome = { result: 'already-gone', proof: 'answer', verdict: row.name };
    } else if (row.reaction === 'wait-for-limit') {
      // The method is blocked in our books now: the next round puts off what needs it.
      const wait = row.limit === 'operating' ? 0 : (row.waitMs ?? minute);
      again = earliest(again, options.clock() + wait);
    } else if (row.reaction === 'verify' || row.verifyBeforeRepeat === true) {
      Object.assign(sent, { unclear: true, trouble });
    } else {
      sent.trouble = trouble;
    }
  }
  return again;
}

/** `true`; an empty list where a record was deleted by crm.item.delete. */
function isSuccess({ method }: Deletion, result: unknown): boolean {
  return result === true || (method === 'crm.item.delete' && Array.isArray(result) && result.length === 0);
}
