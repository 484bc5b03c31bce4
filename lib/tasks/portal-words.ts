import { isErrorCode } from '../bitrix24/failures.ts';
import type { Trouble } from './settle.ts';

/** No more than this of what a portal says about an error is passed on. */
const longest = 200;

const address = /[^\s@<>"'(),;:«»“”]+@[\p{L}\d.-]+\.\p{L}{2,}/gu;
/** Seven digits or more, however they are set apart. */
const telephone = /\+?\(?\d(?:[\s()./-]{0,3}\d){6,}/g;

/**
 * A portal's own words, fit for a dead letter: short, and without e-mail addresses and telephone numbers. Whoever wrote
 * the handler that refuses may have put a name into them, so that they stand where they are gone after two weeks, and
 * not in a task or its history.
 */
export function portalWords(text: string): string {
  const masked = text.replaceAll(address, '…').replaceAll(telephone, '…').trim();
  return masked.length > longest ? `${masked.slice(0, longest - 1)}…` : masked;
}

/** What stood in the way, in our words: with a row of a table of errors, its description is the portal's. */
export function ourWords({ row, description }: Pick<Trouble, 'row' | 'description'>): string {
  return row?.meaning ?? description;
}

/** The code of an error, where it is one and no sentence. */
export function codeOf({ code, row }: Pick<Trouble, 'code' | 'row'>): string {
  return isErrorCode(code) ? code : (row?.name ?? 'UNNAMED_ERROR');
}
