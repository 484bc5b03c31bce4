import { PassThrough } from 'node:stream';
import type { Command } from 'commander';
import { describe, expect, test } from '@jest/globals';
import { nameOf, recordingOf } from '../../../bin/changing-commands.ts';
import { CommandRun } from '../../../bin/command-run.ts';
import { buildProgram } from '../../../bin/program.ts';

/** Commands that change nothing anywhere, as they are without options. A new command has to be here, or among those that are recorded. */
const reading = [
  'audit',
  'dlq list',
  'dlq show',
  'doctor',
  'hold list',
  'portals caps',
  'portals list',
  'portals show',
  'reconcile',
  'rules check',
  'rules history',
  'rules plan',
  'rules schema',
  'rules show',
  'tasks export',
  'tasks list',
  'tasks show',
];

function commandsOf(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(commandsOf);
}

describe('what is recorded in the audit log', () => {
  const sink = { write: () => true };
  const run = new CommandRun({
    env: {},
    stdin: new PassThrough(),
    stdout: sink,
    stderr: sink,
    fetch: globalThis.fetch,
    clock: () => 1,
    sleep: () => Promise.resolve(),
    random: Math.random,
    newId: () => 'id',
    user: 'ada',
  });

  test('every command is known to read only, or is recorded', () => {
    const commands = commandsOf(buildProgram(run));
    expect(commands.length).toBeGreaterThan(20);
    const unrecorded = commands.filter((command) => recordingOf(command) === undefined).map(nameOf);
    expect(unrecorded.toSorted()).toEqual(reading);
  });
});
