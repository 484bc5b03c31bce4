import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { reactionWords } from './answer-rows.ts';
import { Stage } from './stage.ts';
import { symptomRows } from './symptom-rows.ts';
import { checkWholeBatch, type Position, positionWords } from './to-whole-batches.ts';

/** Where a renamed portal is said to be. Nobody may go there only because an answer says so. */
let elsewhere: Server;
let visits = 0;
let stage: Stage;
/** Whoever waits for an answer gives up when this is aborted. */
let patience = new AbortController();

function giveUp(): void {
  const spent = patience;
  patience = new AbortController();
  setTimeout(() => spent.abort(new DOMException('Nobody waits so long', 'TimeoutError')), 50);
}

beforeAll(async () => {
  elsewhere = createServer((_request, response) => {
    visits += 1;
    response.end('{"result":true}');
  });
  await new Promise<void>((resolve) => {
    elsewhere.listen(0, '127.0.0.1', resolve);
  });
  // No test waits a minute for an answer that never comes.
  const timeout = AbortSignal.timeout.bind(AbortSignal);
  jest.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => AbortSignal.any([timeout(ms), patience.signal]));
  stage = await Stage.open();
});
afterAll(async () => {
  jest.restoreAllMocks();
  elsewhere.close();
  await stage.close();
});

const words = {
  ...reactionWords,
  done: 'nothing is wrong',
  'read-back': 'reading shows that it is done',
} as const;
// The addresses are known when the tests run; the rows are the same.
const facts = symptomRows({ elsewhere: '', domain: '', giveUp }).map(({ fact, says, deleting, reading }) => ({
  fact,
  says,
  deleting,
  reading,
}));

describe.each(['deleting', 'looking', 'planning', 'single'] as const satisfies Position[])('%s', (position) => {
  const cases = facts.map(({ deleting, reading, ...rest }) => {
    const reaction = position === 'deleting' ? deleting : reading;
    return { ...rest, reaction, position, words: words[reaction], to: positionWords[position] };
  });
  test.each(cases)('$says $to: $words [symptom/$fact/$position]', async ({ fact, reaction }) => {
    const { port } = elsewhere.address() as AddressInfo;
    const rows = symptomRows({ elsewhere: `http://127.0.0.1:${port}`, domain: stage.portal.domain, giveUp });
    const { give, row, pause } = rows.find((candidate) => candidate.fact === fact) ?? {};
    if (!give || row === undefined) throw new Error(`No row for ${fact}`);
    await checkWholeBatch(stage, { position, give, reaction, row, ...(pause && { pause }) });
    expect(visits).toBe(0);
  });
});
