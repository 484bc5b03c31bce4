import { describe, expect, it } from '@jest/globals';
import { FunctionTimedOut, inProcess } from '../../../local/lambda/in-process.ts';

describe('a handler in this process', () => {
  it('gets its event and gives its answer as JSON has them', async () => {
    const invoke = inProcess(async (event: { at?: Date }) => ({ at: typeof event.at, gone: undefined }), {
      functionName: 'f',
      timeoutSeconds: 1,
    });
    expect(await invoke({ at: new Date(0) })).toEqual({ at: 'string' });
  });

  it('that answers nothing answers null', async () => {
    expect(await inProcess(async () => undefined, { functionName: 'f', timeoutSeconds: 1 })({})).toBeNull();
  });

  it('knows how much time is left', async () => {
    let now = 1_000;
    const left: number[] = [];
    const invoke = inProcess(
      async (_event: object, context) => {
        left.push(context.getRemainingTimeInMillis());
        now += 299_000;
        left.push(context.getRemainingTimeInMillis());
        now += 299_000;
        left.push(context.getRemainingTimeInMillis());
      },
      { functionName: 'f', timeoutSeconds: 300, now: () => now },
    );
    await invoke({});
    expect(left).toEqual([300_000, 1_000, 0]);
  });

  it('that takes too long has failed', async () => {
    const invoke = inProcess(() => new Promise(() => undefined), { functionName: 'slow', timeoutSeconds: 0.01 });
    await expect(invoke({})).rejects.toThrow(FunctionTimedOut);
  });
});
