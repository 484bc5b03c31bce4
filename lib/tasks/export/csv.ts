export type Cell = string | number | undefined;

/**
 * One record of a CSV file by RFC 4180, with its line break. A text that a spreadsheet would take for a formula gets an
 * apostrophe in front, because what stands in an export comes from portals and their users.
 */
export function csvRow(cells: readonly Cell[]): string {
  return `${cells.map(cellText).join(',')}\r\n`;
}

function cellText(cell: Cell): string {
  if (cell === undefined) return '';
  if (typeof cell === 'number') return String(cell);
  // eslint-disable-next-line no-control-regex -- control characters are what is removed here
  const clean = cell.replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g, '');
  const safe = /^\s*[=+\-@＝＋－＠]|^[\t\r\n]/.test(clean) ? `'${clean}` : clean;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
