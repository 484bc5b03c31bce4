import { Bitrix24Error } from '../../bitrix24/failures.ts';
import { minute } from '../../bitrix24/reactions.ts';
import { addComment, findComment, listComments, readAdded } from '../../bitrix24/timeline-comments.ts';
import type { JudgedAnswer } from '../../portals/judge.ts';
import { PortalBusy, PortalStopped } from '../../portals/waiting.ts';
import { backoffMs } from '../backoff.ts';
import { each } from '../each.ts';
import { codeOf, ourWords } from '../portal-words.ts';
import { isPortalTrouble, type Run, troubleOf } from '../run.ts';
import { pausedMs } from '../schedule.ts';
import type { Trouble } from '../settle.ts';
import type { Task } from '../task.ts';
import type { CommentKind } from './comment-state.ts';
import { referenceOf } from './comment-text.ts';

/** A comment that could not be written so often is given up: it is a courtesy, and no deletion hangs on it. */
const maxTries = 3;

/** A comment that is owed. */
export interface Draft {
  readonly task: Task;
  readonly kind: CommentKind;
  readonly text: string;
}

/** When each comment that is not over is to be tried again (ms since the epoch), by task. */
export type Later = ReadonlyMap<string, number>;

/**
 * Writes comments, each once: `sending` is noted before the request, and what was sent and never answered is looked for
 * in the timeline before it is sent again. Whatever goes wrong with it concerns the comment alone: it never throws
 * because of the portal, and never pauses it because of an answer to a single comment.
 */
export async function writeComments(run: Run, drafts: readonly Draft[]): Promise<Later> {
  const later = new Map<string, number>();
  const missing = await lookBack(run, drafts, later);
  const marked: Draft[] = [];
  await each(missing, async (draft) => {
    const { task, kind } = draft;
    const tries = task[kind]?.tries ?? 0;
    if (tries >= maxTries) return giveUp(run, draft, `no answer in ${tries} tries`);
    const noted = await run.options.tasks.comments.note(task, kind, { state: 'sending', tries: tries + 1 });
    if (noted) marked.push({ ...draft, task: noted });
  });
  await send(run, marked, later);
  return later;
}

/** Those that are not in the timeline. What was found there is noted; where it cannot be read it is for later. */
async function lookBack(run: Run, drafts: readonly Draft[], later: Map<string, number>): Promise<Draft[]> {
  const unclear = drafts.filter(({ task, kind }) => task[kind]?.state === 'sending');
  const missing = drafts.filter((draft) => !unclear.includes(draft));
  if (unclear.length === 0) return missing;
  const commands = new Map(unclear.map(({ task }, index) => [`c${index}`, listComments(task.record)] as const));
  let answers: ReadonlyMap<string, JudgedAnswer> = new Map();
  let trouble: unknown;
  try {
    answers = await run.session.batch(commands, { write: false, aside: true });
  } catch (error) {
    if (!isPortalTrouble(error)) throw error;
    trouble = error;
  }
  await each([...unclear.entries()], async ([index, draft]) => {
    const { task, kind } = draft;
    const answer = answers.get(`c${index}`);
    const found = answer?.kind === 'result' ? findComment(answer.result, referenceOf(task, kind)) : undefined;
    if (found === 'none') missing.push(draft);
    else if (found !== undefined) await written(run, draft, found);
    else if (trouble === undefined) await countTry(run, draft, 'sending', described(answer), later);
    else later.set(task.taskId, againAt(run, draft, trouble));
  });
  return missing;
}

async function send(run: Run, drafts: readonly Draft[], later: Map<string, number>): Promise<void> {
  if (drafts.length === 0) return;
  const { session } = run;
  const commands = new Map(
    drafts.map(({ task, text }, index) => [`c${index}`, addComment(task.record, text)] as const),
  );
  let answers: ReadonlyMap<string, JudgedAnswer>;
  try {
    answers = await session.batch(commands, { write: true, aside: true, stillHolds: () => mayWrite(run) });
  } catch (error) {
    if (!isPortalTrouble(error)) throw error;
    const isUnclear = error instanceof Bitrix24Error && error.row.verifyBeforeRepeat === true;
    await each(drafts, async (draft) => {
      later.set(draft.task.taskId, againAt(run, draft, error));
      if (isUnclear) return;
      if (error instanceof Bitrix24Error) return countTry(run, draft, 'owed', inOurWords(troubleOf(error)), later);
      await takeBack(run, draft);
    });
    return;
  }
  await each([...drafts.entries()], ([index, draft]) => judgeAnswer(run, draft, answers.get(`c${index}`), later));
}

