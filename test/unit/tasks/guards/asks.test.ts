import { describe, expect, test } from '@jest/globals';
import { type Row } from '../../../../lib/bitrix24/error-rows.ts';
import type { JudgedAnswer } from '../../../../lib/portals/judge.ts';
import { PortalBusy } from '../../../../lib/portals/waiting.ts';
import { type Ask, askOn, contentOf } from '../../../../lib/tasks/guards/asks.ts';
import { answered, failed } from './answers.ts';

const command = (method: string) => ({ method, params: {} });
const withRow = (row: Partial<Row>): JudgedAnswer => ({
  kind: 'error',
  error: 'X',
  description: '',
  row: { name: 'x', ...row } as Row,
});

describe('what an answer says', () => {
  test('is its content', () => {
    expect(contentOf(answered(null))).toEqual({ result: null });
  });

  test.each<[Partial<Row>, string]>([
    [{ reaction: 'permanent' }, 'refused'],
    [{ reaction: 'bug' }, 'refused'],
    [{ reaction: 'already-gone' }, 'refused'],
    [{ reaction: 'operator' }, 'refused'],
    [{ reaction: 'operator', stopsPortal: true }, 'unanswered'],
    [{ reaction: 'retry-later' }, 'unanswered'],
  ])('%j: %s', (row, meaning) => {
    expect(contentOf(withRow(row))).toEqual({ unread: meaning });
  });

  test.each<[JudgedAnswer | undefined]>([[undefined], [{ kind: 'missing' }]])('%j is none', (answer) => {
    expect(contentOf(answer)).toEqual({ unread: 'unanswered' });
  });
});

describe('questions', () => {
  const clock = () => 1_000;

  test('are asked with those that their answers lead to, until there are none', async () => {
    const rounds: string[][] = [];
    const batch = async (commands: ReadonlyMap<string, { method: string }>) => {
      rounds.push([...commands.values()].map(({ method }) => method));
      return new Map([...commands].map(([key, { method }]) => [key, answered(method)]));
    };
    const heard: unknown[] = [];
    const ask = (method: string, next: readonly Ask[]): Ask => ({
      command: command(method),
      read: (answer) => {
        heard.push(answer);
        return next;
      },
    });
    await askOn({ session: { batch }, clock }, [ask('a', [ask('c', [])]), ask('b', [])]);
    expect(rounds).toEqual([['a', 'b'], ['c']]);
    expect(heard).toEqual([answered('a'), answered('b'), answered('c')]);
  });

  test('are none: nothing is sent', async () => {
    const batch = async () => {
      throw new Error('sent');
    };
    await expect(askOn({ session: { batch }, clock }, [])).resolves.toBeUndefined();
  });

  test('that meet a limit wait for as long as it says, or a minute', async () => {
    const of = (answer: JudgedAnswer) => {
      const batch = async (commands: ReadonlyMap<string, unknown>) =>
        new Map([...commands.keys()].map((key) => [key, answer]));
      const ask: Ask = { command: command('a'), read: () => [] };
      return askOn({ session: { batch }, clock }, [ask]).catch((error: unknown) => error);
    };
    const limit = { reaction: 'wait-for-limit', meaning: 'too fast' } as const;
    expect(await of(withRow({ ...limit, waitMs: 5_000 }))).toMatchObject({ until: 6_000, verdict: { waitMs: 5_000 } });
    const byDefault = await of(withRow(limit));
    expect(byDefault).toBeInstanceOf(PortalBusy);
    expect(byDefault).toMatchObject({ until: 61_000, message: 'too fast' });
    expect(await of(failed('ACCESS_DENIED'))).toBeUndefined();
  });

  test('that lead to others without end are given up after 50 rounds, and told so', async () => {
    let sent = 0;
    const batch = async (commands: ReadonlyMap<string, unknown>) => {
      sent += 1;
      return new Map([...commands.keys()].map((key) => [key, answered(sent)]));
    };
    const heard: unknown[] = [];
    const endless: Ask = {
      command: command('a'),
      read: (answer) => {
        heard.push(answer);
        return [endless];
      },
    };
    await askOn({ session: { batch }, clock }, [endless]);
    expect(sent).toBe(50);
    expect(heard).toHaveLength(51);
    expect(heard.at(-1)).toBeUndefined();
  });
});
