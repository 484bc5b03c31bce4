import type { Command } from 'commander';

/** How a command is recorded in the audit log. */
export interface Recording {
  /** Where the portal that it is about stands: its first argument, --portal, or the tasks that it names. */
  readonly portal: 'argument' | 'option' | 'tasks' | 'none';
  /** It must work even when nothing can be written: what stops the work may not wait for a table. */
  readonly evenUnrecorded?: true;
  /** It changes something only with one of these options. */
  readonly onlyWith?: readonly string[];
}

/** Every command that changes something. `test/unit/bin/changing-commands.test.ts` wants each command to be here or known to read. */
const changing: Readonly<Record<string, Recording>> = {
  stop: { portal: 'none', evenUnrecorded: true },
  start: { portal: 'none' },
  'portals connect': { portal: 'none' },
  'portals credentials': { portal: 'argument' },
  'portals mode': { portal: 'argument' },
  'portals pause': { portal: 'argument', evenUnrecorded: true },
  'portals resume': { portal: 'argument' },
  'portals move': { portal: 'argument' },
  'portals disconnect': { portal: 'argument' },
  'portals robot-key': { portal: 'argument' },
  'portals caps': { portal: 'argument', onlyWith: ['hour', 'day', 'spike', 'release'] },
  reconcile: { portal: 'option', onlyWith: ['since', 'stop'] },
  'rules push': { portal: 'option' },
  'hold add': { portal: 'option' },
  'hold remove': { portal: 'option' },
  'tasks cancel': { portal: 'tasks' },
  'tasks enforce': { portal: 'tasks' },
  'tasks forget': { portal: 'tasks' },
  'tasks undo': { portal: 'tasks' },
  'dlq redrive': { portal: 'option' },
  'dlq drop': { portal: 'option' },
};

/** How to record the command; undefined when it changes nothing, as it is or because of --dry-run. */
export function recordingOf(command: Command): Recording | undefined {
  const options = command.opts();
  const recording = changing[nameOf(command)];
  const changes = recording?.onlyWith?.some((name) => options[name] !== undefined) ?? true;
  return options['dryRun'] === true || !changes ? undefined : recording;
}

/** `portals mode` */
export function nameOf(command: Command): string {
  const { parent } = command;
  return parent?.parent ? `${nameOf(parent)} ${command.name()}` : command.name();
}