/** Whether the portal may still be written to: asked at the last moment, as before a deletion. */
async function mayWrite({ options, portal }: Run): Promise<boolean> {
  const [now, stop] = await Promise.all([options.portals.get(portal.memberId), options.killSwitch.stopped()]);
  return stop === undefined && now?.state === 'active' && now.pause === undefined && now.mode === 'enforce';
}

async function judgeAnswer(
  run: Run,
  draft: Draft,
  answer: JudgedAnswer | undefined,
  later: Map<string, number>,
): Promise<void> {
  const { taskId } = draft.task;
  if (answer?.kind === 'result') {
    const id = readAdded(answer.result);
    if (id !== undefined) return written(run, draft, id);
  }
  if (answer?.kind !== 'error') {
    later.set(taskId, againAt(run, draft, undefined));
    return;
  }
  const { reaction, verifyBeforeRepeat = false, waitMs = minute } = answer.row;
  if (reaction === 'wait-for-limit') {
    later.set(taskId, run.options.clock() + waitMs);
    await takeBack(run, draft);
  } else if (verifyBeforeRepeat || reaction === 'retry-later' || reaction === 'refresh') {
    later.set(taskId, againAt(run, draft, undefined));
    if (!verifyBeforeRepeat) await countTry(run, draft, 'owed', described(answer), later);
  } else {
    await giveUp(run, draft, described(answer));
  }
}

async function written({ options, settle }: Run, { task, kind }: Draft, id: number): Promise<void> {
  const text = kind === 'announcement' ? 'Announced in the timeline' : 'Told in the timeline how it ended';
  const tries = task[kind]?.tries ?? 0;
  const history = [settle.entry('commented', `${text}: comment ${id}`)];
  await options.tasks.comments.note(task, kind, { state: 'written', tries, id }, history);
}

async function giveUp({ options, settle }: Run, { task, kind }: Draft, why: string): Promise<void> {
  const tries = task[kind]?.tries ?? 0;
  const history = [settle.entry('commented', `No comment in the timeline (${kind}): ${why}`)];
  await options.tasks.comments.note(task, kind, { state: 'given-up', tries }, history);
}

/** Tried in vain; how often is in the row already when it was sent. */
async function countTry(
  run: Run,
  draft: Draft,
  state: 'owed' | 'sending',
  why: string,
  later: Map<string, number>,
): Promise<void> {
  const { task, kind } = draft;
  const tries = (task[kind]?.tries ?? 0) + (state === 'sending' ? 1 : 0);
  later.delete(task.taskId);
  if (tries >= maxTries) return giveUp(run, draft, why);
  later.set(task.taskId, againAt(run, draft, undefined));
  await run.options.tasks.comments.note(task, kind, { state, tries });
}

/** Nothing was sent, for a reason that lies in the portal: no try. */
async function takeBack({ options }: Run, { task, kind }: Draft): Promise<void> {
  await options.tasks.comments.note(task, kind, { state: 'owed', tries: Math.max(0, (task[kind]?.tries ?? 0) - 1) });
}

function againAt({ options }: Run, { task, kind }: Draft, trouble: unknown): number {
  const now = options.clock();
  const soon = now + backoffMs(Math.max(1, task[kind]?.tries ?? 0), options.random);
  if (trouble instanceof PortalBusy) return Math.max(trouble.until, soon);
  return trouble instanceof PortalStopped ? now + pausedMs : soon;
}

function described(answer: JudgedAnswer | undefined): string {
  if (answer?.kind !== 'error') return 'the portal gave no usable answer';
  return inOurWords({ code: answer.error, description: answer.description, row: answer.row });
}

/** For the history of a task, where the portal's own words have no place. */
function inOurWords(trouble: Trouble): string {
  return `${codeOf(trouble)}. ${ourWords(trouble)}`;
}
