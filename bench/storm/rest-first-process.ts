// What tidy24 is compared with: a handler that does the REST work before it answers, as scripts on CRest do, written as
// a competent user would. argv[2]: the URL of an incoming webhook. For each event it reads the deal and, when that is
// lost, removes its contacts; a 503 is tried again after a wait that doubles, as long as the sender may still be there.
// Says {"url"} when it listens; answers {"take": id} with the number of its requests and of the 503s among them.
import { setTimeout as delay } from 'node:timers/promises';
import qs from 'qs';
import * as z from 'zod';
import { listenForForms } from '../support/form-listener.ts';

const webhook = process.argv[2] ?? '';
const eventSchema = z.object({ data: z.object({ FIELDS: z.object({ ID: z.coerce.number().int() }) }) });
const dealSchema = z.object({ result: z.object({ STAGE_SEMANTIC_ID: z.string() }) });
const doneSchema = z.object({ result: z.literal(true) });
/** Waits in ms before each further try: together less than the sender waits. */
const waits = [1_000, 2_000, 4_000];
const counted = { requests: 0, refused: 0 };

async function call(method: string, params: Readonly<Record<string, unknown>>): Promise<unknown> {
  for (const wait of [...waits, undefined]) {
    counted.requests += 1;
    const response = await fetch(`${webhook}${method}.json`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(params),
    });
    if (response.status !== 503) return response.json();
    counted.refused += 1;
    await response.body?.cancel();
    // Not all of them at the same moment again.
    if (wait !== undefined) await delay(wait * (0.8 + 0.4 * Math.random()));
  }
  throw new Error(`${method}: the portal has answered 503 too often`);
}

await listenForForms(async (_path, body) => {
  const { ID: id } = eventSchema.parse(qs.parse(body.toString('utf8'))).data.FIELDS;
  const deal = dealSchema.parse(await call('crm.deal.get', { id }));
  if (deal.result.STAGE_SEMANTIC_ID === 'F') doneSchema.parse(await call('crm.deal.contact.items.delete', { id }));
  return 200;
});
process.on('message', (message) => {
  const { take } = z.object({ take: z.int() }).parse(message);
  process.send?.({ id: take, ...counted });
});
