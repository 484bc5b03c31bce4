import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { loadRules } from '../lib/rules/load.ts';
import type { RuleSet } from '../lib/rules/schema.ts';
import { CommandError } from './command-error.ts';

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a directory',
  EACCES: 'you may not read it',
};

/**
 * A rules file, read and checked by itself: stages may still be names.
 *
 * @throws CommandError when it cannot be read, or is not UTF-8
 * @throws RulesError with all problems of its content
 */
export async function readRulesFile(file: string): Promise<{ source: string; rules: RuleSet }> {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw new CommandError(`${file} cannot be read: ${reasons[error.code ?? ''] ?? error.code ?? 'unknown'}.`);
  });
  // Read all the same, names of stages and fields would be stored with other letters than the portal has.
  if (!isUtf8(bytes)) {
    throw new CommandError(`${file} cannot be read: the file is not UTF-8. Save it again with the encoding UTF-8.`);
  }
  const source = bytes.toString('utf8');
  return { source, rules: loadRules(source, file) };
}
