import type { ResultTable } from './benchmark.ts';
import type { StoredResult } from './results.ts';

const places = /<!-- figures: (?<name>[a-z]+)(?: (?<part>\d+|machine))? -->[\s\S]*?<!-- end -->/g;

/**
 * A page of docs/ with the figures of the stored results. A place for figures is
 *
 *     <!-- figures: NAME -->        every table of that benchmark, each under its title
 *     <!-- figures: NAME 0 -->      one table, without its title
 *     <!-- figures: NAME machine --> what it was measured on, when, and with which settings
 *
 * and ends with `<!-- end -->`; what stands between is replaced.
 *
 * @throws RangeError when a benchmark has no such table
 */
export function withFigures(page: string, resultOf: (name: string) => StoredResult): string {
  return page.replaceAll(places, (...match) => {
    const { name = '', part } = match.at(-1) as { name?: string; part?: string };
    const label = part === undefined ? name : `${name} ${part}`;
    return `<!-- figures: ${label} -->\n\n${figures(resultOf(name), part)}\n\n<!-- end -->`;
  });
}

function figures(result: StoredResult, part: string | undefined): string {
  if (part === undefined)
    return result.tables.map((table) => `${table.title}:\n\n${markdownTable(table)}`).join('\n\n');
  if (part === 'machine') return machineLine(result);
  const table = result.tables[Number(part)];
  if (!table) throw new RangeError(`${result.benchmark} has no table ${part}: it has ${result.tables.length}`);
  return markdownTable(table);
}

function machineLine({ date, cpu, memory, system, node, load, settings }: StoredResult): string {
  const where = `Measured on ${date.slice(0, 16).replace('T', ' ')} UTC: ${cpu}, ${memory}, ${system}, ${node}, ${load}.`;
  const how = Object.entries(settings).map(([name, value]) => `\`${name}\` ${value}`);
  return how.length === 0 ? where : `${where} Settings: ${how.join(', ')}.`;
}

function markdownTable({ headings, rows }: ResultTable): string {
  const isNumeric = headings.map((_, column) => rows.every((row) => /^-?[\d.]+( %)?$/.test(String(row[column]))));
  const lines = [headings, isNumeric.map((numeric) => (numeric ? '---:' : '---')), ...rows];
  return lines.map((row) => `| ${row.map(escaped).join(' | ')} |`).join('\n');
}

function escaped(cell: string | number): string {
  return String(cell).replaceAll('|', '\\|');
}
