/** Thrown when a row of the table does not have the shape that this version of tidy24 writes. */
export class UnreadableRow extends Error {
  override readonly name = 'UnreadableRow';
  readonly code = 'UNREADABLE_ROW';
}
