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

beforeAll(async () => {
  elsewhere = createServer((_request, response) => {
    visits += 1;
    response.end('{"result":true}');
  });
  await new Promise<void>((resolve) => {
    elsewhere.listen(0, '127.0.0.1', resolve);
  });
  // Nobody waits a minute for an answer that never comes.
  const timeout = AbortSignal.timeout.bind(AbortSignal);
  jest.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => timeout(Math.min(ms, 250)));
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
const facts = symptomRows('', '').map(({ fact, says, deleting, reading }) => ({ fact, says, deleting, reading }));

describe.each(['deleting', 'looking', 'planning', 'single'] as const satisfies Position[])('%s', (position) => {
  const cases = facts.map(({ deleting, reading, ...rest }) => {
    const reaction = position === 'deleting' ? deleting : reading;
    return { ...rest, reaction, position, words: words[reaction], to: positionWords[position] };
  });
  test.each(cases)('$says $to: $words [symptom/$fact/$position]', async ({ fact, reaction }) => {
    const { port } = elsewhere.address() as AddressInfo;
    const rows = symptomRows(`http://127.0.0.1:${port}`, stage.portal.domain);
    const { give, row } = rows.find((candidate) => candidate.fact === fact) ?? {};
    if (!give || row === undefined) throw new Error(`No row for ${fact}`);
    await checkWholeBatch(stage, { position, give, reaction, row });
    expect(visits).toBe(0);
  });
});
