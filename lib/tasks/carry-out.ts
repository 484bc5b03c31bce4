import { Bitrix24Error } from '../bitrix24/failures.ts';
import { minute, second } from '../bitrix24/reactions.ts';
import type { JudgedAnswer } from '../portals/judge.ts';
import { each } from './each.ts';
import { linkCommands, type Links, readLinks } from './look.ts';
import { afterFailure, earliest, isPortalTrouble, type Ready, afterTrouble, type Run, troubleOf } from './run.ts';
import type { Trouble } from './settle.ts';

/** Nothing is deleted for a record that was read longer ago than this when the request is sent (promise P4). */
const freshMs = 60 * second;

/** Deletes what fits into one batch. Returns when to come again for the rest. */
export async function carryOut(run: Run, ready: readonly Ready[], readAt: number): Promise<number | undefined> {
  if (ready.length === 0) return undefined;
  const { options, session } = run;
  const room = await session.room('crm.deal.contact.items.delete', ready.length);
  const batch = ready.slice(0, room.calls);
  const rest = batch.length < ready.length ? (room.waitUntil ?? options.clock()) : undefined;
  if (batch.length === 0) return rest;

  const commands = new Map(
    batch.map(({ deletion }) => [`d${deletion.id}`, { method: deletion.method, params: { id: deletion.id } }] as const),
  );
  let answers: ReadonlyMap<string, JudgedAnswer>;
  try {
    answers = await session.batch(commands, {
      write: true,
      freshUntil: readAt + freshMs,
      stillHolds: () => isAsDecided(run),
    });
  } catch (error) {
    if (error instanceof Bitrix24Error && error.row.verifyBeforeRepeat === true) {
      await verify(
        run,
        batch.map((one) => ({ ...one, trouble: troubleOf(error) })),
      );
      return rest;
    }
    return earliest(
      rest,
      await afterFailure(
        run,
        batch.map(({ task }) => task),
        error,
      ),
    );
  }
  return earliest(rest, await settleAnswers(run, batch, answers));
}

/** Whether the portal still says what the decisions rest on: a person may have paused it or changed its rules since. */
async function isAsDecided({ options, portal }: Run): Promise<boolean> {
  const now = await options.portals.get(portal.memberId);
  return (
    now !== undefined &&
    now.state === 'active' &&
    now.pause === undefined &&
    now.mode === portal.mode &&
    now.enforcedAt === portal.enforcedAt &&
    now.rulesVersion === portal.rulesVersion
  );
}

/** Classifies each command's answer by itself. Returns when to come again for those that met a limit. */
async function settleAnswers(
  run: Run,
  batch: readonly Ready[],
  answers: ReadonlyMap<string, JudgedAnswer>,
): Promise<number | undefined> {
  const { options, settle } = run;
  const unclear: Unclear[] = [];
  let again: number | undefined;
  await each(batch, async (one) => {
    const { task, deletion } = one;
    const answer = answers.get(`d${deletion.id}`) ?? { kind: 'missing' };
    if (answer.kind === 'result' && answer.result === true) {
      return settle.done(task, task.deletions ?? [deletion], { result: 'deleted', proof: 'answer' });
    }
    if (answer.kind !== 'error') {
      const description = 'The answer to the batch does not say what became of this command.';
      unclear.push({ ...one, trouble: { code: 'NO_OUTCOME', description } });
      return undefined;
    }
    const { row } = answer;
    const trouble: Trouble = {
      code: answer.error === '' ? row.name : answer.error,
      description: answer.description,
      row,
    };
    if (row.reaction === 'already-gone') {
      const outcome = { result: 'already-gone', proof: 'answer', verdict: row.name } as const;
      return settle.done(task, task.deletions ?? [deletion], outcome);
    }
    if (row.reaction === 'wait-for-limit') {
      again = earliest(again, options.clock() + (row.waitMs ?? minute));
      return undefined;
    }
    if (row.reaction === 'verify' || row.verifyBeforeRepeat === true) {
      unclear.push({ ...one, trouble });
      return undefined;
    }
    return afterTrouble(run, task, trouble);
  });
  if (unclear.length > 0) await verify(run, unclear);
  return again;
}

interface Unclear extends Ready {
  trouble: Trouble;
}

/** Nobody knows whether these were carried out: what is gone is done, what is still there is tried again or refused. */
async function verify(run: Run, unclear: readonly Unclear[]): Promise<void> {
  const { session, settle } = run;
  const ids = unclear.map(({ deletion }) => deletion.id);
  let found: ReadonlyMap<number, Links> = new Map();
  try {
    found = readLinks(ids, await session.batch(linkCommands(ids), { write: false }));
  } catch (error) {
    // The next attempt reads before it deletes, so it finds out; only what is no trouble of the portal is passed on.
    if (!isPortalTrouble(error)) throw error;
  }
  await each(unclear, async ({ task, deletion, trouble }) => {
    const links = found.get(deletion.id);
    const deletions = task.deletions ?? [deletion];
    if (links?.kind === 'gone') return settle.done(task, deletions, { result: 'already-gone', proof: 'read' });
    const unlinked = links?.kind === 'links' && links.links.length === 0;
    if (unlinked) return settle.done(task, deletions, { result: 'deleted', proof: 'read' });
    const refused = links?.kind === 'links' && trouble.row?.reaction === 'verify';
    if (refused) return settle.fail(task, trouble);
    return afterTrouble(run, { ...task, deletions }, trouble);
  });
}
