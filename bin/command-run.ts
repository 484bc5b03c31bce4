import type { Command } from 'commander';
import { RulesError } from '../lib/rules/rules-error.ts';
import { recordingOf } from './changing-commands.ts';
import { UsageError } from './command-error.ts';
import type { Deployment } from './deployment.ts';
import { explainError, traceOf } from './explain-error.ts';
import type { CliIo, TextSink } from './io.ts';
import { LineReader } from './line-reader.ts';
import { type Place, placeOf, type PlaceOptions } from './place.ts';
import { print, printable, type Report } from './report.ts';
import { Secrets } from './secrets.ts';

/** The options that every command has. */
export interface GlobalOptions extends PlaceOptions {
  readonly json?: boolean | undefined;
}

/** One call of the command line: runs a command's work, prints what it reports, and knows the exit code. */
export class CommandRun {
  readonly io: CliIo;
  readonly lines: LineReader;
  readonly secrets: Secrets;
  exitCode = 0;
  /** What is being run, with its arguments. */
  #command: Command | undefined;

  constructor(io: CliIo) {
    const scrubbed = (sink: TextSink): TextSink => ({ write: (text) => sink.write(this.secrets.scrub(text)) });
    // Whatever is written anywhere, no secret of this run is in it.
    this.io = { ...io, stdout: scrubbed(io.stdout), stderr: scrubbed(io.stderr) };
    this.lines = new LineReader(this.io);
    this.secrets = new Secrets(this.io, this.lines);
  }

  /** Called with each command before its work begins. */
  begin(command: Command): void {
    this.#command = command;
  }

  /** For commands that need no tables. */
  async report(options: GlobalOptions, work: () => Promise<Report> | Report): Promise<void> {
    await this.#report(options, undefined, work);
  }

  /** For commands about a deployment, which is opened and closed here. What changes something goes into the audit log. */
  async reportOn(options: GlobalOptions, work: (deployment: Deployment) => Promise<Report>): Promise<void> {
    const place = placeOf(options, this.io.env);
    await this.#report(options, place, async () => {
      // The AWS SDK takes a third of a second to load: not to be spent on help and checks.
      const { openDeployment } = await import('./deployment.ts');
      const deployment = openDeployment(this.io, place);
      try {
        const command = this.#command;
        const recording = command && recordingOf(command);
        if (!command || !recording) return await work(deployment);
        const { recorded } = await import('./recorded.ts');
        return await recorded(deployment, this.secrets, { command, recording }, () => work(deployment));
      } finally {
        deployment.close();
      }
    });
  }

  close(): void {
    this.lines.close();
  }

  /** Says what is wrong on standard error. */
  fail(error: unknown, place?: Place): void {
    const { stderr, env } = this.io;
    const text = printable(explainError(error, place));
    // Each problem of a rules file is a line of its own that an editor can jump to.
    stderr.write(error instanceof RulesError ? `${text}\n` : `error: ${text.replaceAll('\n', ' ')}\n`);
    if (env['TIDY24_DEBUG'] === '1') stderr.write(`${traceOf(error)}\n`);
    this.exitCode = error instanceof UsageError ? 2 : 1;
  }

  async #report(
    { json = false }: GlobalOptions,
    place: Place | undefined,
    work: () => Promise<Report> | Report,
  ): Promise<void> {
    try {
      this.exitCode = print(this.io, await work(), json);
    } catch (error) {
      this.fail(error, place);
    }
  }
}
