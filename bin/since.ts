import { InvalidArgumentError } from 'commander';
import { parseWait } from '../lib/rules/wait.ts';

/** For an option that takes a day (`2026-01-01`, in UTC) or how long ago (`2y`, `90d`); gives ms since the epoch. */
export function since(clock: () => number): (text: string) => number {
  return (text) => {
    const ago = parseWait(text);
    const at = ago === undefined ? dayOf(text) : clock() - ago;
    if (at === undefined || at <= 0 || at > clock()) {
      throw new InvalidArgumentError('It takes a day that has begun, such as 2026-01-01, or a time such as 90d or 2y.');
    }
    return at;
  };
}

function dayOf(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined;
  const at = Date.parse(`${text}T00:00:00Z`);
  // 2026-02-30 would be read as a day of March.
  return Number.isNaN(at) || !new Date(at).toISOString().startsWith(text) ? undefined : at;
}
