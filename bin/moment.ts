import { InvalidArgumentError } from 'commander';
import type { Clock } from '../lib/bitrix24/clock.ts';
import { parseWait } from '../lib/rules/wait.ts';

const dateForm = /^\d{4}-\d{2}-\d{2}$/;
const timeForm = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/;

/**
 * For an option that takes a moment: `30d` (so long ago), `2027-01-31` (midnight UTC) or `2027-01-31T10:00:00Z`. Gives
 * ms since the epoch.
 */
export function momentOption(clock: Clock): (text: string) => number {
  return (text) => {
    const ago = parseWait(text);
    const moment = ago === undefined ? dateOf(text) : clock() - ago;
    if (moment > 0) return Math.floor(moment);
    throw new InvalidArgumentError('It takes a time ago (12h, 30d, 2w), a day (2027-01-31) or 2027-01-31T10:00:00Z.');
  };
}

function dateOf(text: string): number {
  if (!dateForm.test(text) && !timeForm.test(text)) return Number.NaN;
  const day = new Date(`${text.slice(0, 10)}T00:00:00Z`);
  // `Date` takes 31 February for the 3rd of March.
  const isReal = !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text.slice(0, 10));
  return isReal ? Date.parse(text) : Number.NaN;
}
