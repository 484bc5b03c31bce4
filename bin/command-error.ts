/** Thrown when a command cannot do what it was asked. The message says what is wrong and how to mend it; no secrets. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly code = 'COMMAND';
}

/** Thrown when the command itself was given wrongly: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly code = 'USAGE';
}
