// The functions of tidy24 in a process of their own, which FunctionsProcess starts and asks. As on Lambda, queues, tables
// and portals are somewhere else, so that a profile, a heap or a count of sockets of this process is the functions'.
import { inProcess, type Handler } from '../../../local/lambda/in-process.ts';
import { CpuProfiler } from './cpu-profiler.ts';
import { liveFaster } from '../fast-time.ts';
import { measure } from './measure.ts';
import { type Reply, type Request, requestSchema } from './process-messages.ts';

const [functionKeys = '', scale = '1', origin = '0'] = process.argv.slice(2);
if (Number(scale) !== 1) liveFaster(Number(scale), Number(origin));

const handlers = new Map<string, Handler<unknown>>();
for (const key of functionKeys.split(',')) {
  const { handler } = (await import(`../../../handlers/${key}.ts`)) as { handler: Handler<unknown> };
  handlers.set(key, handler);
}
const profiler = new CpuProfiler();

async function answer(request: Request): Promise<unknown> {
  if (request.ask === 'measure') return measure();
  if (request.ask === 'profile') return request.on ? profiler.start() : profiler.stop();
  const { functionKey, timeoutSeconds, event } = request;
  const handler = handlers.get(functionKey);
  if (!handler) throw new Error(`The function ${functionKey} was not loaded`);
  return inProcess(handler, { functionName: functionKey, timeoutSeconds })(event);
}

const reply = (message: Reply): void => void process.send?.(message);

process.on('message', (message) => {
  const request = requestSchema.parse(message);
  const { id } = request;
  answer(request).then(
    (value) => reply({ kind: 'answer', id, value: value ?? null }),
    (error: unknown) => reply({ kind: 'failed', id, message: error instanceof Error ? error.message : String(error) }),
  );
});
// Whoever started this is gone.
process.on('disconnect', () => process.exit());
reply({ kind: 'ready' });
